//! What a client and a delivery are built from: an object of the page that outlives the instance.
//!
//! `apiKey`, `config` (JSON of the plain options), `serverUrl` (of a delivery), `exposureTrackingProvider`,
//! `userProvider`, `httpClient`, `logger`, `notify(kind, detail)`; and what the instance must be able to lose: `kept`, a
//! map of texts, and `open`, a map of the promises of `start` and `fetch` that are open.

use js_sys::Map;
use wasm_bindgen::prelude::*;

use super::field::{call_method, field};
use super::text::{from_js, to_js};
use crate::effect::{Level, Message};
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

    /// One of the maps.
    pub(super) fn map(&self, name: &str) -> Map {
        self.get(name).unchecked_into()
    }

    /// Tells the logger, if there is one. What it throws is nobody's business.
    pub(super) fn log(&self, level: Level, message: Message) {
        let name = match level {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        };
        let _thrown = call_method(&self.get("logger"), name, &[&to_js(&sentence(message))]);
    }

    /// Tells the face that something changed. Listeners are code of the page; what they throw ends here.
    pub(super) fn notify(&self, kind: &str, detail: Option<&str>) {
        let _thrown = call_method(self, "notify", &[&kind.into(), &detail.into()]);
    }
}

/// `[Experiment] sentence: error (CODE)`.
fn sentence(message: Message) -> Text {
    let text = Text::from("[Experiment] ").then(message.text.as_bytes());
    let Some(error) = message.error else { return text };
    text.then(b": ").then(error.message().as_bytes()).then(b" (").then(error.code().as_bytes()).then(b")")
}
