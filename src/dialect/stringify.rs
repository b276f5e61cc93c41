//! `JSON.stringify` without JavaScript.

use super::Dialect;
use super::plain::{array_index, print};
use crate::json::{Object, Text, Value};

/// What `JSON.stringify` writes: unlike in JSON as it was received, numbers are printed anew and objects are in JavaScript's
/// order.
pub(super) fn stringify<D: Dialect>(value: &Value, dialect: &D) -> Text {
    stringified(value, dialect).to_text()
}

fn stringified<D: Dialect>(value: &Value, dialect: &D) -> Value {
    match value {
        Value::Number(digits) => {
            let number = print(dialect, digits);
            if number.ends_with(b"Infinity") { Value::Null } else { Value::Number(number) }
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| stringified(item, dialect)).collect()),
        Value::Object(object) => Value::Object(in_order(object, |value| stringified(value, dialect))),
        other => other.clone(),
    }
}

/// Whole numbers first, from small to large, then the names as they were written. Of a name written twice, the first place
/// and the last value.
fn in_order(object: &Object, of: impl Fn(&Value) -> Value) -> Object {
    let mut ordered = Object::new();
    let mut from = 0;
    // Such names are rare.
    while let Some(index) = object.iter().filter_map(|(name, _)| array_index(name)).filter(|index| *index >= from).min()
    {
        let name = Text::from_u64(index.into());
        let value = object.get(&name).map_or(Value::Null, &of);
        ordered.push(name, value);
        from = index + 1;
    }
    for (name, value) in object.iter().filter(|(name, _)| array_index(name).is_none()) {
        ordered.set(name, of(value));
    }
    ordered
}
