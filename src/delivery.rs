//! The outbox of the HTTP providers: every event is kept until the server has said what became of it.
//!
//! A state machine like [`client`](crate::client): time comes in, [`Effect`]s go out. An event is written down under a
//! key of its own before it is sent (`localStorage` is no queue that tabs can share, but keys do not collide), leaves in
//! batches, and is forgotten only on the server's verdict. Sent twice, it counts once: the server knows its `insert_id`.
//!
//! Timelines: `tests/delivery.rs`.

use crate::api::{Request, Response};
use crate::digest;
use crate::effect::{Change, DropReason, Effect, Level, Message, RequestId};
use crate::error::Error;
use crate::json::{Object, Text, Value, parse, write_string};
use crate::machine::Machine;
use crate::storage::{Area, Storage};
use crate::time::{NEVER, Now, comes};

/// The prefix of the keys events are kept under; `v1` is the format of the record.
const KEY: &str = "EXP_outbox_v1_";

/// How long an event waits for company, in milliseconds.
const GATHER_MILLIS: u64 = 200;

/// The most events of a batch: as many as Amplitude takes of one user in a second.
const BATCH_EVENTS: usize = 30;

/// The most bytes of a batch. Browsers let at most 64 KiB outlive a page, over all its requests.
const BATCH_BYTES: usize = 48 << 10;

/// The most events kept, about 1 MiB of `localStorage`. Then the oldest goes, and is counted.
const KEPT_EVENTS: usize = 2_000;

/// How long an answer may take, in milliseconds.
const TIMEOUT_MILLIS: u64 = 30_000;

/// The waits between tries, in milliseconds: doubled each time, with full jitter.
const RETRY_MIN: u64 = 1_000;
const RETRY_MAX: u64 = 300_000;

/// The bounds of what a server may ask for with `Retry-After`, in milliseconds.
const RETRY_AFTER_MIN: u64 = 1_000;
const RETRY_AFTER_MAX: u64 = 86_400_000;

/// Amplitude's answer to a wrong key. No retry helps.
const INVALID_KEY: &str = "Invalid API key";

/// Delivers events.
pub struct Delivery {
    api_key: Text,
    url: Text,
    prefix: Text,
    /// Events without a verdict, the oldest first.
    events: Vec<Event>,
    /// The request under way: it has the first so many of them.
    batch: Option<Batch>,
    next: u32,
    send_at: u64,
    failures: u32,
    most: usize,
    /// No more requests: the server does not know the key, or the page closed the outbox.
    silent: bool,
    random: u64,
    effects: Vec<Effect>,
}

/// An event: the id it is kept under, and its JSON.
struct Event {
    id: Text,
    json: Text,
}

struct Batch {
    id: RequestId,
    events: usize,
    deadline: u64,
}

impl Delivery {
    /// An outbox for one endpoint and key. What earlier pages left is sent at once. `seed` makes the jitter.
    pub fn new(api_key: Text, url: Text, storage: &dyn Storage, seed: u64, now: Now) -> Self {
        let tag = digest::short(&url.then(b"\n").then(&api_key));
        let prefix = Text::from(KEY).then(tag.get(..8).unwrap_or_default()).then(b"_");
        let mut events = Vec::new();
        for (key, record) in storage.entries(Area::Local, &prefix) {
            let id = key.strip_prefix(prefix.as_bytes()).unwrap_or_default().into();
            if let Some(json) = event_of(&record) {
                events.push(Event { id, json });
            }
        }
        Self {
            api_key,
            url,
            prefix,
            send_at: if events.is_empty() { NEVER } else { now.mono },
            events,
            batch: None,
            next: 0,
            failures: 0,
            most: BATCH_EVENTS,
            silent: false,
            random: seed | 1,
            effects: Vec::new(),
        }
    }

    /// Takes an event over. It must have an `insert_id`; one that is kept already is not taken twice.
    pub fn track(&mut self, event: &Object, now: Now) {
        let Some(id) = event.get("insert_id").and_then(Value::as_str).cloned() else { return };
        if self.events.iter().any(|kept| kept.id == id) {
            return;
        }
        let json = event.to_text();
        let record =
            Text::from("{\"v\":1,\"at\":").then(&Text::from_u64(now.wall)).then(b",\"event\":").then(&json).then(b"}");
        self.effects.push(Effect::Save(Area::Local, self.prefix.then(&id), record));
        self.events.push(Event { id, json });
        if self.events.len() > KEPT_EVENTS {
            let oldest = self.batch.as_ref().map_or(0, |batch| batch.events);
            self.drop(oldest, DropReason::QueueFull);
        }
        self.send_by(now.mono + GATHER_MILLIS);
    }

    /// Where an event is kept until it has its verdict.
    pub fn key_of(&self, event: &Object) -> Option<Text> {
        event.get("insert_id").and_then(Value::as_str).map(|id| self.prefix.then(id))
    }

    /// The page is about to go: what waits is sent now. What is under way is sent once more with it, since who knows
    /// whether it arrived.
    pub fn flush(&mut self, now: Now) {
        if self.batch.as_ref().is_none_or(|batch| batch.events < self.events.len()) {
            self.batch = None;
            self.send_at = now.mono;
            self.send(now);
        }
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

    /// Sends then, unless it waits for another time already.
    fn send_by(&mut self, due: u64) {
        if self.send_at == NEVER {
            self.send_at = due;
        }
    }

    /// Sends one batch when it is time and none is under way.
    fn send(&mut self, now: Now) {
        let due = self.send_at <= now.mono;
        if !due || self.silent || self.events.is_empty() || self.batch.is_some() {
            return;
        }
        let id = RequestId(self.next);
        self.next += 1;
        let (events, request) = self.request();
        self.send_at = NEVER;
        self.batch = Some(Batch { id, events, deadline: now.mono + TIMEOUT_MILLIS });
        self.effects.push(Effect::Send(id, Box::new(request)));
    }

    /// The first events that fit, in `text/plain` with the key in the body: no preflight, which a page that closes would
    /// not survive.
    fn request(&self) -> (usize, Request) {
        let mut body = b"{\"api_key\":".to_vec();
        write_string(&self.api_key, &mut body);
        body.extend_from_slice(b",\"events\":[");
        let mut count = 0;
        for event in self.events.iter().take(self.most) {
            if count > 0 {
                if body.len() + event.json.len() > BATCH_BYTES {
                    break;
                }
                body.push(b',');
            }
            body.extend_from_slice(&event.json);
            count += 1;
        }
        // An id that the page gave is an id, also where it is shorter than what Amplitude takes for one.
        body.extend_from_slice(b"],\"options\":{\"min_id_length\":1}}");
        let request = Request {
            method: "POST",
            url: self.url.clone(),
            headers: vec![("Content-Type", "text/plain".into())],
            keepalive: body.len() <= BATCH_BYTES && self.failures == 0,
            body: Some(body.into()),
            timeout_millis: TIMEOUT_MILLIS,
        };
        (count, request)
    }

    /// An endpoint that gives no verdicts means all of them.
    fn delivered(&mut self, count: usize, body: &[u8], now: Now) {
        self.failures = 0;
        self.most = (self.most * 2).min(BATCH_EVENTS);
        match object(body).as_ref().and_then(verdicts) {
            Some(verdicts) => self.judged(count, verdicts, now),
            None => (0..count).for_each(|_| drop(self.forget(0))),
        }
    }

    fn rejected(&mut self, count: usize, body: &[u8], now: Now) {
        let body = object(body).unwrap_or_default();
        if body.get("error").and_then(Value::as_str).is_some_and(|error| *error == INVALID_KEY) {
            self.silent = true;
            let text = "the event endpoint does not know the API key; events are kept";
            self.effects.push(Effect::Log(Level::Error, Message { text, error: None }));
        } else if let Some(verdicts) = verdicts(&body) {
            self.judged(count, verdicts, now);
        } else {
            self.halve(count, DropReason::ServerRejected);
        }
    }

    /// An event without a verdict is as good as not sent.
    fn judged(&mut self, count: usize, verdicts: &[Value], now: Now) {
        let mut unjudged = 0;
        for _ in 0..count {
            match self.events.get(unjudged).and_then(|event| verdict(verdicts, &event.id)) {
                Some(verdict) if *verdict == "rejected" => self.drop(unjudged, DropReason::ServerRejected),
                Some(_) => drop(self.forget(unjudged)),
                None => unjudged += 1,
            }
        }
        if unjudged > 0 {
            self.failed(None, now);
        }
    }

    /// The batch as a whole was refused: half of it is tried, until the one event that cannot pass stands alone.
    fn halve(&mut self, count: usize, reason: DropReason) {
        match count {
            0 | 1 => self.drop(0, reason),
            _ => self.most = count / 2,
        }
    }

    /// Nothing of the batch was stored: it comes again later, and in halves where the whole is more than the server takes of
    /// one user at a time.
    fn throttled(&mut self, count: usize, retry_after: Option<u64>, now: Now) {
        self.most = (count / 2).max(1);
        self.failed(retry_after, now);
    }

    fn failed(&mut self, retry_after: Option<u64>, now: Now) {
        let longest = RETRY_MIN.saturating_mul(1 << self.failures.min(16)).min(RETRY_MAX);
        self.failures += 1;
        let asked = retry_after.map_or(0, |wait| wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX));
        let wait = longest / 2 + self.random() % (longest / 2 + 1);
        self.send_at = now.mono + asked.max(wait);
    }

    fn forget(&mut self, place: usize) -> Option<Event> {
        let event = (place < self.events.len()).then(|| self.events.remove(place))?;
        self.effects.push(Effect::Remove(Area::Local, self.prefix.then(&event.id)));
        Some(event)
    }

    fn drop(&mut self, place: usize, reason: DropReason) {
        self.forget(place);
        self.effects.push(Effect::Notify(Change::Dropped(reason)));
    }

    /// Xorshift: jitter needs no better.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

impl Machine for Delivery {
    fn poll_effect(&mut self) -> Option<Effect> {
        (!self.effects.is_empty()).then(|| self.effects.remove(0))
    }

    fn next_timeout(&self) -> Option<u64> {
        match &self.batch {
            Some(batch) => Some(batch.deadline),
            None => comes(self.send_at).filter(|_| !self.silent),
        }
    }

    fn handle_timeout(&mut self, now: Now) {
        if let Some(batch) = self.batch.take_if(|batch| batch.deadline <= now.mono) {
            self.effects.push(Effect::Abort(batch.id));
            self.failed(None, now);
        }
        self.send(now);
    }

    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        let Some(batch) = self.batch.take_if(|batch| batch.id == id) else { return };
        let (status, body, retry_after) = match result {
            Ok(response) => (response.status, response.body, response.retry_after),
            Err(_) => (0, Text::default(), None),
        };
        match status {
            200 => self.delivered(batch.events, &body, now),
            400 => self.rejected(batch.events, &body, now),
            413 => self.halve(batch.events, DropReason::TooLarge),
            429 => self.throttled(batch.events, retry_after, now),
            _ => self.failed(retry_after, now),
        }
        if !self.events.is_empty() {
            self.send_by(now.mono);
        }
        self.send(now);
    }
}

/// The event in a record of format 1. Records of other formats are left to the versions that know them.
fn event_of(record: &Text) -> Option<Text> {
    let record = object(record)?;
    let known = record.get("v").and_then(Value::as_u64) == Some(1);
    record.get("event").filter(|event| known && event.as_object().is_some()).map(Value::to_text)
}

fn object(json: &[u8]) -> Option<Object> {
    parse(json).ok()?.into_object()
}

/// The verdicts of a response that has them.
fn verdicts(body: &Object) -> Option<&[Value]> {
    body.get("verdicts")?.as_array()
}

/// What became of an event.
fn verdict<'a>(verdicts: &'a [Value], id: &Text) -> Option<&'a Text> {
    let text = |verdict: &'a Value, name: &str| verdict.as_object()?.get(name)?.as_str();
    verdicts.iter().find(|verdict| text(verdict, "insert_id") == Some(id)).and_then(|found| text(found, "verdict"))
}
