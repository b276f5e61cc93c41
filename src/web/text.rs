//! Text between Rust and JavaScript: nothing is lost on the way, lone surrogates included.

use js_sys::{JSON, JsString};
use wasm_bindgen::prelude::*;

use crate::json::{Object, Text, Value, parse, write_string};

/// A JavaScript string. Text that is not UTF-8 goes the long way, through JSON, where a lone surrogate can be escaped.
pub(super) fn to_js(text: &[u8]) -> JsString {
    if let Ok(text) = std::str::from_utf8(text) {
        return text.into();
    }
    let mut quoted = Vec::new();
    write_string(text, &mut quoted);
    value_of(&String::from_utf8(quoted).unwrap_or_default()).dyn_into().unwrap_or_else(|_| "".into())
}

/// The text of a JavaScript string. What came over with a replacement character may have had a lone surrogate there.
pub(super) fn from_js(string: &JsString) -> Text {
    let text = String::from(string);
    match text.as_bytes().windows(3).any(|bytes| bytes == [0xEF, 0xBF, 0xBD]) {
        true => unquoted(&stringify(string).unwrap_or_default()),
        false => text.into(),
    }
}

/// The text in a JSON string.
pub(super) fn unquoted(json: &str) -> Text {
    parse(json.as_bytes()).ok().and_then(|value| value.as_str().cloned()).unwrap_or_default()
}

/// The object in a JSON text.
pub(super) fn object(json: &str) -> Option<Object> {
    parse(json.as_bytes()).ok().and_then(Value::into_object)
}

/// A JavaScript value's JSON; `None` when it has none (a cycle, a getter that throws, `undefined`).
pub(super) fn stringify(value: &JsValue) -> Option<String> {
    JSON::stringify(value).ok().and_then(|json| json.as_string())
}

/// The JavaScript value of a JSON text that we wrote.
pub(super) fn value_of(json: &str) -> JsValue {
    JSON::parse(json).unwrap_or(JsValue::UNDEFINED)
}
