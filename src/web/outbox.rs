//! The outbox as Node and the edge see it: what it wants kept, sent and logged leaves as JSON.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::clock::{now, to_iso};
use super::effects::{self, List};
use super::random;
use super::text::object;
use crate::delivery::Delivery;
use crate::effect::{Change, Effect, RequestId};
use crate::json::{Object, Text, Value};
use crate::machine::Machine;
use crate::storage::{Area, Storage};

/// An outbox for one endpoint and key.
#[wasm_bindgen]
pub struct CoreOutbox(RefCell<Delivery>);

#[wasm_bindgen]
impl CoreOutbox {
    /// Builds an outbox. `kept`: JSON of the texts by key that a lost instance wanted kept; they are sent at once.
    #[wasm_bindgen(constructor)]
    pub fn new(api_key: &str, url: &str, kept: &str) -> CoreOutbox {
        let kept = Kept(object(kept).unwrap_or_default());
        let delivery = Delivery::new((api_key.into(), url.into()), &kept, random::bits(), to_iso, now());
        CoreOutbox(RefCell::new(delivery))
    }

    /// Takes an event over: JSON with an `insert_id`. Says whether there was room for it.
    pub fn track(&self, event: &str) -> bool {
        let track = |delivery: &mut Delivery| {
            let event = object(event).filter(|_| !delivery.is_full());
            event.map(|event| delivery.track(&event, now()))
        };
        self.with(track).flatten().is_some()
    }

    /// Sends what waits, now.
    pub fn flush(&self) {
        let _busy = self.with(|delivery| delivery.flush(now()));
    }

    /// Sends what waits, and nothing more after that.
    pub fn close(&self) {
        let _busy = self.with(|delivery| delivery.close(now()));
    }

    /// A request was answered; with the status 0 no answer came. `retry_after`: in seconds.
    pub fn answered(&self, id: u32, status: u16, body: &str, retry_after: Option<u32>) {
        let result = effects::response(status, body, retry_after);
        let _busy = self.with(|delivery| delivery.handle_response(RequestId(id), result, now()));
    }

    /// Does what is due.
    pub fn timeout(&self) {
        let _busy = self.with(|delivery| delivery.handle_timeout(now()));
    }

    /// When `timeout` has something to do, by `performance.now()`.
    #[wasm_bindgen(js_name = nextTimeout)]
    pub fn next_timeout(&self) -> Option<f64> {
        self.with(|delivery| delivery.next_timeout()).flatten().map(|due| due as f64)
    }

    /// The next thing to do, as JSON: `["send", id, method, url, headers, body, millis]`, `["abort", id]`,
    /// `["save", key, text]`, `["remove", key]`, `["dropped", code]` or `["log", level, sentence, code?]`.
    pub fn poll(&self) -> Option<String> {
        loop {
            let effect = self.with(Delivery::poll_effect).flatten()?;
            if let Some(list) = list(&effect) {
                return Some(list.finish().into_string());
            }
        }
    }

    /// Borrows the outbox. It is free whenever JavaScript runs.
    fn with<T>(&self, use_delivery: impl FnOnce(&mut Delivery) -> T) -> Option<T> {
        self.0.try_borrow_mut().ok().map(|mut delivery| use_delivery(&mut delivery))
    }
}

/// An outbox wants nothing else done.
fn list(effect: &Effect) -> Option<List> {
    let mut list;
    match effect {
        Effect::Send(id, request) => return Some(effects::send(*id, request)),
        Effect::Abort(id) => return Some(effects::abort(*id)),
        Effect::Log(level, message) => return Some(effects::log(*level, *message)),
        Effect::Save(_, key, text) => {
            list = List::of("save");
            list.text(key).text(text);
        }
        Effect::Remove(_, key) => {
            list = List::of("remove");
            list.text(key);
        }
        Effect::Notify(Change::Dropped(reason)) => {
            list = List::of("dropped");
            list.text(reason.code().as_bytes());
        }
        _ => return None,
    }
    Some(list)
}

/// What a lost instance wanted kept.
struct Kept(Object);

impl Storage for Kept {
    fn read(&self, _: Area, key: &[u8]) -> Option<Text> {
        self.0.get(key).and_then(Value::as_str).cloned()
    }

    fn entries(&self, _: Area, prefix: &[u8]) -> Object {
        let ours = self.0.iter().filter(|(key, _)| key.starts_with(prefix));
        ours.map(|(key, text)| (key.clone(), text.clone())).collect()
    }
}
