//! The JavaScript half of the edge (`pkg/src/wasm/host.ts`): storage, timers, requests and the code of the page, which JavaScript
//! reaches in fewer bytes than bindings do.
//!
//! No method throws. Storage never fails: what cannot be read is not there. A name that ends with an underscore is the
//! package's own, and `pkg/build.mjs` shortens it on both sides.

use wasm_bindgen::prelude::*;

use super::text::{from_js, to_js};
use crate::json::{Object, Text};
use crate::storage::{Area, Storage};

#[wasm_bindgen]
extern "C" {
    /// A page, as one machine of ours sees it. Made by JavaScript, of its `HostInit`; it reports results to
    /// `handle_callback` of the client or delivery.
    pub type Host;

    /// A setting; `undefined` when it is not there. Of a client: `apiKey`, `config` (JSON of the plain options but
    /// `initialFlags`), `initialFlags`, `awaitsConsent`; of a delivery: `apiKey`, `serverUrl`; of local evaluation: `config`.
    #[wasm_bindgen(method, js_name = get_)]
    pub(super) fn get(this: &Host, name: &str) -> JsValue;

    /// Over how long an exposure is tracked once: 0 there is no provider, 1 the page, 2 the day.
    #[wasm_bindgen(method, js_name = dedupScope_)]
    pub(super) fn dedup_scope(this: &Host) -> u32;

    /// Performs an effect, JSON of [`effects`](super::effects). Returns the kind of the callback that is made at once, or 0.
    #[wasm_bindgen(method, js_name = perform_)]
    pub(super) fn perform(this: &Host, effect: &JsValue) -> u32;

    /// Sets the one timer: to a time by `performance.now()`, or to never.
    #[wasm_bindgen(method, js_name = arm_)]
    pub(super) fn arm(this: &Host, due: f64);

    /// The machine is gone: sets no timer and tells nothing any more.
    #[wasm_bindgen(method, js_name = close_)]
    pub(super) fn close(this: &Host);

    /// Adds a `PendingRequest`, which the effect `settle` of this id ends.
    #[wasm_bindgen(method, js_name = addPending_)]
    pub(super) fn add_pending(this: &Host, id: u32, pending: &JsValue);

    #[wasm_bindgen(method, js_name = read_)]
    fn stored(this: &Host, area: u32, key: &JsValue) -> JsValue;

    /// JSON of an object.
    #[wasm_bindgen(method, js_name = entries_)]
    fn texts(this: &Host, area: u32, prefix: &JsValue) -> JsValue;

    #[wasm_bindgen(method, js_name = write_)]
    fn put(this: &Host, area: u32, key: &JsValue, text: JsValue) -> bool;

    #[wasm_bindgen(method, js_name = isSafe_)]
    fn is_stored(this: &Host, area: u32, key: &JsValue) -> bool;
}

impl Host {
    /// A setting that is a text; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> Text {
        from_js(&self.get(name))
    }

    /// Saves a text that the client alone writes: in the page's memory too, so that it is there after a trap, whatever others
    /// write.
    pub(super) fn save_own(&self, area: Area, key: &Text, text: &Text) {
        self.save(area, key, text);
        self.write(Area::Page, key, Some(text));
    }

    pub(super) fn remove(&self, area: Area, key: &Text) {
        let _taken = self.write(area, key, None);
    }

    /// Whether a text is as safe as it can be here: in the browser's storage, if there is any.
    pub(super) fn is_safe(&self, area: Area, key: &Text) -> bool {
        self.is_stored(area as u32, &to_js(key))
    }
}

impl Storage for Host {
    fn write(&self, area: Area, key: &[u8], text: Option<&Text>) -> bool {
        self.put(area as u32, &to_js(key), text.map_or(JsValue::UNDEFINED, |text| to_js(text)))
    }

    fn read(&self, area: Area, key: &[u8]) -> Option<Text> {
        let text = self.stored(area as u32, &to_js(key));
        text.is_string().then(|| from_js(&text))
    }

    fn entries(&self, area: Area, prefix: &[u8]) -> Object {
        Object::parse(&from_js(&self.texts(area as u32, &to_js(prefix)))).unwrap_or_default()
    }
}
