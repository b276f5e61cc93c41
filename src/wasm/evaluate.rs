//! Evaluation as a function, for Node and edge: flags and a user in, variants and their reasons out.
//!
//! Text comes in, values go out: serde-wasm-bindgen has no limit of depth, so nothing that somebody else wrote is read
//! with it, and what lies too deep leaves as the JSON it came as.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_wasm_bindgen::preserve;
use wasm_bindgen::prelude::*;

use super::dialect::JsDialect;
use super::error::js_error;
use super::text::{object, texts, value_of};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::evaluation::{Target, Trace, evaluate as decide};
use crate::flag::Flags;
use crate::json::{Object, Text, Value};
use crate::user::context;

/// Evaluates flags for a user. `flags`: JSON of an array of flags, or of an object of flags by key. `user`: JSON of the
/// user. `keys`: JSON of an array of the flags wanted; without it, all. Returns `{variants, skipped, traces?}`: variants by
/// flag key, and the flags that could not be read, with the reason.
///
/// # Errors
/// An `Error` with the code `DECODE` when `flags`, `user` or `keys` are not the JSON they should be.
#[wasm_bindgen]
pub fn evaluate(flags: &str, user: &str, keys: Option<String>, trace: bool) -> Result<JsValue, JsValue> {
    let wrong = || js_error(Error::Decode);
    let (flags, broken) = Flags::read(flags.as_bytes(), &JsDialect).ok_or_else(wrong)?;
    let user = object(user).ok_or_else(wrong)?;
    let keys = keys.map(|keys| texts(&keys).ok_or_else(wrong)).transpose()?;
    let mut answer = Object::new();
    let mut trace = trace.then(Trace::default);
    answer.put("variants", variants(&flags, &user, keys.as_deref(), &mut trace));
    if let Some(trace) = trace {
        answer.put("traces", trace.into_object());
    }
    let skipped = broken.into_iter().map(|error| (error.key.unwrap_or_default(), error.code.name().into()));
    answer.put("skipped", Value::Object(skipped.collect()));
    Outward(&answer.into()).serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(JsValue::from)
}

fn variants(
    flags: &Flags<<JsDialect as Dialect>::Pattern>,
    user: &Object,
    keys: Option<&[Text]>,
    trace: &mut Option<Trace>,
) -> Object {
    let mut target = Target::new(context(user, None));
    let decisions = decide(flags, &mut target, keys, &JsDialect, trace);
    decisions.iter().map(|one| (flags.key_of(one).clone(), flags.variant_of(one).into())).collect()
}

/// A value on its way out.
struct Outward<'a>(&'a Value);

impl Serialize for Outward<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => out.serialize_unit(),
            Value::Bool(value) => out.serialize_bool(*value),
            Value::Number(digits) => out.serialize_f64(JsDialect.number(digits)),
            Value::String(text) => preserve::serialize(&super::text::to_js(text), out),
            Value::Raw(json) => preserve::serialize(&value_of(json), out),
            Value::Array(items) => {
                let mut list = out.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Outward(item)))?;
                list.end()
            }
            // Names are taken as UTF-8 and assigned: half a pair would be lost, and `__proto__` be the prototype.
            Value::Object(object) if object.iter().any(|(name, _)| *name == "__proto__" || is_halved(name)) => {
                preserve::serialize(&value_of(&self.0.to_text()), out)
            }
            Value::Object(object) => {
                let mut map = out.serialize_map(Some(object.len()))?;
                object.iter().try_for_each(|(name, value)| map.serialize_entry(&*name.to_str(), &Outward(value)))?;
                map.end()
            }
        }
    }
}

/// Whether there is a surrogate in it.
fn is_halved(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_err()
}
