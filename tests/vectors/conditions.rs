//! `conditions.json`: whether a property meets a condition.

use experiment_wasm::evaluation::{NoopVisitor, Target, evaluate};
use experiment_wasm::flag::Flags;
use experiment_wasm::json::{Object, Value, parse};

use crate::{DIALECT, fields};

/// What this library makes of a case's input: whether a flag that is on for those who meet the condition is on.
pub fn answer(input: &Value) -> Value {
    let input = fields(input, &["op", "values", "property", "selector", "context", "contextText"]);
    let mut condition = Object::new();
    condition.set("op", input.get("op").unwrap().clone());
    condition.set("values", input.get("values").unwrap().clone());
    let property = || vec![Value::from("context"), "property".into()].into();
    condition.set("selector", input.get("selector").cloned().unwrap_or_else(property));
    let mut flags = parse(br#"[{"key":"f","segments":[{"variant":"on"}],"variants":{"on":{}}}]"#).unwrap();
    let segment = item(item(&mut flags).as_object_mut().unwrap().get_mut("segments").unwrap());
    segment.as_object_mut().unwrap().set("conditions", vec![vec![Value::Object(condition)].into()]);
    let (flags, _) = Flags::parse(flags.to_json().as_bytes(), &DIALECT);
    assert_eq!(flags.len(), 1);
    let mut target = Target::new(context(input));
    let first = evaluate(&flags, &mut target, None, &DIALECT, &mut NoopVisitor);
    let again = evaluate(&flags, &mut target, None, &DIALECT, &mut NoopVisitor);
    assert_eq!(first, again, "what a target remembers made a difference");
    (!first.is_empty()).into()
}

fn item(list: &mut Value) -> &mut Value {
    match list {
        Value::Array(items) => &mut items[0],
        _ => panic!("a list"),
    }
}

fn context(input: &Object) -> Value {
    if let Some(text) = input.get("contextText") {
        return parse(text.as_str().unwrap()).unwrap();
    }
    input.get("context").cloned().unwrap_or_else(|| {
        let mut context = Object::new();
        if let Some(property) = input.get("property") {
            context.set("property", property.clone());
        }
        context.into()
    })
}
