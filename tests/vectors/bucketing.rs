//! `bucketing.json`: the hash of a text, and the variant that a bucket draws for a value.

use experiment_wasm::bucketing::murmur3;
use experiment_wasm::evaluation::{NoopVisitor, Target, evaluate};
use experiment_wasm::flag::Flags;
use experiment_wasm::json::{Object, Value, parse};

use crate::{DIALECT, fields};

/// What this library makes of a case's input.
pub fn answer(input: &Value) -> Value {
    let input = fields(input, &["text", "bucket", "value", "variant"]);
    match input.get("text") {
        Some(text) => parts(murmur3(text.as_str().unwrap())),
        None => drawn(input),
    }
}

fn parts(hash: u32) -> Value {
    let parts = [("hash", hash), ("allocation", hash % 100), ("distribution", hash / 100)];
    Value::Object(parts.into_iter().map(|(name, part)| (name.into(), u64::from(part).into())).collect())
}

/// The variant of a flag whose only segment is the bucket.
fn drawn(input: &Object) -> Value {
    let mut bucket = input.get("bucket").unwrap().as_object().unwrap().clone();
    bucket.set("selector", vec!["context".into(), "value".into()]);
    let mut segment = Object::new();
    segment.set("bucket", bucket);
    segment.set("variant", input.get("variant").cloned().unwrap_or(Value::Null));
    let mut flag =
        parse(br#"{"key":"f","variants":{"off":{},"control":{},"treatment":{},"one":{},"two":{},"three":{}}}"#)
            .unwrap();
    flag.as_object_mut().unwrap().set("segments", vec![segment.into()]);
    let (flags, errors) = Flags::parse(Value::Array(vec![flag]).to_json().as_bytes(), &DIALECT);
    assert_eq!(errors, []);
    let mut context = Object::new();
    context.set("value", input.get("value").cloned().unwrap_or(Value::Null));
    let decisions = evaluate(&flags, &mut Target::new(context.into()), None, &DIALECT, &mut NoopVisitor);
    let mut drawn = Object::new();
    drawn.set("variant", decisions.first().map_or(Value::Null, |decision| flags.variant_name_of(decision).into()));
    drawn.into()
}
