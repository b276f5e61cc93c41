//! The outbox of the HTTP providers: every event is stored until the server has said what became of it.
//!
//! A state machine like [`client`](crate::client): time comes in, [`Effect`]s go out. An event is stored under a key of its
//! own before it is sent (`localStorage` is no queue that tabs can share, but keys do not collide), is sent in batches, and is
//! removed only on the server's verdict. Sent twice, it counts once: the server knows its `insert_id`. An event that no server
//! takes is dropped at the first failure after [`MAX_AGE_MILLIS`].
//!
//! Timelines: `tests/delivery.rs`.

mod backoff;
mod response;
mod stored_event;

use crate::api::{Request, Response};
use crate::digest;
use crate::effect::{Change, DropReason, Effect, Level, Message, RequestId};
use crate::error::Error;
use crate::json::{Object, Text, write_string};
use crate::machine::Machine;
use crate::storage::{Area, Storage, keys};
use crate::time::{DAY_MILLIS, NEVER, Now, unless_never};
use backoff::{Backoff, REFUSED_MAX, RETRY_MAX};
use response::{BatchResponse, Outcome, UNREADABLE};
use stored_event::{read_stored, write_stored};

/// How long an event waits for others to share its request, in milliseconds.
const BATCH_MILLIS: u64 = 200;

/// The most events of a batch: as many as Amplitude takes of one user in a second.
const BATCH_EVENTS: usize = 30;

/// The most bytes of a batch: a quarter of [`KEEPALIVE_BYTES`], so that a page that closes can use all of it.
const BATCH_BYTES: usize = 16_000;

/// The most bytes in flight that outlive the page: browsers allow 64 KiB over all its requests, with what is around events.
const KEEPALIVE_BYTES: usize = (64 << 10) - 1_000;

/// About the most bytes in flight when the page closes: the 900 events that our server takes of one user at once.
const FLUSH_BYTES: usize = 400 << 10;

/// The most events stored, about 1 MiB of `localStorage`. Then the oldest is dropped, and counted.
const MAX_EVENTS: usize = 2_000;

/// How long sending an event is tried, in milliseconds. Amplitude forgets an `insert_id` after seven days; an event that it
/// has stored would count twice then.
const MAX_AGE_MILLIS: u64 = 7 * DAY_MILLIS;

/// How long a response may take, in milliseconds.
const TIMEOUT_MILLIS: u64 = 30_000;

/// The request of an event that is in none.
const NO_REQUEST: RequestId = RequestId(u32::MAX);

/// The message that is logged once when the endpoint takes nothing.
const NOT_TAKEN: &str = "the event endpoint does not take events; they are kept and tried again";

/// Delivers events.
pub struct Delivery {
    api_key: Text,
    url: Text,
    prefix: Text,
    to_iso: fn(u64) -> Text,
    /// Events without a verdict, the oldest first.
    events: Vec<Event>,
    next_id: u32,
    backoff: Backoff,
    /// How many events the next batch has at most.
    batch_limit: usize,
    /// The log has that the endpoint takes nothing.
    is_reported: bool,
    /// No more requests: the server does not know the key, or the page closed the outbox.
    is_stopped: bool,
    effects: Vec<Effect>,
}

/// An event: its `insert_id`, which ends its storage key, and its JSON.
struct Event {
    id: Text,
    json: Text,
    /// The request it is in, and that one's deadline; [`NO_REQUEST`] and [`NEVER`] while it waits.
    request: RequestId,
    deadline: u64,
    /// How often it failed alone, and when it is due again; 0 for one that did not: all of those are sent first, together.
    failures: u32,
    due: u64,
    /// After this time a failure is the last.
    expires: u64,
}

impl Delivery {
    /// An outbox for one endpoint and key. Events of earlier pages are sent at once; those for another endpoint or key are
    /// dropped when they are old. `seed` makes the jitter, `to_iso` writes a wall time as
    /// [`time::to_iso`](crate::time::to_iso) does.
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
            prefix: Text::from(keys::OUTBOX).then(tag.get(..8).unwrap_or_default()).then(b"_"),
            events: Vec::new(),
            next_id: 0,
            backoff: Backoff::new(seed),
            batch_limit: BATCH_EVENTS,
            is_reported: false,
            is_stopped: false,
            effects: Vec::new(),
        };
        for (key, stored) in storage.entries(Area::Local, keys::OUTBOX.as_bytes()) {
            if let Some((at, json)) = stored.as_str().and_then(read_stored) {
                delivery.restore(key, at, json, now);
            }
        }
        delivery
    }

    /// Takes over an event of an earlier page. A time in the future, from a clock that was wrong, becomes now: it would never
    /// expire.
    fn restore(&mut self, key: Text, at: u64, json: Text, now: Now) {
        let age = now.wall.saturating_sub(at);
        if at > now.wall {
            self.effects.push(Effect::Save(Area::Local, key.clone(), write_stored(now.wall, &json)));
        }
        if let Some(id) = key.strip_prefix(self.prefix.as_bytes()) {
            self.push(id.into(), json, (now.mono + MAX_AGE_MILLIS).saturating_sub(age));
        } else if age >= MAX_AGE_MILLIS {
            self.effects.push(Effect::Remove(Area::Local, key));
            self.effects.push(Effect::Notify(Change::Dropped(DropReason::Expired)));
        }
    }

    /// Takes an event over, unless it has one of this `insert_id`; without an `insert_id` it takes none. Returns the key under
    /// which the event is stored until it has its verdict.
    pub fn track(&mut self, event: &Object, now: Now) -> Option<Text> {
        let id = event.get("insert_id")?.as_str()?;
        let key = self.prefix.then(id);
        if self.events.iter().any(|known| known.id == *id) {
            return Some(key);
        }
        if self.next_times().1 > 0 {
            self.backoff.send_at = self.backoff.send_at.max(now.mono + BATCH_MILLIS);
        }
        let json = event.to_text();
        self.effects.push(Effect::Save(Area::Local, key.clone(), write_stored(now.wall, &json)));
        self.push(id.clone(), json, now.mono + MAX_AGE_MILLIS);
        if self.events.len() > MAX_EVENTS
            && let Some(oldest) = self.events.iter().position(|event| event.request == NO_REQUEST)
        {
            self.drop_event(oldest, DropReason::QueueFull);
        }
        Some(key)
    }

    fn push(&mut self, id: Text, json: Text, expires: u64) {
        self.events.push(Event { id, json, request: NO_REQUEST, deadline: NEVER, failures: 0, due: 0, expires });
    }

    /// Sends all waiting events now, since the page may close: as many as possible in requests that outlive the page.
    pub fn flush(&mut self, now: Now) {
        let may_send = !self.is_stopped && self.backoff.blocked_until <= now.mono;
        while may_send && self.send_batch(true, now) {}
    }

    /// The network is back: sends waiting events soon. Requests in flight may be lost with the old network.
    pub fn online(&mut self, now: Now) {
        if self.backoff.blocked_until > now.mono {
            return;
        }
        self.abort_overdue(NEVER, now);
        self.backoff.online(now);
    }

    /// Sends waiting events, and nothing more after that. Events without a verdict stay for the next page.
    pub fn close(&mut self, now: Now) {
        self.flush(now);
        self.is_stopped = true;
    }

    /// How many events have no verdict yet.
    pub fn pending(&self) -> usize {
        self.events.len()
    }

    /// Whether another event would push the oldest out.
    pub fn is_full(&self) -> bool {
        self.events.len() >= MAX_EVENTS
    }

    /// The first deadline of a request in flight, and when the first waiting event is due.
    fn next_times(&self) -> (u64, u64) {
        let (mut deadline, mut due) = (NEVER, NEVER);
        for event in &self.events {
            deadline = deadline.min(event.deadline);
            if event.request == NO_REQUEST {
                due = due.min(event.due);
            }
        }
        (deadline, due)
    }

    /// Sends a batch when it is time and none is in flight.
    fn send(&mut self, now: Now) {
        if !self.is_stopped && self.next_times().0 == NEVER && self.backoff.send_at <= now.mono {
            // Where others use up the browser's quota of `keepalive`, such a request fails at once: the next one goes without.
            self.send_batch(self.backoff.failures == 0, now);
        }
    }

    /// Sends the first waiting events, or else the first that failed alone and is due; it is sent alone again.
    fn send_batch(&mut self, keepalive: bool, now: Now) -> bool {
        let (_, due) = self.next_times();
        if due > now.mono {
            return false;
        }
        let id = RequestId(self.next_id);
        self.next_id += 1;
        let (in_flight, body) = self.fill_batch(id, due, now);
        let request = Request {
            method: "POST",
            url: self.url.clone(),
            headers: vec![("Content-Type", "text/plain".into())],
            keepalive: keepalive && in_flight + body.len() <= KEEPALIVE_BYTES,
            body: Some(body.into()),
            timeout_millis: TIMEOUT_MILLIS,
        };
        self.effects.push(Effect::Send(id, Box::new(request)));
        in_flight < FLUSH_BYTES
    }

    /// Puts the first events of one due time that fit into a request. Returns how many bytes of events are in flight already,
    /// and the body: `text/plain` with the key inside needs no preflight, for which a page that closes has no time.
    fn fill_batch(&mut self, id: RequestId, due: u64, now: Now) -> (usize, Vec<u8>) {
        let mut room = if due > 0 { 1 } else { self.batch_limit };
        let mut body = b"{\"api_key\":".to_vec();
        write_string(&self.api_key, &mut body);
        // Ids of the page may be shorter than Amplitude takes by default. With the time of the upload a server corrects the
        // events' times where the page's clock is wrong.
        body.extend_from_slice(b",\"options\":{\"min_id_length\":1},\"client_upload_time\":\"");
        body.extend_from_slice(&(self.to_iso)(now.wall));
        body.extend_from_slice(b"\",\"events\":");
        let (mut in_flight, mut mark) = (0, b'[');
        for event in &mut self.events {
            let is_first = mark == b'[';
            if event.request != NO_REQUEST {
                in_flight += event.json.len();
            } else if event.due == due && room > 0 && (is_first || body.len() + event.json.len() <= BATCH_BYTES) {
                body.push(mark);
                body.extend_from_slice(&event.json);
                event.request = id;
                event.deadline = now.mono + TIMEOUT_MILLIS;
                (mark, room) = (b',', room - 1);
            }
        }
        body.extend_from_slice(b"]}");
        (in_flight, body)
    }

    /// Applies the response to a batch. Of the events that it leaves open, those are dropped with the returned reason that
    /// expire before the returned time.
    fn apply_response(&mut self, id: RequestId, events: usize, response: &Response, now: Now) -> (DropReason, u64) {
        let answer = BatchResponse::read(response.status, &response.body);
        let settled = self.settle(id, &answer);
        if settled > 0 {
            self.backoff.failures = 0;
            self.batch_limit = (self.batch_limit * 2).min(BATCH_EVENTS);
            self.is_reported = false;
        }
        match answer.status {
            _ if settled == events => {}
            400 if answer.is_invalid_key() => {
                (self.is_stopped, self.is_reported) = (true, false);
                self.report("the event endpoint does not know the API key; events are kept", 400);
            }
            // Without the listed events the others pass.
            400 if settled > 0 => return (DropReason::Expired, 0),
            // Halves the batch, until the event that cannot pass is alone.
            400 | 413 | 422 if events > 1 => {
                self.batch_limit = events / 2;
                return (DropReason::Expired, 0);
            }
            400 if answer.is_endpoints_refusal => return (DropReason::ServerRejected, NEVER),
            413 if answer.is_endpoints_refusal => return (DropReason::TooLarge, NEVER),
            200 | 400 | 413 | 422 if events == 1 => self.back_off_event(id, answer.status, now),
            status => self.back_off(id, status, events, response.retry_after, now),
        }
        (DropReason::Expired, now.mono + 1)
    }

    /// Nothing of the batch was taken: it is sent again later.
    fn back_off(&mut self, id: RequestId, status: u64, events: usize, retry_after: Option<u64>, now: Now) {
        // Not those of 4xx that pass with time: too slow, too early, too many.
        let is_refused = (401..=424).contains(&status) && status != 408;
        self.backoff.failed(if is_refused { REFUSED_MAX } else { RETRY_MAX }, retry_after, now);
        if is_refused {
            self.backoff.blocked_until = self.backoff.send_at;
        }
        if is_refused || status == UNREADABLE {
            self.report(NOT_TAKEN, status);
        }
        // A server that takes less of one user at a time, or fails on one event: that event is sent after the others.
        if status == 429 || status >= 500 && self.backoff.failures > 2 {
            self.batch_limit = (events / 2).max(1);
        }
        if status >= 500
            && events == 1
            && let Some(event) = first_of(&mut self.events, id)
        {
            event.due = 1;
        }
    }

    /// An event failed alone: it is sent after the others, and has a backoff of its own. All of them back off only where one
    /// after the other fails for the first time and none passes.
    fn back_off_event(&mut self, id: RequestId, status: u64, now: Now) {
        self.report(NOT_TAKEN, status);
        let Some(event) = first_of(&mut self.events, id) else { return };
        event.failures += 1;
        event.due = now.mono + self.backoff.next_wait(event.failures, REFUSED_MAX);
        if event.failures == 1 {
            let is_first = self.backoff.failures == 0;
            self.backoff.failed(RETRY_MAX, None, now);
            if is_first {
                self.backoff.send_at = self.backoff.blocked_until;
            }
        }
    }

    /// Logs once that the endpoint takes nothing.
    fn report(&mut self, text: &'static str, status: u64) {
        if !std::mem::replace(&mut self.is_reported, true) {
            let error = if status == UNREADABLE { Error::Decode } else { Error::Http { status: status as u16 } };
            self.effects.push(Effect::Log(Level::Error, Message { text, error: Some(error) }));
        }
    }

    /// Removes the events of a batch that the response settles, and returns how many these were.
    fn settle(&mut self, id: RequestId, response: &BatchResponse) -> usize {
        let (mut index, mut index_in_batch, before) = (0, 0, self.events.len());
        while let Some(event) = self.events.get(index) {
            let outcome = if event.request == id {
                index_in_batch += 1;
                response.outcome(index_in_batch - 1, &event.id)
            } else {
                Outcome::Unknown
            };
            match outcome {
                Outcome::Delivered => self.remove_event(index),
                Outcome::Rejected => self.drop_event(index, DropReason::ServerRejected),
                Outcome::Unknown => index += 1,
            }
        }
        before - self.events.len()
    }

    /// Makes the events of a batch wait again, and drops those that expire before this time.
    fn release(&mut self, id: RequestId, reason: DropReason, time: u64) {
        let mut index = 0;
        while let Some(event) = self.events.get_mut(index) {
            if event.request != id {
                index += 1;
            } else if event.expires < time {
                self.drop_event(index, reason);
            } else {
                event.request = NO_REQUEST;
                event.deadline = NEVER;
            }
        }
    }

    /// Aborts the requests with deadlines before this time.
    fn abort_overdue(&mut self, time: u64, now: Now) {
        while let Some(id) = self.events.iter().find(|event| event.deadline < time).map(|event| event.request) {
            self.effects.push(Effect::Abort(id));
            self.back_off(id, 0, 1, None, now);
            self.release(id, DropReason::Expired, now.mono + 1);
        }
    }

    fn drop_event(&mut self, index: usize, reason: DropReason) {
        self.remove_event(index);
        self.effects.push(Effect::Notify(Change::Dropped(reason)));
    }

    fn remove_event(&mut self, index: usize) {
        let event = self.events.remove(index);
        self.effects.push(Effect::Remove(Area::Local, self.prefix.then(&event.id)));
    }
}

impl Machine for Delivery {
    fn poll_effect(&mut self) -> Option<Effect> {
        (!self.effects.is_empty()).then(|| self.effects.remove(0))
    }

    /// At once where an effect was not polled: the effects of the constructor are performed when listeners are there.
    fn next_timeout(&self) -> Option<u64> {
        let (deadline, due) = self.next_times();
        let send_at = if self.is_stopped || deadline < NEVER { NEVER } else { due.max(self.backoff.send_at) };
        if self.effects.is_empty() { unless_never(deadline.min(send_at)) } else { Some(0) }
    }

    fn handle_timeout(&mut self, now: Now) {
        self.abort_overdue(now.mono + 1, now);
        self.send(now);
    }

    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        let events = self.events.iter().filter(|event| event.request == id).count();
        if events > 0 {
            let (reason, time) = self.apply_response(id, events, &result.unwrap_or_default(), now);
            self.release(id, reason, time);
            self.send(now);
        }
    }
}

/// The first event of a request.
fn first_of(events: &mut [Event], id: RequestId) -> Option<&mut Event> {
    events.iter_mut().find(|event| event.request == id)
}
