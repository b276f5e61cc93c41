//! What a client and a delivery are built from: an object of the page that outlives the instance.
//!
//! `apiKey`, `config` (JSON of the plain options but `initialFlags`), `initialFlags`, `isHeld`, `serverUrl` (of a delivery);
//! and what the [`Host`](super::host::Host) takes from it.

use wasm_bindgen::prelude::*;

use super::text::from_js;
use crate::json::Text;

#[wasm_bindgen]
extern "C" {
    /// What a client or a delivery is built from.
    pub type Seed;

    /// What stands under a name; `undefined` when it is not there.
    #[wasm_bindgen(method, structural, indexing_getter)]
    pub(super) fn get(this: &Seed, name: &str) -> JsValue;
}

impl Seed {
    /// A text; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> Text {
        from_js(&self.get(name))
    }
}
