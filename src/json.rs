//! JSON values, read from text and written to it, with JavaScript's idea of a string.
//!
//! Numbers stay as they were written: parsing floats costs 19 KB of wasm, and a [`Dialect`](crate::dialect::Dialect) does it
//! where it is needed. What is nested deeper than [`MAX_DEPTH`] is not parsed: it is kept as text and written back unchanged.
//! [`Reader`] reads, [`write`] writes.

mod reader;
mod text;
mod well_formed;
mod writer;

pub use reader::{JsonCode, JsonError, Kind, Reader};
pub use text::Text;
pub use writer::{write, write_string, write_u64};

/// How deep values are parsed; deeper ones stay text. Flags and users of real projects stay under 12.
pub const MAX_DEPTH: u32 = 64;

/// The largest text that is read, in bytes. The largest flag set seen in the field is under 4 MiB.
pub const MAX_BYTES: usize = 16 << 20;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Text),
    /// A string, unescaped.
    String(Text),
    /// A list.
    Array(Vec<Value>),
    /// A map, in the order it was written.
    Object(Object),
    /// JSON text that lies deeper than [`MAX_DEPTH`], as it was written.
    Raw(Text),
}

/// A JSON object. A name written twice is kept twice, and the last one counts, as in JavaScript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(Text, Value)>);

/// Reads one JSON text.
///
/// # Errors
/// A [`JsonError`] with the offset at which the text stops being JSON, or if it is longer than [`MAX_BYTES`].
pub fn parse(text: &[u8]) -> Result<Value, JsonError> {
    let mut reader = Reader::new(text)?;
    let value = reader.read_value()?;
    reader.finish()?;
    Ok(value)
}

impl Object {
    /// An empty object.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of a name.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&Value> {
        self.index_of(key.as_ref()).and_then(|index| self.0.get(index)).map(|(_, value)| value)
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, key: impl AsRef<[u8]>) -> Option<&mut Value> {
        self.index_of(key.as_ref()).and_then(|index| self.0.get_mut(index)).map(|(_, value)| value)
    }

    /// Gives a name this value, at its old position if it had one.
    pub fn set(&mut self, key: impl Into<Text>, value: impl Into<Value>) {
        self.replace(key.into(), value.into());
    }

    /// Appends without looking whether the name is there already.
    pub fn push(&mut self, key: Text, value: Value) {
        self.0.push((key, value));
    }

    /// Appends a name that is not there yet.
    pub fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.append(name, value.into());
    }

    /// Takes a name out and returns what it held.
    pub fn remove(&mut self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.take(key.as_ref())
    }

    /// Removes the first name.
    pub fn remove_first(&mut self) {
        self.0.drain(..1.min(self.0.len()));
    }

    // The generic functions above in one copy each.

    #[inline(never)]
    fn append(&mut self, name: &str, value: Value) {
        self.push(name.into(), value);
    }

    #[inline(never)]
    fn index_of(&self, key: &[u8]) -> Option<usize> {
        self.0.iter().rposition(|(name, _)| name.as_bytes() == key)
    }

    #[inline(never)]
    fn replace(&mut self, key: Text, value: Value) {
        match self.get_mut(&key) {
            Some(old) => *old = value,
            None => self.push(key, value),
        }
    }

    #[inline(never)]
    fn take(&mut self, key: &[u8]) -> Option<Value> {
        let value = self.index_of(key).map(|index| self.0.remove(index).1);
        while let Some(index) = self.index_of(key) {
            self.0.remove(index);
        }
        value
    }

    /// The object in a JSON text, if that is one.
    #[inline(never)]
    pub fn parse(text: &[u8]) -> Option<Self> {
        parse(text).ok()?.into_object()
    }

    /// Its values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Names and values in the order they were written.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Text, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many names there are, counting repeated ones.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets all names of another object, over those of this one.
    pub fn extend_from(&mut self, later: &Object) {
        for (name, value) in later.iter() {
            self.set(name.clone(), value.clone());
        }
    }

    /// The JSON text of this object: UTF-8 where its texts are WTF-8 and its raw parts are UTF-8.
    pub fn to_text(&self) -> Text {
        let mut out = Vec::new();
        writer::write_object(self, &mut out);
        out.into()
    }

    /// The JSON text of this object, as a string; what is no character is U+FFFD.
    pub fn to_json(&self) -> String {
        self.to_text().into_string()
    }
}

impl IntoIterator for Object {
    type Item = (Text, Value);
    type IntoIter = std::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(Text, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl Value {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&Text> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The object, if it is one, to be changed.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The list, taken out.
    pub fn into_array(self) -> Option<Vec<Value>> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if it is one, taken out.
    pub fn into_object(self) -> Option<Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The number, if it is written as a plain whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Number(digits) => text::to_u64(digits),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The JSON text of this value: UTF-8 where its texts are WTF-8 and its raw parts are UTF-8.
    pub fn to_text(&self) -> Text {
        let mut out = Vec::new();
        write(self, &mut out);
        out.into()
    }

    /// The JSON text of this value, as a string; what is no character is U+FFFD.
    pub fn to_json(&self) -> String {
        self.to_text().into_string()
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Value::String(text)
    }
}

impl From<&Text> for Value {
    fn from(text: &Text) -> Self {
        Value::String(text.clone())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Number(text::from_u64(number))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Value::Object(object)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Value::Array(items)
    }
}
