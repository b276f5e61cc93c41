//! Fields and methods of JavaScript objects, by name. The page may have made the object: a getter that throws is a field
//! that is not there, and what a method throws is a value.
//!
//! One import reads every field and one calls every method, where typed bindings would bring one each.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: JsValue;
}

/// The global object.
pub(super) fn global() -> JsValue {
    GLOBAL.with(Clone::clone)
}

/// A field, or `undefined`.
#[inline(never)]
pub(super) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A field that is text.
pub(super) fn text_field(object: &JsValue, name: &str) -> Option<String> {
    field(object, name).as_string()
}

/// Sets a field of an object of ours.
#[inline(never)]
pub(super) fn set_field(object: &JsValue, name: &str, value: &JsValue) {
    let _frozen = Reflect::set(object, &name.into(), value);
}

/// Calls a method.
///
/// # Errors
/// What it throws, or `undefined` when there is no such method.
pub(super) fn call_method(object: &JsValue, name: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    call(&field(object, name), object, arguments)
}

/// Calls a function with a `this`.
///
/// # Errors
/// What it throws, or `undefined` when it is no function.
#[inline(never)]
pub(super) fn call(function: &JsValue, this: &JsValue, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let list = Array::new();
    for argument in arguments {
        list.push(argument);
    }
    function.dyn_ref::<Function>().ok_or(JsValue::UNDEFINED)?.apply(this, &list)
}
