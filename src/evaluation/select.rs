//! Following a selector through objects and lists, as JavaScript's `object[name]` does for JSON values.
//!
//! A list has its items by index and its `length`. Names that JavaScript finds on prototypes (`constructor`, `map`) are not
//! found here.

use std::borrow::Cow;

use crate::dialect::plain::array_index;
use crate::json::{Text, Value};

/// The value at the end of a path; `null` counts as absent.
pub(super) fn select<'a>(root: &'a Value, path: &[Text]) -> Option<Cow<'a, Value>> {
    let Some((last, parents)) = path.split_last() else {
        return Some(Cow::Borrowed(root)).filter(|root| !root.is_null());
    };
    let parent = parents.iter().try_fold(root, |value, name| member(value, name))?;
    let found = match parent {
        Value::Array(items) if *last == "length" => Cow::Owned(Value::from(items.len() as u64)),
        _ => Cow::Borrowed(member(parent, last)?),
    };
    Some(found).filter(|found| !found.is_null())
}

fn member<'a>(value: &'a Value, name: &Text) -> Option<&'a Value> {
    match value {
        Value::Object(object) => object.get(name),
        Value::Array(items) => items.get(array_index(name)? as usize),
        _ => None,
    }
}
