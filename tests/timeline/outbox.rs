//! An outbox over storage in memory, on a clock that the test moves, with its effects.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use experiment_wasm::api::Response;
use experiment_wasm::client::{Change, DropReason, Effect, RequestId};
use experiment_wasm::delivery::Delivery;
use experiment_wasm::error::Error;
use experiment_wasm::json::{Object, Text, Value, parse};
use experiment_wasm::machine::Machine;
use experiment_wasm::storage::{Area, Storage};
use experiment_wasm::time::{Now, to_iso};

/// What Amplitude's endpoints answer to what they have taken.
pub const TAKEN: &str =
    r#"{"code":200,"events_ingested":1,"payload_size_bytes":99,"server_upload_time":1700000000000}"#;

#[derive(Default)]
pub struct MemoryStorage(pub RefCell<BTreeMap<String, String>>);

impl Storage for MemoryStorage {
    fn read(&self, _: Area, key: &[u8]) -> Option<Text> {
        self.0.borrow().get(&*String::from_utf8_lossy(key)).map(|text| text.as_str().into())
    }

    fn entries(&self, _: Area, prefix: &[u8]) -> Object {
        let storage = self.0.borrow();
        let found = storage.iter().filter(|(key, _)| key.as_bytes().starts_with(prefix));
        found.map(|(key, text)| (key.as_str().into(), Value::from(text.as_str()))).collect()
    }
}

pub struct Outbox {
    pub delivery: Delivery,
    pub storage: Rc<MemoryStorage>,
    pub now: Now,
    /// Insert ids of each batch that was sent.
    pub sent: Vec<Vec<String>>,
    /// The body of each, its length, and whether it outlives the page.
    pub bodies: Vec<(Object, usize, bool)>,
    pub dropped: Vec<DropReason>,
    pub aborted: Vec<u32>,
    /// The errors of log messages.
    pub logged: Vec<Option<Error>>,
}

impl Outbox {
    pub fn new() -> Self {
        Self::on(Rc::default(), Now { wall: 1_700_000_000_000, mono: 0 })
    }

    pub fn on(storage: Rc<MemoryStorage>, now: Now) -> Self {
        let delivery = Delivery::new(("key".into(), "http://h/2/httpapi".into()), &*storage, 7, to_iso, now);
        let (sent, bodies, dropped, aborted, logged) = Default::default();
        let mut outbox = Self { delivery, storage, now, sent, bodies, dropped, aborted, logged };
        outbox.pass(0);
        outbox
    }

    pub fn track(&mut self, id: &str) {
        self.delivery.track(&event(id), self.now);
        self.perform();
    }

    pub fn pass(&mut self, millis: u64) {
        self.now.mono += millis;
        self.now.wall += millis;
        self.delivery.handle_timeout(self.now);
        self.perform();
    }

    /// Lets time pass until the outbox is due, and returns how long that was.
    pub fn wait(&mut self) -> u64 {
        let due = self.delivery.next_timeout().expect("the outbox waits for something");
        let wait = due.saturating_sub(self.now.mono);
        self.pass(wait);
        wait
    }

    pub fn respond(&mut self, id: u32, status: u16, body: &str) {
        self.respond_after(id, status, body, None);
    }

    pub fn respond_after(&mut self, id: u32, status: u16, body: &str, retry_after: Option<u64>) {
        let response = Response { status, body: body.into(), retry_after };
        self.delivery.handle_response(RequestId(id), Ok(response), self.now);
        self.perform();
    }

    /// Answers the last request, and lets time pass until the next is sent.
    pub fn answer(&mut self, status: u16, body: &str) -> u64 {
        let requests = self.sent.len();
        self.respond(requests as u32 - 1, status, body);
        if self.sent.len() == requests && self.delivery.next_timeout().is_some() { self.wait() } else { 0 }
    }

    /// The page is about to go.
    pub fn flush(&mut self) {
        self.delivery.flush(self.now);
        self.perform();
    }

    /// The network is back.
    pub fn online(&mut self) {
        self.delivery.online(self.now);
        self.perform();
    }

    pub fn stored(&self) -> usize {
        self.storage.0.borrow().len()
    }

    pub fn perform(&mut self) {
        while let Some(effect) = self.delivery.poll_effect() {
            match effect {
                Effect::Send(_, request) => {
                    let text = request.body.expect("a body");
                    let body = object(&text.to_str());
                    assert_eq!(body.get("api_key").and_then(Value::as_str), Some(&"key".into()));
                    let options = body.get("options").map(Value::to_json);
                    assert_eq!(options.as_deref(), Some(r#"{"min_id_length":1}"#), "the page's ids are of any length");
                    let events = body.get("events").and_then(Value::as_array).expect("events");
                    self.sent.push(events.iter().map(insert_id).collect());
                    self.bodies.push((body.clone(), text.len(), request.keepalive));
                }
                Effect::Save(_, key, text) => {
                    self.storage.0.borrow_mut().insert(key.to_str().into_owned(), text.to_str().into_owned());
                }
                Effect::Remove(_, key) => {
                    self.storage.0.borrow_mut().remove(&*key.to_str());
                }
                Effect::Abort(id) => self.aborted.push(id.0),
                Effect::Notify(Change::Dropped(reason)) => self.dropped.push(reason),
                Effect::Log(_, message) => self.logged.push(message.error),
                _ => {}
            }
        }
    }
}

pub fn object(json: &str) -> Object {
    parse(json.as_bytes()).ok().and_then(Value::into_object).expect("a JSON object")
}

pub fn event(id: &str) -> Object {
    object(&format!(r#"{{"event_type":"$exposure","insert_id":"{id}"}}"#))
}

fn insert_id(event: &Value) -> String {
    let id = event.as_object().and_then(|event| event.get("insert_id")).and_then(Value::as_str);
    id.expect("an insert id").to_str().into_owned()
}

pub fn verdicts(verdicts: &[(&str, &str)]) -> String {
    let one = |(id, verdict): &(&str, &str)| format!(r#"{{"insert_id":"{id}","verdict":"{verdict}"}}"#);
    format!(r#"{{"verdicts":[{}]}}"#, verdicts.iter().map(one).collect::<Vec<_>>().join(","))
}
