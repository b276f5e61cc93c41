//! Local evaluation as JavaScript sees it: text in, variants out, and effects as JSON for whoever performs them there.
//!
//! Timers and requests are the face's: in Node a timer must not keep the process, at the edge there may be none. No code
//! of a page is called from here.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::clock::now;
use super::dialect::JsDialect;
use super::effects::{self, List};
use super::error::js_error;
use super::text::{object, texts, value_of};
use crate::assignment::filter::CAPACITY;
use crate::effect::{RequestId, TrackId};
use crate::error::Error;
use crate::exposure::Tracking;
use crate::json::{Object, Value};
use crate::local::{Config, Effect, LocalEvaluation, POLLING_MILLIS};

type Local = LocalEvaluation<JsDialect>;

/// Flags, kept compiled, and who was told of which assignment.
#[wasm_bindgen]
pub struct CoreLocal(RefCell<Local>);

#[wasm_bindgen]
impl CoreLocal {
    /// `config`: JSON of `{apiKey, serverUrl, tracks, environmentName?, pollingMillis?, capacity?}`.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str) -> CoreLocal {
        let config = config_of(&object(config).unwrap_or_default());
        CoreLocal(RefCell::new(LocalEvaluation::new(JsDialect, config)))
    }

    /// Takes flags in place of those it has: JSON of a list, or of an object by key. Answers how many cannot be read.
    ///
    /// # Errors
    /// An `Error` with the code `DECODE` when the text holds no flags.
    #[wasm_bindgen(js_name = setFlags)]
    pub fn set_flags(&self, flags: &str) -> Result<usize, JsValue> {
        self.with(|local| local.set_flags(flags.as_bytes()))?.map(|broken| broken.len()).map_err(js_error)
    }

    /// Asks for flags now and at each interval.
    pub fn start(&self) {
        let _busy = self.with(|local| local.start(now()));
    }

    /// Asks for flags now.
    pub fn refresh(&self) {
        let _busy = self.with(|local| local.refresh(now()));
    }

    /// Polls no more.
    pub fn stop(&self) {
        let _busy = self.with(Local::stop);
    }

    /// The variants of a user (JSON) by flag key; of the flags in `keys` (a JSON list) and of those they depend on, or of all.
    ///
    /// # Errors
    /// An `Error` with the code `DECODE` when `user` or `keys` are not the JSON they should be.
    pub fn evaluate(&self, user: &str, keys: Option<String>) -> Result<JsValue, JsValue> {
        let wrong = || js_error(Error::Decode);
        let user = object(user).ok_or_else(wrong)?;
        let keys = keys.map(|keys| texts(&keys).ok_or_else(wrong)).transpose()?;
        let variants = self.with(|local| local.evaluate(&user, keys.as_deref(), now()))?;
        Ok(value_of(&variants.to_text()))
    }

    /// Takes up an assignment (JSON) that an instance was lost over.
    #[wasm_bindgen(js_name = takeUp)]
    pub fn take_up(&self, event: &str) {
        let _busy = self.with(|local| local.restore(&event.into(), now()));
    }

    /// An assignment was taken, or refused.
    pub fn tracked(&self, id: u32, taken: bool) {
        let tracking = if taken { Tracking::Taken } else { Tracking::Refused };
        let _busy = self.with(|local| local.handle_tracked(TrackId(id), tracking, now()));
    }

    /// A request was answered; with the status 0 no answer came, with 304 nothing changed. `retry_after`: in seconds. Says
    /// whether the flags are those of `body` from now on.
    pub fn answered(&self, id: u32, status: u16, body: &str, retry_after: Option<u32>) -> bool {
        let result = effects::response(status, body, retry_after);
        self.with(|local| local.handle_response(RequestId(id), result, now())).unwrap_or_default()
    }

    /// Does what is due.
    pub fn timeout(&self) {
        let _busy = self.with(|local| local.handle_timeout(now()));
    }

    /// When `timeout` has something to do, by `performance.now()`.
    #[wasm_bindgen(js_name = nextTimeout)]
    pub fn next_timeout(&self) -> Option<f64> {
        self.with(|local| local.next_timeout()).ok().flatten().map(|due| due as f64)
    }

    /// The next thing to do, as JSON: `["send", id, method, url, headers, body, millis]`, `["abort", id]`,
    /// `["track", id, event]`, `["dropped", id, code]`, `["settle", code?, status?]` or `["log", level, sentence, code?]`.
    pub fn poll(&self) -> Option<String> {
        let effect = self.with(Local::poll_effect).ok().flatten()?;
        Some(list(&effect).finish().into_string())
    }

    /// Borrows the state. It is free whenever a page runs; were it not, the caller is told to try again.
    fn with<T>(&self, use_local: impl FnOnce(&mut Local) -> T) -> Result<T, JsValue> {
        let mut local = self.0.try_borrow_mut().map_err(|_| js_error(Error::Closed))?;
        Ok(use_local(&mut local))
    }
}

fn config_of(given: &Object) -> Config {
    let text = |name: &str| given.get(name).and_then(Value::as_str).cloned();
    let number = |name: &str| given.get(name).and_then(Value::as_u64).filter(|number| *number > 0);
    Config {
        tracks_assignments: given.get("tracks").and_then(Value::as_bool).unwrap_or_default(),
        environment: text("environmentName"),
        polling_millis: number("pollingMillis").unwrap_or(POLLING_MILLIS),
        capacity: number("capacity").map_or(CAPACITY, |number| number as usize),
        ..Config::new(text("apiKey").unwrap_or_default(), text("serverUrl").unwrap_or_default())
    }
}

fn list(effect: &Effect) -> List {
    let id_of = |name, TrackId(id): &TrackId| {
        let mut list = List::of(name);
        list.number((*id).into());
        list
    };
    match effect {
        Effect::Send(id, request) => effects::send(*id, request),
        Effect::Abort(id) => effects::abort(*id),
        Effect::Track(id, event) => {
            let mut list = id_of("track", id);
            list.json(event);
            list
        }
        Effect::Dropped(id, reason) => {
            let mut list = id_of("dropped", id);
            list.text(reason.code().as_bytes());
            list
        }
        Effect::Settle(result) => {
            let mut list = List::of("settle");
            effects::add_error(&mut list, result.err());
            list
        }
        Effect::Log(level, message) => effects::log(*level, *message),
    }
}
