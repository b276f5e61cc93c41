//! User properties: what an event asks to change, and what a change does to what is there.
//!
//! Setting and unsetting is last-writer-wins by [`Stamp`], so arrival order does not matter. The other operators have no
//! meaning without an order; they apply as they arrive.

use super::Rejection;
use super::moment::Stamp;
use crate::json::{Object, Text, Value};

/// A change of one user property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The property.
    pub name: Text,
    /// What is done to it.
    pub operation: Operation,
}

/// What is done to a property. The names are those of Amplitude's operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `$set`, or a property sent plain.
    Set(Value),
    /// `$setOnce`: set where there is none.
    SetOnce(Value),
    /// `$unset`, or a value of null.
    Unset,
    /// `$add`: a number onto a number.
    Add(Value),
    /// `$append` (and `$postInsert` when `unique`): values to the end of a list.
    Append { values: Vec<Value>, unique: bool },
    /// `$prepend` (and `$preInsert` when `unique`): values to the start of a list.
    Prepend { values: Vec<Value>, unique: bool },
    /// `$remove`: values out of a list.
    Remove(Vec<Value>),
}

/// What a user has under one name. Without a value it was unset, which must be remembered to refuse older changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The value.
    pub value: Option<Value>,
    /// From when it counts.
    pub stamp: Stamp,
}

/// Reads an event's `user_properties`: operators with their objects, and plain properties, which are set.
pub(super) fn read(sent: Option<Value>) -> Result<Vec<Change>, Rejection> {
    let mut changes = Vec::new();
    for (name, value) in super::fields(sent, Rejection::InvalidUserProperties)? {
        if !name.starts_with(b"$") {
            changes.push(Change { name, operation: set(value) });
            continue;
        }
        for (property, value) in value.into_object().ok_or(Rejection::InvalidUserProperties)? {
            let operation = operation(&name, value).ok_or(Rejection::InvalidUserProperties)?;
            changes.push(Change { name: property, operation });
        }
    }
    Ok(changes)
}

fn set(value: Value) -> Operation {
    if value.is_null() { Operation::Unset } else { Operation::Set(value) }
}

fn operation(operator: &Text, value: Value) -> Option<Operation> {
    Some(match operator.as_bytes() {
        b"$set" => set(value),
        b"$setOnce" => Operation::SetOnce(value),
        b"$unset" => Operation::Unset,
        b"$add" => Operation::Add(value),
        b"$append" => Operation::Append { values: list(value), unique: false },
        b"$postInsert" => Operation::Append { values: list(value), unique: true },
        b"$prepend" => Operation::Prepend { values: list(value), unique: false },
        b"$preInsert" => Operation::Prepend { values: list(value), unique: true },
        b"$remove" => Operation::Remove(list(value)),
        _ => return None,
    })
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

/// The property after a change, or `None` when the change does nothing.
pub fn after(current: Option<&Property>, operation: &Operation, stamp: &Stamp) -> Option<Property> {
    let value = current.and_then(|property| property.value.as_ref());
    let is_newer = current.is_none_or(|property| *stamp >= property.stamp);
    let next = match operation {
        Operation::Set(value) => is_newer.then(|| Some(value.clone()))?,
        Operation::Unset => is_newer.then_some(None)?,
        Operation::SetOnce(first) => (is_newer && value.is_none()).then(|| Some(first.clone()))?,
        Operation::Add(amount) => Some(sum(value, amount)?),
        Operation::Append { values, unique } => Some(joined(items(value), added(value, values, *unique))),
        Operation::Prepend { values, unique } => Some(joined(added(value, values, *unique), items(value))),
        Operation::Remove(values) => Some(Value::Array(without(items(value), values))),
    };
    let stamp = current.map(|property| &property.stamp).filter(|older| *older > stamp).unwrap_or(stamp);
    Some(Property { value: next, stamp: stamp.clone() })
}

/// Of two people's properties of one name, the one that counts: for a visitor who turns out to be a known user.
pub fn later(mine: Property, theirs: Property) -> Property {
    if theirs.stamp > mine.stamp { theirs } else { mine }
}

fn sum(value: Option<&Value>, amount: &Value) -> Option<Value> {
    let number = |value: &Value| match value {
        Value::Number(digits) => digits.to_str().parse::<f64>().ok(),
        _ => None,
    };
    let sum = value.map_or(Some(0.0), number)? + number(amount)?;
    sum.is_finite().then(|| Value::Number(sum.to_string().into()))
}

fn items(value: Option<&Value>) -> Vec<Value> {
    value.cloned().map_or_else(Vec::new, list)
}

fn added(value: Option<&Value>, values: &[Value], unique: bool) -> Vec<Value> {
    if unique { without(values.to_vec(), &items(value)) } else { values.to_vec() }
}

fn joined(mut first: Vec<Value>, second: Vec<Value>) -> Value {
    first.extend(second);
    Value::Array(first)
}

fn without(mut items: Vec<Value>, values: &[Value]) -> Vec<Value> {
    items.retain(|item| !values.contains(item));
    items
}

/// The properties as an event or an answer shows them: names and values, nothing of what was unset.
pub fn visible<'a>(properties: impl Iterator<Item = (&'a Text, &'a Property)>) -> Object {
    properties.filter_map(|(name, property)| Some((name.clone(), property.value.clone()?))).collect()
}
