//! What a client and a delivery are built from: an object of the page that outlives the instance.
//!
//! `apiKey`, `config` (JSON of the plain options but `initialFlags`), `initialFlags`, `isHeld`, `serverUrl` (of a delivery), `exposureTrackingProvider`,
//! `plugin`, `httpClient`, `log(level, sentence, code?, more?)`, `notify(kind, detail, cause?)`; and what the instance must be able to lose: `kept`, a map of
//! texts, and `open`, a map of what settles the promises of `start` and `fetch` that are open.

use js_sys::Map;
use wasm_bindgen::prelude::*;

use super::field::{call_method, field};
use super::text::{from_js, value_of};
use crate::effect::{Change, FetchId, Level, Message, Receiver};
use crate::error::Error;
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

    /// Tells the logger: `log(level, sentence, code?, more?)`.
    pub(super) fn log(&self, level: Level, message: Message, cause: JsValue) {
        let code = message.error.map(Error::code);
        self.call("log", &[&(level as u32).into(), &message.text.into(), &code.into(), &more(message.error, cause)]);
    }

    /// Who is told of exposures. A plugin stands there in the form of a provider.
    pub(super) fn receiver(&self, receiver: Receiver) -> JsValue {
        self.get(if receiver == Receiver::Plugin { "plugin" } else { "exposureTrackingProvider" })
    }

    /// Settles a promise that is open: `resolve()` or `reject(code, more?)`.
    pub(super) fn settle(&self, FetchId(id): FetchId, result: Result<(), Error>, cause: JsValue) {
        let open = self.map("open");
        let entry = open.get(&id.into());
        open.delete(&id.into());
        let _thrown = match result {
            Ok(()) => call_method(&entry, "resolve", &[]),
            Err(error) => call_method(&entry, "reject", &[&error.code().into(), &more(Some(error), cause)]),
        };
    }

    /// Tells the face that something changed. Listeners are code of the page; what they throw ends here.
    /// `thrown` is what a provider threw last: why an exposure is given up.
    pub(super) fn tell(&self, change: Change, thrown: JsValue) {
        let (kind, detail) = match &change {
            Change::Variants => ("variants", JsValue::UNDEFINED),
            Change::Flags => ("flags", JsValue::UNDEFINED),
            Change::User => ("user", JsValue::UNDEFINED),
            Change::Exposure(exposure) => ("exposure", value_of(&exposure.to_object().to_text())),
            Change::Dropped(reason) => ("error", reason.code().into()),
        };
        self.call("notify", &[&kind.into(), &detail, &thrown]);
    }

    /// Whatever code of the page throws here is nobody's business.
    fn call(&self, name: &str, arguments: &[&JsValue]) {
        let _thrown = call_method(self, name, arguments);
    }
}

/// What there is to say of an error beside its code: the HTTP status, or what was thrown in place of an answer.
fn more(error: Option<Error>, cause: JsValue) -> JsValue {
    match error {
        Some(Error::Network) => cause,
        other => other.and_then(Error::status).into(),
    }
}
