//! The outbox of the HTTP exposure provider: every event is kept until the server has said what became of it.
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
use crate::storage::{Area, Storage};
use crate::time::Now;

/// The prefix of the keys events are kept under; `v1` is the format of the record.
const KEY: &str = "EXP_outbox_v1_";

/// How long an event waits for company, in milliseconds.
const GATHER_MILLIS: u64 = 200;

/// The most events of a batch: a page that shows more flags at once sends two.
const BATCH_EVENTS: usize = 50;

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
    waiting: Vec<Event>,
    under_way: Vec<Batch>,
    next: u32,
    send_at: Option<u64>,
    failures: u32,
    most: usize,
    /// No more requests: the server does not know the key, or the page closed the outbox.
    silent: bool,
    random: u64,
    effects: Vec<Effect>,
}

/// An event: the id it is kept under, and its JSON.
#[derive(Clone)]
struct Event {
    id: Text,
    json: Text,
}

struct Batch {
    id: RequestId,
    events: Vec<Event>,
    deadline: u64,
}

impl Delivery {
    /// An outbox for one endpoint and key. What earlier pages left is sent at once. `seed` makes the jitter.
    pub fn new(api_key: Text, url: Text, storage: &dyn Storage, seed: u64, now: Now) -> Self {
        let tag = digest::short(&url.then(b"\n").then(&api_key));
        let prefix = Text::from(KEY).then(tag.get(..8).unwrap_or_default()).then(b"_");
        let mut waiting = Vec::new();
        for (key, record) in storage.entries(Area::Local, &prefix) {
            let id = key.strip_prefix(prefix.as_bytes()).unwrap_or_default().into();
            if let Some(json) = event_of(&record) {
                waiting.push(Event { id, json });
            }
        }
        let send_at = (!waiting.is_empty()).then_some(now.mono);
        let effects = Vec::new();
        let random = seed | 1;
        let (under_way, next, failures, most, silent) = (Vec::new(), 0, 0, BATCH_EVENTS, false);
        Self { api_key, url, prefix, waiting, under_way, next, send_at, failures, most, silent, random, effects }
    }

    /// Takes an event over. It must have an `insert_id`; one that is kept already is not taken twice.
    pub fn track(&mut self, event: &Object, now: Now) {
        let Some(id) = event.get("insert_id").and_then(Value::as_str).cloned() else { return };
        if self.waiting.iter().chain(self.under_way.iter().flat_map(|batch| &batch.events)).any(|kept| kept.id == id) {
            return;
        }
        let json = event.to_text();
        let record = [b"{\"v\":1,\"at\":", &*Text::from_u64(now.wall), b",\"event\":", &json, b"}"].concat();
        self.effects.push(Effect::Save(Area::Local, self.key(&id), record.into()));
        self.waiting.push(Event { id, json });
        if self.waiting.len() > KEPT_EVENTS {
            let oldest = self.waiting.remove(0);
            self.drop(oldest, DropReason::QueueFull);
        }
        self.send_at.get_or_insert(now.mono + GATHER_MILLIS);
    }

    /// The page is about to go: whatever waits is sent now.
    pub fn flush(&mut self, now: Now) {
        if !self.waiting.is_empty() {
            self.send_at = Some(now.mono);
            self.send(1, now);
        }
    }

    /// Sends what waits, and nothing more after that. What gets no verdict stays for the next page.
    pub fn close(&mut self, now: Now) {
        self.flush(now);
        self.silent = true;
    }

    /// A batch was answered, or failed before it was.
    pub fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        let Some(place) = self.under_way.iter().position(|batch| batch.id == id) else { return };
        let events = self.under_way.remove(place).events;
        match result {
            Ok(response) if response.status == 200 => self.delivered(events, &response.body, now),
            Ok(response) if response.status == 400 => self.rejected(events, &response.body, now),
            Ok(response) if response.status == 413 => self.halve(events, DropReason::TooLarge),
            Ok(response) => self.failed(events, response.retry_after, now),
            Err(_) => self.failed(events, None, now),
        }
        if !self.waiting.is_empty() {
            self.send_at.get_or_insert(now.mono);
        }
        self.send(0, now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(id) = self.under_way.iter().find(|batch| batch.deadline <= now.mono).map(|batch| batch.id) {
            self.effects.push(Effect::Abort(id));
            self.handle_response(id, Err(Error::Timeout), now);
        }
        self.send(0, now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do, on the monotonic clock.
    #[must_use]
    pub fn next_timeout(&self) -> Option<u64> {
        let send_at = self.send_at.filter(|_| !self.silent && self.under_way.is_empty());
        self.under_way.iter().map(|batch| batch.deadline).chain(send_at).min()
    }

    /// The next thing to do. Poll after every other call, until there is none.
    #[must_use]
    pub fn poll_effect(&mut self) -> Option<Effect> {
        (!self.effects.is_empty()).then(|| self.effects.remove(0))
    }

    /// How many events have no verdict yet.
    pub fn pending(&self) -> usize {
        self.waiting.len() + self.under_way.iter().map(|batch| batch.events.len()).sum::<usize>()
    }

    /// Sends one batch when it is time and no more than `beside` are under way.
    fn send(&mut self, beside: usize, now: Now) {
        let due = self.send_at.is_some_and(|due| due <= now.mono);
        if !due || self.silent || self.waiting.is_empty() || self.under_way.len() > beside {
            return;
        }
        let events = self.take_batch();
        let id = RequestId(self.next);
        self.next += 1;
        let request = self.request(&events);
        self.send_at = None;
        self.under_way.push(Batch { id, events, deadline: now.mono + TIMEOUT_MILLIS });
        self.effects.push(Effect::Send(id, Box::new(request)));
    }

    fn take_batch(&mut self) -> Vec<Event> {
        let mut room = BATCH_BYTES;
        let fits = |event: &&Event| {
            room = room.saturating_sub(event.json.len() + 1);
            room > 0
        };
        let count = self.waiting.iter().take(self.most).take_while(fits).count().max(1);
        let later = self.waiting.split_off(count.min(self.waiting.len()));
        std::mem::replace(&mut self.waiting, later)
    }

    /// `text/plain` with the key in the body: no preflight, which a page that closes would not survive.
    fn request(&self, events: &[Event]) -> Request {
        let mut body = b"{\"api_key\":".to_vec();
        write_string(&self.api_key, &mut body);
        body.extend_from_slice(b",\"events\":[");
        for (place, event) in events.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&event.json);
        }
        body.extend_from_slice(b"]}");
        Request {
            method: "POST",
            url: self.url.clone(),
            headers: vec![("Content-Type", "text/plain".into())],
            keepalive: body.len() <= BATCH_BYTES && self.failures == 0,
            body: Some(body.into()),
            timeout_millis: TIMEOUT_MILLIS,
        }
    }

    /// An endpoint that gives no verdicts means all of them.
    fn delivered(&mut self, events: Vec<Event>, body: &[u8], now: Now) {
        self.failures = 0;
        self.most = (self.most * 2).min(BATCH_EVENTS);
        match verdicts(body) {
            Some(verdicts) => self.judged(events, &verdicts, now),
            None => events.into_iter().for_each(|event| self.forget(&event)),
        }
    }

    fn rejected(&mut self, events: Vec<Event>, body: &[u8], now: Now) {
        let error = parse(body).ok().and_then(Value::into_object);
        let error = error.as_ref().and_then(|body| body.get("error")).and_then(Value::as_str);
        if error.is_some_and(|error| *error == INVALID_KEY) {
            self.silent = true;
            self.put_back(events);
            self.log(Level::Error, "the event endpoint does not know the API key; events are kept");
        } else if let Some(verdicts) = verdicts(body) {
            self.judged(events, &verdicts, now);
        } else {
            self.halve(events, DropReason::ServerRejected);
        }
    }

    /// An event without a verdict is as good as not sent.
    fn judged(&mut self, events: Vec<Event>, verdicts: &[(Text, Text)], now: Now) {
        let mut unjudged = Vec::new();
        for event in events {
            match verdicts.iter().find(|(id, _)| *id == event.id).map(|(_, verdict)| verdict) {
                Some(verdict) if *verdict == "rejected" => self.drop(event, DropReason::ServerRejected),
                Some(_) => self.forget(&event),
                None => unjudged.push(event),
            }
        }
        if !unjudged.is_empty() {
            self.failed(unjudged, None, now);
        }
    }

    /// The batch as a whole was refused: half of it is tried, until the one event that cannot pass stands alone.
    fn halve(&mut self, mut events: Vec<Event>, reason: DropReason) {
        if events.len() > 1 {
            self.most = events.len() / 2;
            self.put_back(events);
        } else if let Some(event) = events.pop() {
            self.drop(event, reason);
        }
    }

    fn failed(&mut self, events: Vec<Event>, retry_after: Option<u64>, now: Now) {
        self.put_back(events);
        let longest = RETRY_MIN.saturating_mul(1 << self.failures.min(16)).min(RETRY_MAX);
        self.failures += 1;
        let asked = retry_after.map_or(0, |wait| wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX));
        let wait = longest / 2 + self.random() % (longest / 2 + 1);
        self.send_at = Some(now.mono + asked.max(wait));
    }

    fn put_back(&mut self, events: Vec<Event>) {
        let later = std::mem::replace(&mut self.waiting, events);
        self.waiting.extend(later);
    }

    fn forget(&mut self, event: &Event) {
        self.effects.push(Effect::Remove(Area::Local, self.key(&event.id)));
    }

    fn drop(&mut self, event: Event, reason: DropReason) {
        self.forget(&event);
        self.effects.push(Effect::Notify(Change::Dropped(reason)));
    }

    fn log(&mut self, level: Level, text: &'static str) {
        self.effects.push(Effect::Log(level, Message { text, error: None }));
    }

    fn key(&self, id: &Text) -> Text {
        self.prefix.then(id)
    }

    /// Xorshift: jitter needs no better.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

/// The event in a record of format 1. Records of other formats are left to the versions that know them.
fn event_of(record: &Text) -> Option<Text> {
    let record = parse(record).ok()?.into_object()?;
    let known = record.get("v").and_then(Value::as_u64) == Some(1);
    record.get("event").filter(|event| known && event.as_object().is_some()).map(|event| event.to_text())
}

/// Insert ids and verdicts of a response that has them.
fn verdicts(body: &[u8]) -> Option<Vec<(Text, Text)>> {
    let body = parse(body).ok()?.into_object()?;
    let text = |verdict: &Value, name: &str| verdict.as_object()?.get(name)?.as_str().cloned();
    let verdicts = body.get("verdicts")?.as_array()?;
    Some(verdicts.iter().filter_map(|one| Some((text(one, "insert_id")?, text(one, "verdict")?))).collect())
}
