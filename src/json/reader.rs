//! The pull parser: one pass over JSON text, no recursion deeper than [`MAX_DEPTH`], no value built that nobody asked for.
//!
//! It reads what `JSON.parse` reads, and refuses what that refuses. What cannot be read on is at its end: from then on every
//! value is empty and every list is over, so that callers look once, with [`Reader::end`], and not after each step (a
//! `Result` for each value made the reading of flags 12 KB of wasm; now it is 6). Vectors: the unit tests below, and the suites
//! that compare every flag with the reference.

use std::borrow::Cow;

use super::{MAX_BYTES, MAX_DEPTH, Object, Text, Value};

/// Where and why a text is not JSON that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The byte at which reading stopped.
    pub at: usize,
    /// Why.
    pub code: JsonCode,
}

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonCode {
    /// It is not JSON.
    Syntax,
    /// Another kind of value was asked for, or a field of it is missing.
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

/// The fields of an object, as they come.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// The place of the last one among those that are known, or one past them.
    pub at: usize,
    /// Those that came, by place, one bit each.
    seen: u32,
}

/// A place in a JSON text.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    /// A list or an object has begun, and nothing of it was read: no comma comes before its first item.
    is_fresh: bool,
    error: Option<JsonError>,
    /// The field in which it happened.
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

    /// Starts at the beginning of a text that may have this many bytes; nothing is read of a longer one.
    pub fn within(text: &'a [u8], most: usize) -> Self {
        let mut reader = Self { text, at: 0, depth: 0, is_fresh: false, error: None, field: "" };
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

    /// The byte at which reading goes on.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The text from a place on that was read.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Why reading stopped, if it did.
    pub fn error(&self) -> Option<JsonError> {
        self.error
    }

    /// The innermost known field in which reading stopped; empty outside of all.
    pub fn field_of_error(&self) -> &'static str {
        self.field
    }

    /// Stops reading: what stands here is not what was asked for.
    pub fn refuse(&mut self) {
        self.fail(JsonCode::Kind);
    }

    /// Reads `null`, if it stands here.
    pub fn null(&mut self) -> bool {
        let is_null = self.peek() == Kind::Null;
        if is_null {
            self.word(b"null");
        }
        is_null
    }

    /// Reads `true` or `false`.
    pub fn bool(&mut self) -> bool {
        self.skip_space();
        let value = self.byte() == Some(b't');
        self.word(if value { b"true" } else { b"false" });
        value
    }

    /// Reads a number, as it is written.
    pub fn number(&mut self) -> &'a [u8] {
        self.skip_space();
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits();
        }
        if self.take(b'.') {
            self.digits();
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits();
        }
        self.since(start)
    }

    /// Reads a string and takes its escapes away.
    pub fn string(&mut self) -> Text {
        match self.characters() {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }

    /// Begins a list, to be read to its end with [`Self::more`].
    pub fn list(&mut self) {
        self.begin(b'[');
    }

    /// Begins an object, to be read to its end with [`Self::name`] or [`Self::field`].
    pub fn object(&mut self) -> Fields {
        self.begin(b'{');
        Fields { at: usize::MAX, seen: 0 }
    }

    /// Goes to the next item of a list, which must be read (or skipped); false at its end.
    pub fn more(&mut self) -> bool {
        self.goes_on(b']')
    }

    /// Goes to the next value of an object, which must be read (or skipped), and returns its name; `None` at its end.
    pub fn name(&mut self) -> Option<Cow<'a, [u8]>> {
        if !self.goes_on(b'}') {
            return None;
        }
        let name = self.characters();
        if !self.take_next(b':') {
            self.fail(JsonCode::Syntax);
        }
        Some(name)
    }

    /// Goes to the next field of an object, which must be read (or skipped); false at its end. The first ones of those that
    /// are known, as many as are `required`, must be there.
    pub fn field(&mut self, fields: &mut Fields, required: usize, known: &[&'static str]) -> bool {
        self.stopped_in(known.get(fields.at));
        if let Some(name) = self.name() {
            // A `match` on texts would be compiled into comparisons byte by byte.
            fields.at = known.iter().position(|known| known.as_bytes() == &*name).unwrap_or(known.len());
            fields.seen |= 1 << fields.at;
            return true;
        }
        let missing = known.iter().take(required).enumerate().find(|(at, _)| fields.seen >> at & 1 == 0);
        if self.error.is_none() && missing.is_some() {
            self.fail(JsonCode::Kind);
            self.stopped_in(missing.map(|(_, field)| field));
        }
        false
    }

    /// Names the field in which reading stopped, if it did and none further in is named.
    fn stopped_in(&mut self, field: Option<&&'static str>) {
        if let (Some(_), "", Some(field)) = (self.error, self.field, field) {
            self.field = field;
        }
    }

    /// Reads any value; what is too deep becomes [`Value::Raw`].
    ///
    /// # Errors
    /// When no JSON stands here, or reading stopped before.
    pub fn value(&mut self) -> Result<Value, JsonError> {
        let value = self.any();
        self.error.map_or(Ok(value), Err)
    }

    /// Passes over any value and returns its text. Does not recurse, so no depth is too deep.
    pub fn span(&mut self) -> &'a [u8] {
        self.skip_space();
        let start = self.at;
        self.skip();
        self.since(start)
    }

    /// Passes over any value.
    pub fn skip(&mut self) {
        let mut open = Vec::new();
        loop {
            match self.peek() {
                Kind::Array => {
                    self.list();
                    open.push(false);
                }
                Kind::Object => {
                    self.object();
                    open.push(true);
                }
                Kind::Null => drop(self.null()),
                Kind::Bool => drop(self.bool()),
                Kind::String => drop(self.characters()),
                Kind::Number | Kind::Nothing => drop(self.number()),
            }
            while let Some(is_object) = open.last() {
                let goes_on = if *is_object { self.name().is_some() } else { self.more() };
                if goes_on {
                    break;
                }
                open.pop();
            }
            if open.is_empty() {
                return;
            }
        }
    }

    /// Makes sure that all was read, and nothing but white space is left.
    ///
    /// # Errors
    /// Why reading stopped, or [`JsonCode::Syntax`] when something is left.
    pub fn end(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.at < self.text.len() {
            self.fail(JsonCode::Syntax);
        }
        self.error.map_or(Ok(()), Err)
    }

    /// Reads any value, as [`Self::value`] does.
    pub(crate) fn any(&mut self) -> Value {
        match self.peek() {
            Kind::Null => {
                self.null();
                Value::Null
            }
            Kind::Bool => Value::Bool(self.bool()),
            Kind::String => Value::String(self.string()),
            Kind::Array | Kind::Object if self.depth >= MAX_DEPTH => Value::Raw(self.span().into()),
            Kind::Array => self.items(),
            Kind::Object => self.entries(),
            Kind::Number | Kind::Nothing => Value::Number(self.number().into()),
        }
    }

    fn items(&mut self) -> Value {
        let mut items = Vec::new();
        self.list();
        while self.more() {
            items.push(self.any());
        }
        Value::Array(items)
    }

    fn entries(&mut self) -> Value {
        let mut entries = Object::new();
        self.object();
        while let Some(name) = self.name() {
            entries.push(name.into_owned().into(), self.any());
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
    fn goes_on(&mut self, end: u8) -> bool {
        let is_first = std::mem::take(&mut self.is_fresh);
        if self.take_next(end) {
            self.depth -= 1;
            return false;
        }
        let goes_on = is_first || self.take(b',');
        if !goes_on {
            self.fail(JsonCode::Syntax);
        }
        goes_on
    }

    /// A string without its escapes: a piece of the text where there are none.
    fn characters(&mut self) -> Cow<'a, [u8]> {
        if !self.take_next(b'"') {
            self.fail(JsonCode::Kind);
        }
        let mut text = Cow::Borrowed(self.plain());
        while !self.take(b'"') {
            if !self.take(b'\\') {
                self.fail(JsonCode::Syntax);
                break;
            }
            let text = text.to_mut();
            self.escape(text);
            text.extend_from_slice(self.plain());
        }
        text
    }

    /// The next part of a string that needs no change.
    fn plain(&mut self) -> &'a [u8] {
        // Most bytes of a text are these, so the loop holds nothing that a build for size would make a call of.
        let start = self.at;
        let mut end = start;
        for byte in self.text.get(start..).unwrap_or_default() {
            if *byte == b'"' || *byte == b'\\' || *byte < 0x20 {
                break;
            }
            end += 1;
        }
        self.at = end;
        self.since(start)
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let byte = self.byte();
        self.at += 1;
        out.push(match byte {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => return self.unicode(out),
            _ => return self.fail(JsonCode::Syntax),
        });
    }

    /// `\uXXXX`, joined with a low surrogate that follows a high one.
    fn unicode(&mut self, out: &mut Vec<u8>) {
        let Some(mut code) = self.hex(b"") else { return self.fail(JsonCode::Syntax) };
        self.at += 4;
        if let (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) = (code, self.hex(b"\\u")) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            self.at += 6;
        }
        push_wtf8(code, out);
    }

    /// The number in the next four hexadecimal digits, with this before them.
    fn hex(&self, before: &[u8]) -> Option<u32> {
        let digits = self.text.get(self.at..)?.strip_prefix(before)?.get(..4)?;
        digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
    }

    fn digits(&mut self) {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            self.fail(JsonCode::Syntax);
        }
    }

    fn word(&mut self, word: &[u8]) {
        if self.text.get(self.at..).unwrap_or_default().starts_with(word) {
            self.at += word.len();
        } else {
            self.fail(JsonCode::Syntax);
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Takes this byte, and white space before it.
    fn take_next(&mut self, byte: u8) -> bool {
        self.skip_space();
        self.take(byte)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_here = self.byte() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    /// Remembers the first error and goes to the end, where nothing can be read.
    #[inline(never)]
    fn fail(&mut self, code: JsonCode) {
        self.error.get_or_insert(JsonError { at: self.at, code });
        self.at = self.text.len();
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
            assert!(reader.end().is_err(), "{text}");
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
