//! What is known of a property of a user: its text, and the forms of it that conditions compare, each computed once.

use std::cell::OnceCell;

use crate::dialect::{Dialect, plain};
use crate::json::{self, Object, Text, Value, write_string};
use crate::segment::{Version, Words};

/// A property that is there.
pub(super) struct Property {
    word: Word,
    list: Option<List>,
}

/// A text, and what it is as a number, as a version and in lower case.
pub(super) struct Word {
    pub(super) text: Text,
    lower: OnceCell<Text>,
    number: OnceCell<f64>,
    version: OnceCell<Option<Version>>,
}

/// The texts of a list, or of a text that is the JSON of a list.
pub(super) struct List {
    /// Sorted by their bytes, each once.
    pub(super) words: Vec<Word>,
    /// How many there were, repetitions included.
    pub(super) count: usize,
}

impl Property {
    pub(super) fn new<D: Dialect>(value: &Value, dialect: &D) -> Self {
        let text = text_of(value, dialect).unwrap_or_default();
        let list = match value {
            Value::Array(items) => Some(List::new(items, dialect)),
            Value::String(text) => listed(text, dialect),
            _ => None,
        };
        Self { word: Word::new(text), list }
    }

    /// The text that is hashed.
    pub(super) fn text(&self) -> &Text {
        &self.word.text
    }

    pub(super) fn word(&self) -> &Word {
        &self.word
    }

    pub(super) fn list(&self) -> Option<&List> {
        self.list.as_ref()
    }
}

impl List {
    /// Empty texts and nulls are left out, as the reference does.
    fn new<D: Dialect>(items: &[Value], dialect: &D) -> Self {
        let texts = items.iter().filter_map(|item| text_of(item, dialect)).filter(|text| !text.is_empty());
        let Words { sorted, count } = Words::new(texts.collect());
        Self { words: sorted.into_iter().map(Word::new).collect(), count }
    }
}

impl Word {
    fn new(text: Text) -> Self {
        Self { text, lower: OnceCell::new(), number: OnceCell::new(), version: OnceCell::new() }
    }

    pub(super) fn lower<D: Dialect>(&self, dialect: &D) -> &Text {
        self.lower.get_or_init(|| plain::lower(dialect, &self.text))
    }

    pub(super) fn number<D: Dialect>(&self, dialect: &D) -> f64 {
        *self.number.get_or_init(|| plain::number(dialect, &self.text))
    }

    pub(super) fn version<D: Dialect>(&self, dialect: &D) -> Option<&Version> {
        self.version.get_or_init(|| Version::parse(&self.text, dialect)).as_ref()
    }
}

impl AsRef<[u8]> for Word {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

/// The list that a text is the JSON of.
fn listed<D: Dialect>(text: &Text, dialect: &D) -> Option<List> {
    if text.first() != Some(&b'[') {
        return None;
    }
    json::parse(text).ok()?.as_array().map(|items| List::new(items, dialect))
}

/// `String(value)`, or `JSON.stringify(value)` of what is an object or a list. `None` for `null`.
fn text_of<D: Dialect>(value: &Value, dialect: &D) -> Option<Text> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("true".into()),
        Value::Bool(false) => Some("false".into()),
        Value::Number(digits) => Some(plain::print(dialect, digits)),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) | Value::Raw(_) => {
            let mut out = Vec::new();
            stringify(value, dialect, &mut out);
            Some(out.into())
        }
    }
}

/// `JSON.stringify`: unlike JSON as it was received, its numbers are printed anew and its objects are in JavaScript's order.
fn stringify<D: Dialect>(value: &Value, dialect: &D, out: &mut Vec<u8>) {
    match value {
        Value::Number(digits) => {
            let number = plain::print(dialect, digits);
            out.extend_from_slice(if number.ends_with(b"Infinity") { b"null" } else { &number });
        }
        Value::Array(items) => {
            out.push(b'[');
            separated(items.iter(), out, |item, out| stringify(item, dialect, out));
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            separated(in_order(object).into_iter(), out, |(name, value), out| {
                write_string(name, out);
                out.push(b':');
                stringify(value, dialect, out);
            });
            out.push(b'}');
        }
        other => json::write(other, out),
    }
}

fn separated<T>(items: impl Iterator<Item = T>, out: &mut Vec<u8>, mut write: impl FnMut(T, &mut Vec<u8>)) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
}

/// Whole numbers first, from small to large, then the names as they were written.
fn in_order(object: &Object) -> Vec<(&Text, &Value)> {
    let (mut indices, mut names) = (Vec::new(), Vec::new());
    for entry in once_each(object) {
        let Some(index) = array_index(entry.0) else {
            names.push(entry);
            continue;
        };
        // Insertion: such names are rare, and a sort of std is 2 KB of wasm.
        let at = indices.iter().position(|(other, _)| *other > index);
        indices.insert(at.unwrap_or(indices.len()), (index, entry));
    }
    indices.into_iter().map(|(_, entry)| entry).chain(names).collect()
}

/// Of a name written twice, the first place and the last value.
fn once_each(object: &Object) -> Vec<(&Text, &Value)> {
    let mut entries: Vec<(&Text, &Value)> = Vec::with_capacity(object.len());
    for (name, value) in object.iter() {
        match entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => entries.push((name, value)),
        }
    }
    entries
}

/// A name that JavaScript takes for an index of a list: the largest is 2³² − 2.
fn array_index(name: &Text) -> Option<u32> {
    let canonical = name.len() == 1 || name.first() != Some(&b'0');
    let index = name.to_u64().filter(|_| canonical)?;
    u32::try_from(index).ok().filter(|index| *index < u32::MAX)
}
