//! The outbox of the HTTP providers: every event is kept until the server has said what became of it.
//!
//! A state machine like [`client`](crate::client): time comes in, [`Effect`]s go out. An event is written down under a
//! key of its own before it is sent (`localStorage` is no queue that tabs can share, but keys do not collide), leaves in
//! batches, and is forgotten only on the server's verdict. Sent twice, it counts once: the server knows its `insert_id`.
//! What no server takes is given up at the first failure after [`KEPT_MILLIS`].
//!
//! Timelines: `tests/delivery.rs`.

mod answer;
mod pace;
mod record;

use crate::api::{Request, Response};
use crate::digest;
use crate::effect::{Change, DropReason, Effect, Level, Message, RequestId};
use crate::error::Error;
use crate::json::{Object, Text, write_string};
use crate::machine::Machine;
use crate::storage::{Area, Storage};
use crate::time::{DAY_MILLIS, NEVER, Now, comes};
use answer::{Answer, Fate, UNREADABLE};
use pace::{Pace, REFUSED_MAX, RETRY_MAX};
use record::{read_record, record};

/// The prefix of the keys events are kept under; `v1` is the format of the record.
const KEY: &str = "EXP_outbox_v1_";

/// How long an event waits for company, in milliseconds.
const GATHER_MILLIS: u64 = 200;

/// The most events of a batch: as many as Amplitude takes of one user in a second.
const BATCH_EVENTS: usize = 30;

/// The most bytes of a batch: a quarter of what outlives a page, so that a page that goes can use all of it.
const BATCH_BYTES: usize = 16_000;

/// The most bytes under way that outlive the page: browsers let 64 KiB, over all its requests and with what is around events.
const KEEPALIVE_BYTES: usize = (64 << 10) - 1_000;

/// About the most bytes that leave at once when the page goes: the 900 events that our server takes of one user at once.
const MOST_BYTES: usize = 400 << 10;

/// The most events kept, about 1 MiB of `localStorage`. Then the oldest goes, and is counted.
const KEPT_EVENTS: usize = 2_000;

/// How long an event is tried, in milliseconds. Amplitude forgets an `insert_id` after seven days; what it may have stored
/// would count twice.
const KEPT_MILLIS: u64 = 7 * DAY_MILLIS;

/// How long an answer may take, in milliseconds.
const TIMEOUT_MILLIS: u64 = 30_000;

/// The request of an event that is in none.
const NONE: RequestId = RequestId(u32::MAX);

/// What is said once of an endpoint that takes nothing.
const NOT_TAKEN: &str = "the event endpoint does not take events; they are kept and tried again";

/// Delivers events.
pub struct Delivery {
    api_key: Text,
    url: Text,
    prefix: Text,
    to_iso: fn(u64) -> Text,
    /// Events without a verdict, the oldest first.
    events: Vec<Event>,
    next: u32,
    pace: Pace,
    most: usize,
    /// It was said that the endpoint takes nothing.
    is_reported: bool,
    /// No more requests: the server does not know the key, or the page closed the outbox.
    silent: bool,
    effects: Vec<Effect>,
}

/// An event: the id it is kept under, and its JSON.
struct Event {
    id: Text,
    json: Text,
    /// The request it is in, and until when that may take; [`NONE`] and never while it waits.
    batch: RequestId,
    deadline: u64,
    /// How often it failed alone, and when it is due again; 0 for one that did not: all of those leave first, together.
    failures: u32,
    due: u64,
    /// From when on a failure is the last.
    expires: u64,
}

impl Delivery {
    /// An outbox for one endpoint and key. What earlier pages left is sent at once; what they left for another endpoint or
    /// key is given up when it is old. `seed` makes the jitter, `to_iso` writes a
    /// wall time as [`time::to_iso`](crate::time::to_iso) does.
    pub fn new(
        (api_key, url): (Text, Text),
        storage: &dyn Storage,
        seed: u64,
        to_iso: fn(u64) -> Text,
        now: Now,
    ) -> Self {
        let tag = digest::short(&url.then(b"\n").then(&api_key));
        let mut delivery = Self {
            api_key,
            url,
            to_iso,
            prefix: Text::from(KEY).then(tag.get(..8).unwrap_or_default()).then(b"_"),
            events: Vec::new(),
            next: 0,
            pace: Pace::new(seed),
            most: BATCH_EVENTS,
            is_reported: false,
            silent: false,
            effects: Vec::new(),
        };
        for (key, kept) in storage.entries(Area::Local, KEY.as_bytes()) {
            if let Some((at, json)) = kept.as_str().and_then(read_record) {
                delivery.take_up(key, at, json, now);
            }
        }
        delivery
    }

    /// An event that an earlier page kept. A clock that ran ahead then would keep it for ever.
    fn take_up(&mut self, key: Text, at: u64, json: Text, now: Now) {
        let age = now.wall.saturating_sub(at);
        if at > now.wall {
            self.effects.push(Effect::Save(Area::Local, key.clone(), record(now.wall, &json)));
        }
        if let Some(id) = key.strip_prefix(self.prefix.as_bytes()) {
            self.push(id.into(), json, (now.mono + KEPT_MILLIS).saturating_sub(age));
        } else if age >= KEPT_MILLIS {
            self.effects.push(Effect::Remove(Area::Local, key));
            self.effects.push(Effect::Notify(Change::Dropped(DropReason::Expired)));
        }
    }

    /// Takes an event over. It must have an `insert_id`; one that is kept already is not taken twice. Says where it is kept
    /// until it has its verdict.
    pub fn track(&mut self, event: &Object, now: Now) -> Option<Text> {
        let id = event.get("insert_id")?.as_str()?;
        let key = self.prefix.then(id);
        if self.events.iter().any(|kept| kept.id == *id) {
            return Some(key);
        }
        if self.times().1 > 0 {
            self.pace.send_at = self.pace.send_at.max(now.mono + GATHER_MILLIS);
        }
        let json = event.to_text();
        self.effects.push(Effect::Save(Area::Local, key.clone(), record(now.wall, &json)));
        self.push(id.clone(), json, now.mono + KEPT_MILLIS);
        if self.events.len() > KEPT_EVENTS
            && let Some(oldest) = self.events.iter().position(|kept| kept.batch == NONE)
        {
            self.drop(oldest, DropReason::QueueFull);
        }
        Some(key)
    }

    fn push(&mut self, id: Text, json: Text, expires: u64) {
        self.events.push(Event { id, json, batch: NONE, deadline: NEVER, failures: 0, due: 0, expires });
    }

    /// The page is about to go: all that waits is sent now, as much of it as can with requests that outlive the page.
    pub fn flush(&mut self, now: Now) {
        let may_send = !self.silent && self.pace.held_until <= now.mono;
        while may_send && self.send_batch(true, now) {}
    }

    /// The network is back: what waits is sent soon. What was under way may have been lost with the old network.
    pub fn online(&mut self, now: Now) {
        if self.pace.held_until > now.mono {
            return;
        }
        self.time_out(NEVER, now);
        self.pace.online(now);
    }

    /// Sends what waits, and nothing more after that. What gets no verdict stays for the next page.
    pub fn close(&mut self, now: Now) {
        self.flush(now);
        self.silent = true;
    }

    /// How many events have no verdict yet.
    pub fn pending(&self) -> usize {
        self.events.len()
    }

    /// Whether one more would push the oldest out.
    pub fn is_full(&self) -> bool {
        self.events.len() >= KEPT_EVENTS
    }

    /// The first deadline of a request under way, and when the first event that waits is due.
    fn times(&self) -> (u64, u64) {
        let (mut deadline, mut due) = (NEVER, NEVER);
        for event in &self.events {
            deadline = deadline.min(event.deadline);
            if event.batch == NONE {
                due = due.min(event.due);
            }
        }
        (deadline, due)
    }

    /// Sends one batch when it is time and none is under way.
    fn send(&mut self, now: Now) {
        if !self.silent && self.times().0 == NEVER && self.pace.send_at <= now.mono {
            // Where others use up what may outlive the page, such a request fails at once: then it is sent without.
            self.send_batch(self.pace.failures == 0, now);
        }
    }

    /// Sends the first events that wait, or else the one of those that failed alone that is due; it goes alone again.
    fn send_batch(&mut self, outlives: bool, now: Now) -> bool {
        let (_, due) = self.times();
        if due > now.mono {
            return false;
        }
        let id = RequestId(self.next);
        self.next += 1;
        let (under_way, body) = self.body(id, due, now);
        let request = Request {
            method: "POST",
            url: self.url.clone(),
            headers: vec![("Content-Type", "text/plain".into())],
            keepalive: outlives && under_way + body.len() <= KEEPALIVE_BYTES,
            body: Some(body.into()),
            timeout_millis: TIMEOUT_MILLIS,
        };
        self.effects.push(Effect::Send(id, Box::new(request)));
        under_way < MOST_BYTES
    }

    /// The first events of one due time that fit, in `text/plain` with the key in the body: no preflight, which a page that
    /// closes would not survive. And how many bytes are under way already.
    fn body(&mut self, id: RequestId, due: u64, now: Now) -> (usize, Vec<u8>) {
        let mut most = if due > 0 { 1 } else { self.most };
        let mut body = b"{\"api_key\":".to_vec();
        write_string(&self.api_key, &mut body);
        // An id that the page gave is an id, also where it is shorter than what Amplitude takes for one. With the time of
        // the upload a server sets the events' times right where the page's clock is wrong.
        body.extend_from_slice(b",\"options\":{\"min_id_length\":1},\"client_upload_time\":\"");
        body.extend_from_slice(&(self.to_iso)(now.wall));
        body.extend_from_slice(b"\",\"events\":");
        let (mut under_way, mut mark) = (0, b'[');
        for event in &mut self.events {
            let is_first = mark == b'[';
            if event.batch != NONE {
                under_way += event.json.len();
            } else if event.due == due && most > 0 && (is_first || body.len() + event.json.len() <= BATCH_BYTES) {
                body.push(mark);
                body.extend_from_slice(&event.json);
                event.batch = id;
                event.deadline = now.mono + TIMEOUT_MILLIS;
                (mark, most) = (b',', most - 1);
            }
        }
        body.extend_from_slice(b"]}");
        (under_way, body)
    }

    /// What an answer means. From what is left of the batch those are given up that expire before the time it returns: an
    /// event without a verdict is as good as not sent.
    fn answered(&mut self, batch: RequestId, events: usize, response: &Response, now: Now) -> (DropReason, u64) {
        let answer = Answer::read(response.status, &response.body);
        let settled = self.settle(batch, &answer);
        if settled > 0 {
            self.pace.failures = 0;
            self.most = (self.most * 2).min(BATCH_EVENTS);
            self.is_reported = false;
        }
        match answer.status {
            _ if settled == events => {}
            400 if answer.is_invalid_key() => {
                (self.silent, self.is_reported) = (true, false);
                self.report("the event endpoint does not know the API key; events are kept", 400);
            }
            // Without those that are listed the others pass.
            400 if settled > 0 => return (DropReason::Expired, 0),
            // Half of it is tried, until the one event that cannot pass stands alone.
            400 | 413 | 422 if events > 1 => {
                self.most = events / 2;
                return (DropReason::Expired, 0);
            }
            400 if answer.is_endpoints => return (DropReason::ServerRejected, NEVER),
            413 if answer.is_endpoints => return (DropReason::TooLarge, NEVER),
            200 | 400 | 413 | 422 if events == 1 => self.fail_alone(batch, answer.status, now),
            status => self.fail(batch, status, events, response.retry_after, now),
        }
        (DropReason::Expired, now.mono + 1)
    }

    /// Nothing of the batch was taken: it comes again later.
    fn fail(&mut self, batch: RequestId, status: u64, events: usize, retry_after: Option<u64>, now: Now) {
        // Not those of 4xx that pass by themselves: too slow, too early, too many.
        let is_refused = (401..=424).contains(&status) && status != 408;
        self.pace.failed(if is_refused { REFUSED_MAX } else { RETRY_MAX }, retry_after, now);
        if is_refused {
            self.pace.held_until = self.pace.send_at;
        }
        if is_refused || status == UNREADABLE {
            self.report(NOT_TAKEN, status);
        }
        // A server that takes less of one user at a time, or breaks over one event: that one goes behind the others.
        if status == 429 || status >= 500 && self.pace.failures > 2 {
            self.most = (events / 2).max(1);
        }
        if status >= 500
            && events == 1
            && let Some(event) = first_of(&mut self.events, batch)
        {
            event.due = 1;
        }
    }

    /// An event failed alone: it goes behind the others and waits its own time. Only where one after the other fails for the
    /// first time, and none passes, all of them wait.
    fn fail_alone(&mut self, batch: RequestId, status: u64, now: Now) {
        self.report(NOT_TAKEN, status);
        let Some(event) = first_of(&mut self.events, batch) else { return };
        event.failures += 1;
        event.due = now.mono + self.pace.wait(event.failures, REFUSED_MAX);
        if event.failures == 1 {
            let is_first = self.pace.failures == 0;
            self.pace.failed(RETRY_MAX, None, now);
            if is_first {
                self.pace.send_at = self.pace.held_until;
            }
        }
    }

    /// Says once that the endpoint takes nothing.
    fn report(&mut self, text: &'static str, status: u64) {
        if !std::mem::replace(&mut self.is_reported, true) {
            let error = if status == UNREADABLE { Error::Decode } else { Error::Http { status: status as u16 } };
            self.effects.push(Effect::Log(Level::Error, Message { text, error: Some(error) }));
        }
    }

    /// Forgets the events of a batch of which the answer says what became of them, and returns how many that were.
    fn settle(&mut self, batch: RequestId, answer: &Answer) -> usize {
        let (mut at, mut place, before) = (0, 0, self.events.len());
        while let Some(event) = self.events.get(at) {
            let fate = if event.batch == batch {
                place += 1;
                answer.fate(place - 1, &event.id)
            } else {
                Fate::Open
            };
            match fate {
                Fate::Delivered => self.forget(at),
                Fate::Rejected => self.drop(at, DropReason::ServerRejected),
                Fate::Open => at += 1,
            }
        }
        before - self.events.len()
    }

    /// The events of a batch wait again; those that expire before this time are given up.
    fn release(&mut self, batch: RequestId, reason: DropReason, time: u64) {
        let mut at = 0;
        while let Some(event) = self.events.get_mut(at) {
            if event.batch != batch {
                at += 1;
            } else if event.expires < time {
                self.drop(at, reason);
            } else {
                event.batch = NONE;
                event.deadline = NEVER;
            }
        }
    }

    /// Breaks off the requests that may not take until this time.
    fn time_out(&mut self, deadline: u64, now: Now) {
        while let Some(id) = self.events.iter().find(|event| event.deadline < deadline).map(|event| event.batch) {
            self.effects.push(Effect::Abort(id));
            self.fail(id, 0, 1, None, now);
            self.release(id, DropReason::Expired, now.mono + 1);
        }
    }

    fn drop(&mut self, at: usize, reason: DropReason) {
        self.forget(at);
        self.effects.push(Effect::Notify(Change::Dropped(reason)));
    }

    fn forget(&mut self, at: usize) {
        let event = self.events.remove(at);
        self.effects.push(Effect::Remove(Area::Local, self.prefix.then(&event.id)));
    }
}

impl Machine for Delivery {
    fn poll_effect(&mut self) -> Option<Effect> {
        (!self.effects.is_empty()).then(|| self.effects.remove(0))
    }

    /// At once where an effect was not polled: what is found when the outbox is made is told when somebody listens.
    fn next_timeout(&self) -> Option<u64> {
        let (deadline, due) = self.times();
        let send_at = if self.silent || deadline < NEVER { NEVER } else { due.max(self.pace.send_at) };
        if self.effects.is_empty() { comes(deadline.min(send_at)) } else { Some(0) }
    }

    fn handle_timeout(&mut self, now: Now) {
        self.time_out(now.mono + 1, now);
        self.send(now);
    }

    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        let events = self.events.iter().filter(|event| event.batch == id).count();
        if events > 0 {
            let (reason, time) = self.answered(id, events, &result.unwrap_or_default(), now);
            self.release(id, reason, time);
            self.send(now);
        }
    }
}

/// The first event of a batch.
fn first_of(events: &mut [Event], batch: RequestId) -> Option<&mut Event> {
    events.iter_mut().find(|event| event.batch == batch)
}
