//! Randomness of a page.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Math)]
    fn random() -> f64;
}

/// Fifty-three random bits: what a double holds.
pub(super) fn bits() -> u64 {
    (random() * 9_007_199_254_740_992.0) as u64
}
