//! The pull parser: one pass over JSON text, no recursion deeper than [`MAX_DEPTH`], and only the values that are read are
//! built.
//!
//! It reads what `JSON.parse` reads, and refuses what that refuses. After an error the reader is at its end: every value is
//! empty and every list is over, so that callers check once, with [`Reader::finish`], and not after each step (a `Result` for
//! each value made the reading of flags 12 KB of wasm; now it is 6). Vectors: the unit tests below, and the suites that
//! compare every flag with the reference.

use std::borrow::Cow;

use super::{MAX_BYTES, MAX_DEPTH, Object, Text, Value};

/// Where and why a text is not JSON that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The byte at which reading stopped.
    pub offset: usize,
    /// Why.
    pub code: JsonCode,
}

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonCode {
    /// It is not JSON.
    Syntax,
    /// It is another kind of value, or a field of it is missing.
    Kind,
    /// It is longer than [`MAX_BYTES`].
    Size,
}

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
    /// No value starts here.
    Nothing,
}

/// The state of reading an object's fields.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// The index of the last field among the known ones; their number for an unknown field.
    pub index: usize,
    /// The fields that were read, one bit each.
    seen: u32,
}

/// A reader of JSON text, and how far it has come.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a [u8],
    offset: usize,
    depth: u32,
    /// A list or an object has just begun: no comma comes before its first item.
    is_fresh: bool,
    error: Option<JsonError>,
    /// The field in which the error is.
    field: &'static str,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of a text.
    ///
    /// # Errors
    /// [`JsonCode::Size`] for a text over [`MAX_BYTES`].
    pub fn new(text: &'a [u8]) -> Result<Self, JsonError> {
        let reader = Self::within(text, MAX_BYTES);
        match reader.error {
            Some(error) => Err(error),
            None => Ok(reader),
        }
    }

    /// Starts at the beginning of a text that may have this many bytes; a longer text is not read.
    pub fn within(text: &'a [u8], most: usize) -> Self {
        let mut reader = Self { text, offset: 0, depth: 0, is_fresh: false, error: None, field: "" };
        if text.len() > most {
            reader.fail(JsonCode::Size);
        }
        reader
    }

    /// The kind of the next value.
    pub fn peek(&mut self) -> Kind {
        self.skip_space();
        match self.byte() {
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            _ => Kind::Nothing,
        }
    }

    /// The offset of the next byte.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The text that was read since an offset.
    pub fn text_since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.offset).unwrap_or_default()
    }

    /// Why reading stopped, if it did.
    pub fn error(&self) -> Option<JsonError> {
        self.error
    }

    /// The innermost known field in which reading stopped; empty if there is none.
    pub fn error_field(&self) -> &'static str {
        self.field
    }

    /// Stops reading with an error: the value is of another kind than the caller needs.
    pub fn refuse(&mut self) {
        self.fail(JsonCode::Kind);
    }

    /// Reads `null`, if it is the next value.
    pub fn read_null(&mut self) -> bool {
        let is_null = self.peek() == Kind::Null;
        if is_null {
            self.expect_literal(b"null");
        }
        is_null
    }

    /// Reads `true` or `false`.
    pub fn read_bool(&mut self) -> bool {
        self.skip_space();
        let value = self.byte() == Some(b't');
        self.expect_literal(if value { b"true" } else { b"false" });
        value
    }

    /// Reads a number, as it is written.
    pub fn read_number(&mut self) -> &'a [u8] {
        self.skip_space();
        let start = self.offset;
        self.take(b'-');
        if !self.take(b'0') {
            self.read_digits();
        }
        if self.take(b'.') {
            self.read_digits();
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.read_digits();
        }
        self.text_since(start)
    }

    /// Reads a string and unescapes it.
    pub fn read_string(&mut self) -> Text {
        match self.read_characters() {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }

    /// Begins a list, to be read to its end with [`Self::next_item`].
    pub fn begin_list(&mut self) {
        self.begin(b'[');
    }

    /// Begins an object, to be read to its end with [`Self::next_name`] or [`Self::next_field`].
    pub fn begin_object(&mut self) -> Fields {
        self.begin(b'{');
        Fields { index: usize::MAX, seen: 0 }
    }

    /// Goes to the next item of a list, which must be read (or skipped); false at its end.
    pub fn next_item(&mut self) -> bool {
        self.has_next(b']')
    }

    /// Goes to the next value of an object, which must be read (or skipped), and returns its name; `None` at its end.
    pub fn next_name(&mut self) -> Option<Cow<'a, [u8]>> {
        if !self.has_next(b'}') {
            return None;
        }
        let name = self.read_characters();
        if !self.take_next(b':') {
            self.fail(JsonCode::Syntax);
        }
        Some(name)
    }

    /// Goes to the next field of an object, which must be read (or skipped); false at its end. The first `required` of the
    /// known fields must be there.
    pub fn next_field(&mut self, fields: &mut Fields, required: usize, known: &[&'static str]) -> bool {
        self.note_error_field(known.get(fields.index));
        if let Some(name) = self.next_name() {
            // A `match` on texts would be compiled into comparisons byte by byte.
            fields.index = known.iter().position(|known| known.as_bytes() == &*name).unwrap_or(known.len());
            fields.seen |= 1 << fields.index;
            return true;
        }
        let missing = known.iter().take(required).enumerate().find(|(index, _)| fields.seen >> index & 1 == 0);
        if self.error.is_none() && missing.is_some() {
            self.fail(JsonCode::Kind);
            self.note_error_field(missing.map(|(_, field)| field));
        }
        false
    }

    /// Notes the field in which reading stopped, unless an inner one is noted.
    fn note_error_field(&mut self, field: Option<&&'static str>) {
        if let (Some(_), "", Some(field)) = (self.error, self.field, field) {
            self.field = field;
        }
    }

    /// Reads any value; what is too deep becomes [`Value::Raw`].
    ///
    /// # Errors
    /// When the next value is no JSON, or reading stopped before.
    pub fn read_value(&mut self) -> Result<Value, JsonError> {
        let value = self.read_any();
        self.error.map_or(Ok(value), Err)
    }

    /// Reads any value as its text. Does not recurse, so no depth is too deep.
    pub fn read_raw(&mut self) -> &'a [u8] {
        self.skip_space();
        let start = self.offset;
        self.skip();
        self.text_since(start)
    }

    /// Skips any value.
    pub fn skip(&mut self) {
        let mut open = Vec::new();
        loop {
            match self.peek() {
                Kind::Array => {
                    self.begin_list();
                    open.push(false);
                }
                Kind::Object => {
                    self.begin_object();
                    open.push(true);
                }
                Kind::Null => drop(self.read_null()),
                Kind::Bool => drop(self.read_bool()),
                Kind::String => drop(self.read_characters()),
                Kind::Number | Kind::Nothing => drop(self.read_number()),
            }
            while let Some(is_object) = open.last() {
                let has_next = if *is_object { self.next_name().is_some() } else { self.next_item() };
                if has_next {
                    break;
                }
                open.pop();
            }
            if open.is_empty() {
                return;
            }
        }
    }

    /// Checks that everything was read, and nothing but white space is left.
    ///
    /// # Errors
    /// Why reading stopped, or [`JsonCode::Syntax`] when something is left.
    pub fn finish(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.offset < self.text.len() {
            self.fail(JsonCode::Syntax);
        }
        self.error.map_or(Ok(()), Err)
    }

    /// Reads any value, as [`Self::read_value`] does.
    pub(crate) fn read_any(&mut self) -> Value {
        match self.peek() {
            Kind::Null => {
                self.read_null();
                Value::Null
            }
            Kind::Bool => Value::Bool(self.read_bool()),
            Kind::String => Value::String(self.read_string()),
            Kind::Array | Kind::Object if self.depth >= MAX_DEPTH => Value::Raw(self.read_raw().into()),
            Kind::Array => self.read_array(),
            Kind::Object => self.read_object(),
            Kind::Number | Kind::Nothing => Value::Number(self.read_number().into()),
        }
    }

    fn read_array(&mut self) -> Value {
        let mut items = Vec::new();
        self.begin_list();
        while self.next_item() {
            items.push(self.read_any());
        }
        Value::Array(items)
    }

    fn read_object(&mut self) -> Value {
        let mut entries = Object::new();
        self.begin_object();
        while let Some(name) = self.next_name() {
            entries.push(name.into_owned().into(), self.read_any());
        }
        Value::Object(entries)
    }

    fn begin(&mut self, bracket: u8) {
        if !self.take_next(bracket) {
            return self.fail(JsonCode::Kind);
        }
        self.depth += 1;
        self.is_fresh = true;
    }

    /// After the beginning of a list or an object, or a value in it: goes to the next value or name, or past the end.
    fn has_next(&mut self, end: u8) -> bool {
        let is_first = std::mem::take(&mut self.is_fresh);
        if self.take_next(end) {
            self.depth -= 1;
            return false;
        }
        let has_next = is_first || self.take(b',');
        if !has_next {
            self.fail(JsonCode::Syntax);
        }
        has_next
    }

    /// Reads a string and unescapes it; borrows from the text where there are no escapes.
    fn read_characters(&mut self) -> Cow<'a, [u8]> {
        if !self.take_next(b'"') {
            self.fail(JsonCode::Kind);
        }
        let mut text = Cow::Borrowed(self.read_unescaped());
        while !self.take(b'"') {
            if !self.take(b'\\') {
                self.fail(JsonCode::Syntax);
                break;
            }
            let text = text.to_mut();
            self.read_escape(text);
            text.extend_from_slice(self.read_unescaped());
        }
        text
    }

    /// Reads the part of a string before the next escape or the end.
    fn read_unescaped(&mut self) -> &'a [u8] {
        // Most bytes of a text are read here, so the loop has nothing that a build for size would turn into a call.
        let start = self.offset;
        let mut end = start;
        for byte in self.text.get(start..).unwrap_or_default() {
            if *byte == b'"' || *byte == b'\\' || *byte < 0x20 {
                break;
            }
            end += 1;
        }
        self.offset = end;
        self.text_since(start)
    }

    fn read_escape(&mut self, out: &mut Vec<u8>) {
        let byte = self.byte();
        self.offset += 1;
        out.push(match byte {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => return self.read_unicode_escape(out),
            _ => return self.fail(JsonCode::Syntax),
        });
    }

    /// Reads the digits of `\uXXXX`, and joins a low surrogate that follows a high one.
    fn read_unicode_escape(&mut self, out: &mut Vec<u8>) {
        let Some(mut code) = self.peek_hex(b"") else { return self.fail(JsonCode::Syntax) };
        self.offset += 4;
        if let (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) = (code, self.peek_hex(b"\\u")) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            self.offset += 6;
        }
        push_wtf8(code, out);
    }

    /// The number in the next four hexadecimal digits after a prefix.
    fn peek_hex(&self, prefix: &[u8]) -> Option<u32> {
        let digits = self.text.get(self.offset..)?.strip_prefix(prefix)?.get(..4)?;
        digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
    }

    fn read_digits(&mut self) {
        let start = self.offset;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.offset += 1;
        }
        if self.offset == start {
            self.fail(JsonCode::Syntax);
        }
    }

    fn expect_literal(&mut self, literal: &[u8]) {
        if self.text.get(self.offset..).unwrap_or_default().starts_with(literal) {
            self.offset += literal.len();
        } else {
            self.fail(JsonCode::Syntax);
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.offset += 1;
        }
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.text.get(self.offset).copied()
    }

    /// Takes this byte, if it is the next after white space.
    fn take_next(&mut self, byte: u8) -> bool {
        self.skip_space();
        self.take(byte)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_here = self.byte() == Some(byte);
        self.offset += usize::from(is_here);
        is_here
    }

    /// Stores the first error and goes to the end, where nothing can be read.
    #[inline(never)]
    fn fail(&mut self, code: JsonCode) {
        self.error.get_or_insert(JsonError { offset: self.offset, code });
        self.offset = self.text.len();
        self.is_fresh = false;
    }
}

/// Appends a code point, or a lone surrogate as its three bytes.
fn push_wtf8(code: u32, out: &mut Vec<u8>) {
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3F) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend_from_slice(&[0xC0 | (code >> 6) as u8, tail(0)]),
        0x800..0x10000 => out.extend_from_slice(&[0xE0 | (code >> 12) as u8, tail(6), tail(0)]),
        _ => out.extend_from_slice(&[0xF0 | (code >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse, write_string};
    use super::*;

    fn again(text: &str) -> String {
        parse(text.as_bytes()).unwrap().to_json()
    }

    #[test]
    fn what_is_read_is_written_back() {
        for text in [
            r#"{"a":[1,-0.5e+10,true,false,null,"x"],"b":{}}"#,
            r#"[[],{},"",0]"#,
            r#""\u0000\n\"\\é𐍈""#,
            r#""\ud83d""#,
            "1e400",
        ] {
            assert_eq!(again(text), text);
        }
    }

    #[test]
    fn a_pair_of_escapes_is_one_character_and_a_lone_surrogate_three_bytes() {
        assert_eq!(parse(br#""\ud800\udf48""#).unwrap().as_str().unwrap().as_bytes(), "𐍈".as_bytes());
        assert_eq!(parse(br#""\ud83d""#).unwrap().as_str().unwrap().as_bytes(), [0xED, 0xA0, 0xBD]);
        assert_eq!(again(r#""\ud83d\u0041""#), r#""\ud83dA""#);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let broken = [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "+1",
            "\"\\x\"",
            "\"\n\"",
            "nul",
            "[1]]",
            "{a:1}",
            "{\"a\"}",
            "\"\\ud8\"",
            "[",
            "tru",
            "1e",
            "-",
            "[,1]",
        ];
        for text in broken {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
            let mut reader = Reader::new(text.as_bytes()).unwrap();
            reader.skip();
            assert!(reader.finish().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_passes_through_as_it_came() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(again(&deep), deep);
        let mixed = format!("{}{{\"b\": 1}}{}", "{\"a\":[".repeat(5_000), "]}".repeat(5_000));
        assert_eq!(again(&mixed), mixed);
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn the_last_of_two_names_is_the_one_that_is_read() {
        let value = parse(br#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(value.as_object().unwrap().get("a").unwrap().as_u64(), Some(2));
    }

    #[test]
    fn two_halves_of_a_pair_written_apart_are_escaped_each() {
        let mut out = Vec::new();
        write_string(&[0xED, 0xA0, 0xBD, b'x'], &mut out);
        assert_eq!(out, br#""\ud83dx""#);
    }
}
