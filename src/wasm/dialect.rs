//! JavaScript's text rules, asked of JavaScript: the same answers as the reference, at no cost in bytes.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::text::{from_js, stringify, to_js, value_of};
use crate::dialect::Dialect;
use crate::json::{Text, Value};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Number)]
    fn number(text: &JsValue) -> f64;

    #[wasm_bindgen(js_name = String)]
    fn string(number: f64) -> JsValue;

    #[wasm_bindgen(js_name = String)]
    type JsString;

    #[wasm_bindgen(method, js_name = toLowerCase)]
    fn to_lower_case(this: &JsString) -> JsValue;

    /// A regular expression.
    #[wasm_bindgen(js_name = RegExp)]
    pub type Pattern;

    #[wasm_bindgen(constructor, catch, js_class = "RegExp")]
    fn new(source: &JsValue) -> Result<Pattern, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn test(this: &Pattern, subject: &JsValue) -> Result<bool, JsValue>;
}

thread_local! {
    /// The text that was matched last: it is mostly the next one too, and taking it over costs more than matching it.
    static SUBJECT: RefCell<(Text, JsValue)> = RefCell::new((Text::default(), "".into()));
}

/// The dialect of the engine that runs us.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsDialect;

impl Dialect for JsDialect {
    type Pattern = Pattern;

    fn number(&self, text: &[u8]) -> f64 {
        number(&to_js(text))
    }

    fn print(&self, number: f64) -> Text {
        from_js(&string(number))
    }

    fn stringify(&self, value: &Value) -> Text {
        stringify(&value_of(&value.to_text())).unwrap_or_default().into()
    }

    fn lower(&self, text: &[u8]) -> Text {
        if text.is_ascii() {
            return text.to_ascii_lowercase().into();
        }
        from_js(&to_js(text).unchecked_ref::<JsString>().to_lower_case())
    }

    fn compile_pattern(&self, source: &[u8]) -> Option<Pattern> {
        Pattern::new(&to_js(source)).ok()
    }

    fn matches(&self, pattern: &Pattern, subject: &[u8]) -> bool {
        let subject = SUBJECT.with_borrow_mut(|(known, string)| {
            if **known != *subject {
                (*known, *string) = (subject.into(), to_js(subject));
            }
            string.clone()
        });
        pattern.test(&subject).unwrap_or(false)
    }
}
