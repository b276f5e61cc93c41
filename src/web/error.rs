//! Our errors as JavaScript's: a real `Error` with a name and a code.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::error::Error;

/// An `Error` named `ExperimentError`, with `code` and, where there was one, `status`.
pub(super) fn js_error(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(error.message());
    thrown.set_name("ExperimentError");
    let _code = Reflect::set(&thrown, &"code".into(), &error.code().into());
    if let Some(status) = error.status() {
        let _status = Reflect::set(&thrown, &"status".into(), &status.into());
    }
    thrown.into()
}
