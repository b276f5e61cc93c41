//! What is known of a property of a user: its text, and the forms of it that conditions compare, each computed once.

use crate::dialect::{Dialect, plain};
use crate::json::{self, Text, Value};
use crate::segment::Form;

/// A property that is there.
#[derive(Debug)]
pub(super) struct Property {
    /// The text that is hashed.
    pub(super) text: Text,
    /// Whether it is a list, or a text that is the JSON of a list.
    pub(super) is_list: bool,
    /// Its items, or it itself.
    pub(super) words: Vec<Word>,
}

/// A text, and what conditions have asked of it before.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: Text,
    forms: Vec<(Form, Option<Text>)>,
    /// Whether patterns match it, by their numbers; `None` where nobody has asked yet.
    matches: Vec<Option<bool>>,
}

impl Property {
    pub(super) fn new<D: Dialect>(value: &Value, dialect: &D) -> Self {
        let text = text_of(value, dialect);
        let listed =
            if value.as_str().is_some_and(|text| text.starts_with(b"[")) { json::parse(&text).ok() } else { None };
        let items = listed.as_ref().unwrap_or(value).as_array();
        let mut words = Vec::new();
        for item in items.unwrap_or_default() {
            let text = text_of(item, dialect);
            // Empty texts and nulls are left out, as the reference does.
            if !text.is_empty() {
                words.push(Word::new(text));
            }
        }
        if items.is_none() {
            words.push(Word::new(text.clone()));
        }
        Self { text, is_list: items.is_some(), words }
    }
}

impl Word {
    fn new(text: Text) -> Self {
        Self { text, forms: Vec::new(), matches: Vec::new() }
    }

    pub(super) fn form<D: Dialect>(&mut self, form: Form, dialect: &D) -> Option<&Text> {
        let known = self.forms.iter().position(|(known, _)| *known == form);
        if known.is_none() {
            self.forms.push((form, form.of(&self.text, dialect)));
        }
        self.forms.get(known.unwrap_or(self.forms.len() - 1))?.1.as_ref()
    }

    pub(super) fn matches<D: Dialect>(&mut self, number: u32, pattern: &D::Pattern, dialect: &D) -> bool {
        let number = number as usize;
        if self.matches.len() <= number {
            self.matches.resize(number + 1, None);
        }
        let Some(known) = self.matches.get_mut(number) else { return false };
        *known.get_or_insert_with(|| dialect.matches(pattern, &self.text))
    }
}

/// `String(value)`, or `JSON.stringify(value)` of what is an object or a list. Nothing for `null`.
fn text_of<D: Dialect>(value: &Value, dialect: &D) -> Text {
    match value {
        Value::Null => Text::default(),
        Value::Number(digits) => plain::print(dialect, digits),
        Value::String(text) => text.clone(),
        Value::Bool(_) => value.to_text(),
        _ => dialect.stringify(value),
    }
}
