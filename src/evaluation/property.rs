//! A property of a user: its text, and the keys by which conditions compare it, each computed once.

use crate::dialect::{Dialect, plain};
use crate::json::{self, Text, Value};
use crate::segment::ComparisonKey;

/// A property that the user has.
#[derive(Debug)]
pub(super) struct Property {
    /// The text that is hashed.
    pub(super) text: Text,
    /// Whether it is a list, or a text that is the JSON of a list.
    pub(super) is_list: bool,
    /// The items of the list; of any other property it itself.
    pub(super) items: Vec<Item>,
}

/// A text, and what was computed for conditions before.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) text: Text,
    keys: Vec<(ComparisonKey, Option<Text>)>,
    /// Whether patterns match it, by their index; `None`: not computed yet.
    matches: Vec<Option<bool>>,
}

impl Property {
    pub(super) fn new<D: Dialect>(value: &Value, dialect: &D) -> Self {
        let text = text_of(value, dialect);
        let listed =
            if value.as_str().is_some_and(|text| text.starts_with(b"[")) { json::parse(&text).ok() } else { None };
        let list = listed.as_ref().unwrap_or(value).as_array();
        let mut items = Vec::new();
        for item in list.unwrap_or_default() {
            let text = text_of(item, dialect);
            // Empty texts and nulls are left out, as the reference does.
            if !text.is_empty() {
                items.push(Item::new(text));
            }
        }
        if list.is_none() {
            items.push(Item::new(text.clone()));
        }
        Self { text, is_list: list.is_some(), items }
    }
}

impl Item {
    fn new(text: Text) -> Self {
        Self { text, keys: Vec::new(), matches: Vec::new() }
    }

    /// Its comparison key; `None` if it has none of this kind.
    pub(super) fn key<D: Dialect>(&mut self, key: ComparisonKey, dialect: &D) -> Option<&Text> {
        let known = self.keys.iter().position(|(known, _)| *known == key);
        if known.is_none() {
            self.keys.push((key, key.of(&self.text, dialect)));
        }
        self.keys.get(known.unwrap_or(self.keys.len() - 1))?.1.as_ref()
    }

    /// Whether the pattern of this index matches it.
    pub(super) fn matches<D: Dialect>(&mut self, index: u32, pattern: &D::Pattern, dialect: &D) -> bool {
        let index = index as usize;
        if self.matches.len() <= index {
            self.matches.resize(index + 1, None);
        }
        let Some(known) = self.matches.get_mut(index) else { return false };
        *known.get_or_insert_with(|| dialect.matches(pattern, &self.text))
    }
}

/// `String(value)`, or `JSON.stringify(value)` of an object or a list. Empty for `null`.
fn text_of<D: Dialect>(value: &Value, dialect: &D) -> Text {
    match value {
        Value::Null => Text::default(),
        Value::Number(digits) => plain::print(dialect, digits),
        Value::String(text) => text.clone(),
        Value::Bool(_) => value.to_text(),
        _ => dialect.stringify(value),
    }
}
