//! The two clocks of a page.

use wasm_bindgen::prelude::*;

use crate::time::Now;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn wall() -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn mono() -> f64;
}

/// What time it is.
pub(super) fn now() -> Now {
    Now { wall: wall() as u64, mono: mono() as u64 }
}
