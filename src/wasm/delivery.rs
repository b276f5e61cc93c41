//! The outbox as JavaScript sees it.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::clock::{now, to_iso};
use super::driver::Driver;
use super::host::Host;
use super::random;
use super::text::object;
use crate::delivery::Delivery;
use crate::storage::Area;

/// An outbox for one endpoint and key.
#[wasm_bindgen]
pub struct CoreDelivery {
    delivery: Rc<RefCell<Delivery>>,
    driver: Driver,
}

#[wasm_bindgen]
impl CoreDelivery {
    /// Builds an outbox. What earlier pages, or a lost instance, left is sent as soon as this run of the page's code is over:
    /// by then the listeners for dropped events are there.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host) -> CoreDelivery {
        let host = Rc::new(host);
        let (api_key, url) = (host.text("apiKey"), host.text("serverUrl"));
        let delivery = Delivery::new((api_key, url), &*host, random::bits(), to_iso, now());
        let delivery = Rc::new(RefCell::new(delivery));
        let driver = Driver::new(delivery.clone(), host);
        driver.set_timer();
        CoreDelivery { delivery, driver }
    }

    /// Takes a callback: the number of its `CallbackKind` in `host.ts`, the id of the request or exposure, and of a response
    /// the status, the body, and the milliseconds that the server asks to wait, or no number.
    #[wasm_bindgen(js_name = handleCallback_)]
    pub fn handle_callback(&self, kind: u32, id: u32, status: u16, body: String, retry_after: f64) {
        self.driver.handle_callback(kind, id, status, body, retry_after);
    }

    /// Takes an event over: JSON with an `insert_id`. `false`: storage has no room for it, so that it is lost when the
    /// page is left before it is delivered.
    pub fn track(&self, event: &str) -> bool {
        let event = object(event).unwrap_or_default();
        let key = self.call(|delivery| delivery.track(&event, now()));
        key.flatten().is_none_or(|key| self.driver.host().is_safe(Area::Local, &key))
    }

    /// Whether the next event would push the oldest out: who can keep it themselves keeps it.
    #[cfg(feature = "evaluate")]
    #[wasm_bindgen(js_name = isFull)]
    pub fn is_full(&self) -> bool {
        self.delivery.borrow().is_full()
    }

    /// Sends what waits: now, since the page is about to go; or soon, when the network is back.
    pub fn flush(&self, is_online: bool) {
        let _busy = self.call(|delivery| if is_online { delivery.online(now()) } else { delivery.flush(now()) });
    }

    /// Sends what waits and leaves no timer behind. What gets no verdict stays for the next page.
    pub fn close(&self) {
        let _busy = self.call(|delivery| delivery.close(now()));
    }

    fn call<T>(&self, use_delivery: impl FnOnce(&mut Delivery) -> T) -> Option<T> {
        let result = self.delivery.try_borrow_mut().ok().map(|mut delivery| use_delivery(&mut delivery));
        self.driver.drain();
        result
    }
}
