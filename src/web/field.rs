//! Fields of JavaScript objects, by name. The page may have made the object: a getter that throws is a field that is not
//! there.
//!
//! One import reads every field, where typed bindings would bring one each.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

/// A field, or `undefined`.
#[inline(never)]
pub(super) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A field that is text.
pub(super) fn text_field(object: &JsValue, name: &str) -> Option<String> {
    field(object, name).as_string()
}
