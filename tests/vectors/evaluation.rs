//! `evaluation.json`: the variants of a set of flags, with what is wrong with the flags and, where asked for, the trace.

use experiment_wasm::evaluation::{Decision, NoopVisitor, Target, Trace, evaluate};
use experiment_wasm::flag::{FlagCode, FlagError, Flags};
use experiment_wasm::json::{Object, Text, Value, parse};
use experiment_wasm::user;

use crate::{DIALECT, Dialect, fields};

type Compiled = Flags<<Dialect as experiment_wasm::dialect::Dialect>::Pattern>;

/// What this library makes of a case's input.
pub fn answer(input: &Value) -> Value {
    let input = fields(input, &["flags", "flagsText", "context", "contextText", "userText", "keys", "trace"]);
    let text = match input.get("flagsText") {
        Some(text) => text.as_str().unwrap().clone(),
        None => input.get("flags").unwrap().to_json().into(),
    };
    let (flags, errors) = Flags::parse(&text, &DIALECT);
    let keys = input
        .get("keys")
        .map(|keys| keys.as_array().unwrap().iter().map(|key| key.as_str().unwrap().clone()).collect::<Vec<Text>>());
    let mut target = Target::new(context(input));
    let decisions = evaluate(&flags, &mut target, keys.as_deref(), &DIALECT, &mut NoopVisitor);
    let mut trace = Trace::default();
    let traced = evaluate(&flags, &mut target, keys.as_deref(), &DIALECT, &mut trace);
    assert_eq!(decisions, traced, "looking on made a difference");
    let mut answer = Object::new();
    answer.set("variants", variants(&flags, &decisions));
    if input.get("trace").is_some() {
        // What a trace shows as it was received is text in it; it is compared as what it says.
        let traces = trace.into_object().to_text();
        answer.set("traces", parse(&traces).unwrap());
    }
    if !errors.is_empty() {
        answer.set("errors", errors.iter().map(shown).collect::<Vec<Value>>());
    }
    answer.into()
}

fn context(input: &Object) -> Value {
    let text = |name: &str| input.get(name).map(|text| parse(text.as_str().unwrap()).unwrap());
    let of_user = |user: Value| user::context(user.as_object().unwrap(), None);
    text("userText")
        .map(of_user)
        .or_else(|| text("contextText"))
        .unwrap_or_else(|| input.get("context").unwrap().clone())
}

fn variants(flags: &Compiled, decisions: &[Decision]) -> Object {
    decisions.iter().map(|decision| (flags.key_of(decision).clone(), flags.variant_of(decision).into())).collect()
}

fn shown(error: &FlagError) -> Value {
    let mut shown = Object::new();
    if let Some(key) = &error.key {
        shown.set("key", Value::from(key));
    }
    shown.set("code", error.code.name());
    if let FlagCode::Shape(field) = error.code {
        shown.set("field", field);
    }
    shown.into()
}
