//! Local evaluation as JavaScript sees it: text in, variants out, promises for what takes time.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::clock::now;
use super::dialect::JsDialect;
use super::driver::Driver;
use super::error::js_error;
use super::host::Host;
use super::text::{object, texts, value_of};
use crate::assignment::filter::CAPACITY;
use crate::effect::FetchId;
use crate::error::Error;
use crate::json::{Object, Value};
use crate::local::{Config, LocalEvaluation, POLLING_MILLIS};

type Local = LocalEvaluation<JsDialect>;

/// Flags, kept compiled, and which assignments were tracked.
#[wasm_bindgen]
pub struct CoreLocal {
    local: Rc<RefCell<Local>>,
    driver: Driver,
}

#[wasm_bindgen]
impl CoreLocal {
    /// Builds it from what the host keeps: at the first use, and again after a trap. `config`, a setting of the host: JSON of
    /// `{apiKey, serverUrl, tracks, environmentName?, pollingMillis?, capacity?}`.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host) -> CoreLocal {
        let config = config_of(&Object::parse(&host.text("config")).unwrap_or_default());
        let local = LocalEvaluation::new(JsDialect, config).restored(&host, now());
        let local = Rc::new(RefCell::new(local));
        let driver = Driver::new(local.clone(), Rc::new(host));
        driver.drain();
        CoreLocal { local, driver }
    }

    /// Takes a callback, as `CoreDelivery` does. Of flags the status 304 says that nothing changed.
    #[wasm_bindgen(js_name = handleCallback_)]
    pub fn handle_callback(&self, kind: u32, id: u32, status: u16, body: String, retry_after: f64) {
        self.driver.handle_callback(kind, id, status, body, retry_after);
    }

    /// Takes flags in place of those it has: JSON of a list, or of an object by key. Answers how many cannot be read.
    ///
    /// # Errors
    /// An `Error` with the code `DECODE` when the text holds no flags.
    #[wasm_bindgen(js_name = setFlags)]
    pub fn set_flags(&self, flags: &str) -> Result<usize, JsValue> {
        self.call(|local| local.set_flags(flags.as_bytes()))?.map(|broken| broken.len()).map_err(js_error)
    }

    /// Loads flags now and at each interval. `pending`: its `resolve()` or `reject(code, more)` is called once.
    pub fn start(&self, pending: &JsValue) {
        self.request(pending, |local| local.start(now()));
    }

    /// Loads flags now. `pending`: as for `start`.
    pub fn refresh(&self, pending: &JsValue) {
        self.request(pending, |local| local.refresh(now()));
    }

    /// Polls no more.
    pub fn stop(&self) {
        let _busy = self.call(Local::stop);
    }

    /// The variants of a user (JSON) by flag key; of the flags in `keys` (a JSON list) and of those they depend on, or of all.
    ///
    /// # Errors
    /// An `Error` with the code `DECODE` when `user` or `keys` are not the JSON they should be.
    pub fn evaluate(&self, user: &str, keys: Option<String>) -> Result<JsValue, JsValue> {
        let wrong = || js_error(Error::Decode);
        let user = object(user).ok_or_else(wrong)?;
        let keys = keys.map(|keys| texts(&keys).ok_or_else(wrong)).transpose()?;
        let variants = self.call(|local| local.evaluate(&user, keys.as_deref(), now()))?;
        Ok(value_of(&variants.to_text()))
    }

    /// Makes a request. The host has the promise before any effect is performed.
    fn request(&self, pending: &JsValue, request: impl FnOnce(&mut Local) -> FetchId) {
        if let Ok(FetchId(id)) = self.borrow(request) {
            self.driver.host().add_pending(id, pending);
        }
        self.driver.drain();
    }

    fn call<T>(&self, use_local: impl FnOnce(&mut Local) -> T) -> Result<T, JsValue> {
        let result = self.borrow(use_local);
        self.driver.drain();
        result
    }

    /// Borrows the state. It is free whenever JavaScript runs; were it not, the caller gets an error and may try again.
    fn borrow<T>(&self, use_local: impl FnOnce(&mut Local) -> T) -> Result<T, JsValue> {
        let mut local = self.local.try_borrow_mut().map_err(|_| js_error(Error::Closed))?;
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
