//! What a client and a delivery are built from: JavaScript objects of the page that outlive the instance.

use js_sys::Map;
use wasm_bindgen::prelude::*;

use crate::effect::{Level, Message};

#[wasm_bindgen]
extern "C" {
    /// What a client or a delivery is built from.
    pub type Seed;

    #[wasm_bindgen(method, getter, js_name = apiKey)]
    pub(super) fn api_key(this: &Seed) -> JsValue;

    #[wasm_bindgen(method, getter)]
    pub(super) fn config(this: &Seed) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = serverUrl)]
    pub(super) fn server_url(this: &Seed) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = exposureTrackingProvider)]
    pub(super) fn exposure_tracking_provider(this: &Seed) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = userProvider)]
    pub(super) fn user_provider(this: &Seed) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = httpClient)]
    pub(super) fn http_client(this: &Seed) -> JsValue;

    /// Texts that the instance must be able to lose.
    #[wasm_bindgen(method, getter)]
    pub(super) fn kept(this: &Seed) -> Map;

    /// The promises of `start` and `fetch` that are open, with what they asked for.
    #[wasm_bindgen(method, getter)]
    pub(super) fn open(this: &Seed) -> Map;

    #[wasm_bindgen(method, getter)]
    pub(super) fn logger(this: &Seed) -> JsValue;

    #[wasm_bindgen(method, catch)]
    pub(super) fn notify(this: &Seed, kind: &str, detail: Option<&str>) -> Result<JsValue, JsValue>;

    type Logger;

    #[wasm_bindgen(method, catch)]
    fn error(this: &Logger, message: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn warn(this: &Logger, message: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn info(this: &Logger, message: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn debug(this: &Logger, message: &str) -> Result<(), JsValue>;
}

impl Seed {
    /// Tells the logger, if there is one. What it throws is nobody's business.
    pub(super) fn log(&self, level: Level, message: Message) {
        let logger = self.logger();
        if !logger.is_object() {
            return;
        }
        let logger: Logger = logger.unchecked_into();
        let text = sentence(message);
        let _thrown = match level {
            Level::Error => logger.error(&text),
            Level::Warn => logger.warn(&text),
            Level::Info => logger.info(&text),
            Level::Debug => logger.debug(&text),
        };
    }

    /// Tells the face that something changed. Listeners are code of the page; what they throw ends here.
    pub(super) fn tell(&self, kind: &str, detail: Option<&str>) {
        let _thrown = self.notify(kind, detail);
    }
}

/// `[Experiment] sentence (CODE)`.
fn sentence(message: Message) -> String {
    let mut text = String::from("[Experiment] ");
    text.push_str(message.text);
    if let Some(error) = message.error {
        text.push_str(": ");
        text.push_str(error.message());
        if let Some(status) = error.status() {
            text.push(' ');
            text.push_str(&crate::json::Text::from_u64(u64::from(status)).to_str());
        }
        text.push_str(" (");
        text.push_str(error.code());
        text.push(')');
    }
    text
}
