//! Our errors as JavaScript's: a real `Error` with a name and a code.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::error::Error;

/// An `Error` named `ExperimentError`, with `code` and, where there was one, `status`.
pub(super) fn js_error(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(error.message());
    let set = |name: &str, value: JsValue| Reflect::set(&thrown, &name.into(), &value);
    let _name = set("name", "ExperimentError".into());
    let _code = set("code", error.code().into());
    let _status = error.status().map(|status| set("status", status.into()));
    thrown.into()
}
