//! Fields of JavaScript objects. The page may have made the object: a getter that throws is a field that is not there.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;

/// A field, or `undefined`.
#[inline(never)]
pub(super) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A field that can be called.
pub(super) fn method(object: &JsValue, name: &str) -> Option<Function> {
    field(object, name).dyn_into().ok()
}

/// Sets a field of an object of ours.
#[inline(never)]
pub(super) fn set_field(object: &JsValue, name: &str, value: &JsValue) {
    let _frozen = Reflect::set(object, &name.into(), value);
}
