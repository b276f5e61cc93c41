//! Where a flag that is to be written is wrong, and why: a path of fields, a code for machines, a reason for people.

use std::fmt;

use crate::json::{Object, Value};

/// The longest name that stands in a path, in characters: names of variants are the author's and may be anything.
const LONGEST_NAME: usize = 64;

/// What is wrong with a flag that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The stable name of the fault, for machines.
    pub code: &'static str,
    /// Why, for people: a sentence whose subject is the field. It never quotes the value.
    pub reason: &'static str,
    /// The path of the field: `segments[0].bucket.salt`.
    pub field: String,
}

/// The result of a check.
pub(super) type Check<T = ()> = Result<T, Fault>;

impl Fault {
    /// A fault of the checked value itself.
    pub fn new(code: &'static str, reason: &'static str) -> Self {
        Self { code, reason, field: String::new() }
    }

    /// The flag depends on itself.
    pub fn cycle() -> Self {
        Self::new("cycle", "makes the flag depend on itself")
    }

    /// The fault, seen from the object that has the value in this field.
    #[must_use]
    pub fn of(mut self, name: &str) -> Self {
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let point = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = format!("{name}{point}{}", self.field);
        self
    }

    /// The fault, seen from the list that has the value at this index.
    #[must_use]
    pub fn at(mut self, index: usize) -> Self {
        let point = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = format!("[{index}]{point}{}", self.field);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` {}", self.field, self.reason)
    }
}

/// The fault of a value of another kind.
pub(super) fn expected(what: &'static str) -> Fault {
    Fault::new("shape", what)
}

/// Checks a field that must be there.
pub(super) fn required(object: &Object, name: &str, check: impl FnOnce(&Value) -> Check) -> Check {
    let value = object.get(name).ok_or_else(|| Fault::new("missing", "is missing"));
    value.and_then(check).map_err(|fault| fault.of(name))
}

/// Checks a field that may be missing or `null`.
pub(super) fn optional(object: &Object, name: &str, check: impl FnOnce(&Value) -> Check) -> Check {
    let value = object.get(name).filter(|value| !value.is_null());
    value.map_or(Ok(()), check).map_err(|fault| fault.of(name))
}

/// Checks the items of a list.
pub(super) fn each(list: &Value, check: impl Fn(&Value) -> Check) -> Check {
    let items = list.as_array().ok_or_else(|| expected("must be a list"))?;
    items.iter().enumerate().try_for_each(|(index, item)| check(item).map_err(|fault| fault.at(index)))
}
