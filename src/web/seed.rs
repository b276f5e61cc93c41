//! What a client and a delivery are built from: an object of the page that outlives the instance.
//!
//! `apiKey`, `config` (JSON of the plain options but `initialFlags`), `initialFlags`, `isHeld`, `serverUrl` (of a delivery),
//! `exposureTrackingProvider`; and what the [`Host`](super::host::Host) takes from it.

use wasm_bindgen::prelude::*;

use super::field::field;
use super::text::from_js;
use crate::json::Text;

#[wasm_bindgen]
extern "C" {
    /// What a client or a delivery is built from.
    pub type Seed;
}

impl Seed {
    /// One of the objects of the page; `undefined` when it is not there.
    pub(super) fn get(&self, name: &str) -> JsValue {
        field(self, name)
    }

    /// A text; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> Text {
        self.get(name).dyn_into().map(|text| from_js(&text)).unwrap_or_default()
    }
}
