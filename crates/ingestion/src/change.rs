//! The changes of user properties that an event asks for.

use super::difference::json_bytes;
use super::rejection::Rejection;
use experiment_wasm::json::{Object, Text, Value};

/// A change of one user property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The property; empty where all are meant.
    pub name: Text,
    /// What is done to it.
    pub operation: Operation,
}

/// What is done to a property. The names are those of Amplitude's operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `$set`, or a property sent plain.
    Set(Value),
    /// `$unset`, or a value of null.
    Unset,
    /// `$setOnce`: set where there is none.
    SetOnce(Value),
    /// `$add`: a number onto a number.
    Add(Value),
    /// `$append` (and `$postInsert` when `unique`): values to the end of a list.
    Append {
        /// The values.
        values: Vec<Value>,
        /// Only those that the list does not have.
        unique: bool,
    },
    /// `$prepend` (and `$preInsert` when `unique`): values to the start of a list.
    Prepend {
        /// The values.
        values: Vec<Value>,
        /// Only those that the list does not have.
        unique: bool,
    },
    /// `$remove`: values out of a list.
    Remove(Vec<Value>),
    /// `$clearAll`: unset every property that is no experiment's.
    ClearAll,
}

/// Reads an event's `user_properties`: operators with their objects, and plain properties, which are set.
pub(super) fn read(sent: Object) -> Result<Vec<Change>, Rejection> {
    let mut changes = Vec::new();
    for (name, value) in sent {
        if name == "$clearAll" {
            changes.push(Change { name: Text::default(), operation: Operation::ClearAll });
        } else if name.starts_with(b"$") {
            let properties = value.into_object().ok_or(Rejection::InvalidUserProperties)?;
            operations(&name, properties, &mut changes)?;
        } else {
            changes.push(Change { name, operation: set(value) });
        }
    }
    Ok(changes)
}

/// About how many bytes it takes to store what changes.
pub(super) fn bytes(changes: &[Change]) -> u64 {
    let argument = |change: &Change| match &change.operation {
        Operation::Set(value) => json_bytes(value),
        other => other.named().map_or(0, |(operator, argument)| operator.len() as u64 + json_bytes(&argument)),
    };
    changes.iter().map(|change| change.name.len() as u64 + argument(change) + 32).sum()
}

/// Cuts the texts of a value that have more than so many characters. Says whether there was one.
pub(super) fn cut_texts(value: &mut Value, most: usize) -> bool {
    match value {
        Value::String(text) => match end_of(text, most) {
            Some(end) => {
                *text = text.get(..end).unwrap_or_default().into();
                true
            }
            None => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |is_cut, item| cut_texts(item, most) | is_cut),
        Value::Object(object) => object.values_mut().fold(false, |is_cut, value| cut_texts(value, most) | is_cut),
        _ => false,
    }
}

/// The byte where the first character after so many begins, if there is one.
fn end_of(text: &Text, most: usize) -> Option<usize> {
    if text.len() <= most {
        return None;
    }
    let begins = |(_, byte): &(usize, &u8)| **byte & 0xC0 != 0x80;
    text.iter().enumerate().filter(begins).nth(most).map(|(index, _)| index)
}

fn operations(operator: &Text, properties: Object, changes: &mut Vec<Change>) -> Result<(), Rejection> {
    for (name, value) in properties {
        let operation = operation(operator, value).ok_or(Rejection::InvalidUserProperties)?;
        changes.push(Change { name, operation });
    }
    Ok(())
}

fn set(value: Value) -> Operation {
    if value.is_null() { Operation::Unset } else { Operation::Set(value) }
}

fn operation(operator: &Text, value: Value) -> Option<Operation> {
    Some(match operator.as_bytes() {
        b"$set" => set(value),
        b"$unset" => Operation::Unset,
        b"$setOnce" => Operation::SetOnce(value),
        b"$add" => Operation::Add(value),
        b"$append" => Operation::Append { values: list(value), unique: false },
        b"$postInsert" => Operation::Append { values: list(value), unique: true },
        b"$prepend" => Operation::Prepend { values: list(value), unique: false },
        b"$preInsert" => Operation::Prepend { values: list(value), unique: true },
        b"$remove" => Operation::Remove(list(value)),
        _ => return None,
    })
}

impl Operation {
    /// The operator and its argument, as [`read`] reads them; nothing for what needs nothing that was there before.
    pub(super) fn named(&self) -> Option<(&'static str, Value)> {
        Some(match self {
            Self::SetOnce(value) => ("$setOnce", value.clone()),
            Self::Add(amount) => ("$add", amount.clone()),
            Self::Append { values, unique: false } => ("$append", values.clone().into()),
            Self::Append { values, unique: true } => ("$postInsert", values.clone().into()),
            Self::Prepend { values, unique: false } => ("$prepend", values.clone().into()),
            Self::Prepend { values, unique: true } => ("$preInsert", values.clone().into()),
            Self::Remove(values) => ("$remove", values.clone().into()),
            Self::Set(_) | Self::Unset | Self::ClearAll => return None,
        })
    }

    /// The operation of an operator's name and argument.
    pub(super) fn of(operator: &Text, argument: Value) -> Option<Self> {
        operation(operator, argument)
    }

    /// What comes of a value.
    pub(super) fn on(&self, value: Option<Value>) -> Option<Value> {
        match self {
            Self::Set(value) => Some(value.clone()),
            Self::Unset | Self::ClearAll => None,
            Self::SetOnce(first) => value.or_else(|| Some(first.clone())),
            Self::Add(amount) => sum(value.as_ref(), amount).or(value),
            Self::Append { values, unique } => {
                let added = added(value.as_ref(), values, *unique);
                Some(joined(items(value), added))
            }
            Self::Prepend { values, unique } => {
                let added = added(value.as_ref(), values, *unique);
                Some(joined(added, items(value)))
            }
            Self::Remove(values) => value.map(|value| Value::Array(without(list(value), values))),
        }
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

fn items(value: Option<Value>) -> Vec<Value> {
    value.map_or_else(Vec::new, list)
}

fn sum(value: Option<&Value>, amount: &Value) -> Option<Value> {
    let number = |value: &Value| match value {
        Value::Number(digits) => digits.to_str().parse::<f64>().ok(),
        _ => None,
    };
    let sum = value.map_or(Some(0.0), number)? + number(amount)?;
    sum.is_finite().then(|| Value::Number(sum.to_string().into()))
}

fn added(value: Option<&Value>, values: &[Value], unique: bool) -> Vec<Value> {
    if unique { without(values.to_vec(), &items(value.cloned())) } else { values.to_vec() }
}

fn joined(mut first: Vec<Value>, second: Vec<Value>) -> Value {
    first.extend(second);
    Value::Array(first)
}

fn without(mut items: Vec<Value>, values: &[Value]) -> Vec<Value> {
    items.retain(|item| !values.contains(item));
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use experiment_wasm::json::parse;

    #[test]
    fn a_text_is_cut_between_two_characters_wherever_it_is() {
        let mut value = parse(r#"{"a":"éü","b":["xyzw",{"c":"äöüß"}],"d":12345,"e":"abc"}"#.as_bytes()).unwrap();
        assert!(cut_texts(&mut value, 3));
        assert_eq!(value.to_json(), r#"{"a":"éü","b":["xyz",{"c":"äöü"}],"d":12345,"e":"abc"}"#);
        assert!(!cut_texts(&mut value, 3));
    }
}
