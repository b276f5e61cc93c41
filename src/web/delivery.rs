//! The outbox as JavaScript sees it.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Math;
use wasm_bindgen::prelude::*;

use super::clock::now;
use super::driver::{Driver, Machine};
use super::seed::Seed;
use super::storage::PageStorage;
use super::text::object;
use crate::api::Response;
use crate::delivery::Delivery;
use crate::effect::{Change, Effect, RequestId};
use crate::error::Error;
use crate::time::Now;

impl Machine for Delivery {
    fn poll_effect(&mut self) -> Option<Effect> {
        self.poll_effect()
    }

    fn next_timeout(&self) -> Option<u64> {
        self.next_timeout()
    }

    fn handle_timeout(&mut self, now: Now) {
        self.handle_timeout(now);
    }

    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        self.handle_response(id, result, now);
    }
}

/// An outbox for one endpoint and key.
#[wasm_bindgen]
pub struct CoreDelivery {
    delivery: Rc<RefCell<Delivery>>,
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl CoreDelivery {
    /// Builds an outbox and sends what earlier pages, or a lost instance, left.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: Seed) -> CoreDelivery {
        let storage = Rc::new(PageStorage::new(seed.map("kept")));
        let (api_key, url) = (seed.text("apiKey"), seed.text("serverUrl"));
        // Fifty-three random bits: what a double holds.
        let jitter = (Math::random() * 9_007_199_254_740_992.0) as u64;
        let delivery = Rc::new(RefCell::new(Delivery::new(api_key, url, &*storage, jitter, now())));
        let perform = Box::new(move |effect| match effect {
            Effect::Log(level, message) => seed.log(level, message),
            Effect::Notify(Change::Dropped(reason)) => seed.notify("error", Some(reason.code())),
            _ => {}
        });
        let driver = Driver::new(delivery.clone(), storage, JsValue::UNDEFINED, perform);
        driver.drain();
        CoreDelivery { delivery, driver }
    }

    /// Takes an event over: JSON with an `insert_id`.
    pub fn track(&self, event: &str) {
        if let Some(event) = object(event) {
            self.with(|delivery| delivery.track(&event, now()));
        }
    }

    /// Sends what waits, now: the page is about to go.
    pub fn flush(&self) {
        self.with(|delivery| delivery.flush(now()));
    }

    /// How many events have no verdict yet.
    pub fn pending(&self) -> u32 {
        self.with(|delivery| delivery.pending() as u32).unwrap_or(0)
    }

    /// Sends what waits and leaves no timer behind. What gets no verdict stays for the next page.
    pub fn close(&self) {
        self.with(|delivery| delivery.close(now()));
    }

    fn with<T>(&self, use_delivery: impl FnOnce(&mut Delivery) -> T) -> Option<T> {
        let result = self.delivery.try_borrow_mut().ok().map(|mut delivery| use_delivery(&mut delivery));
        self.driver.drain();
        result
    }
}
