//! The JavaScript half of the edge (`pkg/src/host.ts`): storage, timers, requests and the code of the page, which JavaScript
//! reaches in fewer bytes than bindings do.
//!
//! Every import that can run code of the page is `catch`. Storage never fails: what cannot be read is not there.

use wasm_bindgen::prelude::*;

use super::seed::Seed;
use super::text::{from_js, to_js};
use crate::json::{Object, Text};
use crate::storage::{Area, Storage};

#[wasm_bindgen]
extern "C" {
    /// A page, as one machine of ours sees it.
    pub(super) type Host;

    /// Over the objects of the seed, and with `persists` over the browser's storage.
    #[wasm_bindgen(constructor)]
    pub(super) fn new(seed: &Seed, persists: bool) -> Host;

    /// Over how long the provider wants each exposure once: 0 there is none, 1 the page, 2 the day.
    #[wasm_bindgen(method)]
    pub(super) fn window(this: &Host) -> u32;

    /// Whom it tells of answers and of the timer: see [`news`](super::driver::news).
    #[wasm_bindgen(method)]
    pub(super) fn listen(this: &Host, hear: &JsValue);

    /// Performs an effect, JSON of [`effects`](super::effects). Answers the news that there is of it at once, or none.
    #[wasm_bindgen(method, catch)]
    pub(super) fn perform(this: &Host, effect: &JsValue) -> Result<u32, JsValue>;

    /// Sets the one timer: to a time by `performance.now()`, or to never.
    #[wasm_bindgen(method)]
    pub(super) fn arm(this: &Host, due: f64);

    /// Keeps what settles a promise until it is settled.
    #[wasm_bindgen(method)]
    pub(super) fn open(this: &Host, id: u32, open: &JsValue);

    #[wasm_bindgen(method, catch, js_name = read)]
    fn text(this: &Host, area: u32, key: &JsValue) -> Result<JsValue, JsValue>;

    /// JSON of an object.
    #[wasm_bindgen(method, catch, js_name = entries)]
    fn texts(this: &Host, area: u32, prefix: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = write)]
    fn put(this: &Host, area: u32, key: &JsValue, text: JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, catch, js_name = isSafe)]
    fn is_stored(this: &Host, area: u32, key: &JsValue) -> Result<bool, JsValue>;
}

impl Host {
    /// Keeps what is the client's own: on the page too, so that it is there after a trap, whatever others write.
    pub(super) fn keep(&self, area: Area, key: &Text, text: &Text) {
        self.save(area, key, text);
        self.write(Area::Page, key, Some(text));
    }

    pub(super) fn forget(&self, area: Area, key: &Text) {
        let _taken = self.write(area, key, None);
    }

    /// Whether a text is as safe as it can be here: in the browser's storage, if there is any.
    pub(super) fn is_safe(&self, area: Area, key: &Text) -> bool {
        self.is_stored(area as u32, &to_js(key)).unwrap_or_default()
    }
}

impl Storage for Host {
    fn write(&self, area: Area, key: &[u8], text: Option<&Text>) -> bool {
        self.put(area as u32, &to_js(key), text.map_or(JsValue::UNDEFINED, |text| to_js(text))).unwrap_or_default()
    }

    fn read(&self, area: Area, key: &[u8]) -> Option<Text> {
        let text = self.text(area as u32, &to_js(key)).ok()?;
        text.is_string().then(|| from_js(&text))
    }

    fn entries(&self, area: Area, prefix: &[u8]) -> Object {
        let json = self.texts(area as u32, &to_js(prefix)).unwrap_or_default();
        Object::parse(&from_js(&json)).unwrap_or_default()
    }
}
