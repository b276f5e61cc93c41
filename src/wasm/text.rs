//! Text between Rust and JavaScript: nothing is lost on the way, lone surrogates included.

#![expect(unsafe_code, reason = "bytes that are known to be UTF-8 are not looked at again")]

use wasm_bindgen::prelude::*;

use crate::json::{Object, Text, parse, write_string};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse_json(text: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = JSON, js_name = stringify)]
    fn json_of(value: &JsValue) -> Result<JsValue, JsValue>;
}

/// A JavaScript string. Text with a lone surrogate goes the long way, through JSON, where one can be escaped.
pub(super) fn to_js(text: &[u8]) -> JsValue {
    if !text.windows(2).any(|bytes| matches!(bytes, [0xED, 0xA0..=0xFF])) {
        // SAFETY: text is WTF-8, which without surrogates is UTF-8. All of it came over as UTF-8, or was read from JSON, whose
        // escapes alone make surrogates. Validating it again would cost 300 bytes; the decoder on the other side does.
        return unsafe { std::str::from_utf8_unchecked(text) }.into();
    }
    let mut quoted = Vec::new();
    write_string(text, &mut quoted);
    value_of(&quoted.into())
}

/// The text of a JavaScript string; of anything else it is empty. What came over with a replacement character may have had a
/// lone surrogate there.
pub(super) fn from_js(string: &JsValue) -> Text {
    let text = string.as_string().unwrap_or_default();
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
    Object::parse(json.as_bytes())
}

/// The texts in a JSON list of them.
pub(super) fn texts(json: &str) -> Option<Vec<Text>> {
    let list = parse(json.as_bytes()).ok()?;
    list.as_array()?.iter().map(|text| text.as_str().cloned()).collect()
}

/// A JavaScript value's JSON; `None` when it has none (a cycle, a getter that throws, `undefined`).
pub(super) fn stringify(value: &JsValue) -> Option<String> {
    json_of(value).ok()?.as_string()
}

/// The JavaScript value of a JSON text that we wrote.
pub(super) fn value_of(json: &Text) -> JsValue {
    parse_json(&to_js(json)).unwrap_or(JsValue::UNDEFINED)
}
