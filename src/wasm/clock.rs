//! The two clocks of a page.

use wasm_bindgen::prelude::*;

use super::text::from_js;
use crate::json::Text;
use crate::time::Now;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn wall() -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn mono() -> f64;

    #[wasm_bindgen(js_name = Date)]
    type Moment;

    #[wasm_bindgen(constructor, js_class = "Date")]
    fn new(wall: f64) -> Moment;

    #[wasm_bindgen(method, js_name = toISOString)]
    fn to_iso_string(this: &Moment) -> JsValue;
}

/// What time it is.
pub(super) fn now() -> Now {
    Now { wall: wall() as u64, mono: mono() as u64 }
}

/// A wall time as `Date.prototype.toISOString` writes it.
pub(super) fn to_iso(wall: u64) -> Text {
    from_js(&Moment::new(wall as f64).to_iso_string())
}
