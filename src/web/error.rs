//! Our errors as JavaScript's: a real `Error` with a name and a code.

use wasm_bindgen::JsValue;

use super::field::set_field;
use crate::error::Error;

/// An `Error` named `ExperimentError`, with `code` and, where there was one, `status`.
pub(super) fn js_error(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(error.message());
    set_field(&thrown, "name", &"ExperimentError".into());
    set_field(&thrown, "code", &error.code().into());
    if let Some(status) = error.status() {
        set_field(&thrown, "status", &status.into());
    }
    thrown.into()
}
