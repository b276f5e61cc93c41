//! The pull parser: one pass over JSON text, no recursion deeper than [`MAX_DEPTH`], no value built that nobody asked for.
//!
//! It reads what `JSON.parse` reads, and refuses what that refuses. Vectors: the unit tests below, and the suites that
//! compare every flag with the reference.

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
    /// It is JSON, but another kind of value was asked for.
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
}

/// A place in a JSON text.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
}

type Read<T> = Result<T, JsonError>;

impl<'a> Reader<'a> {
    /// Starts at the beginning of a text.
    ///
    /// # Errors
    /// [`JsonCode::Size`] for a text over [`MAX_BYTES`].
    pub fn new(text: &'a [u8]) -> Read<Self> {
        Self::within(text, MAX_BYTES)
    }

    /// Starts at the beginning of a text that may have this many bytes.
    ///
    /// # Errors
    /// [`JsonCode::Size`] for a longer one.
    pub fn within(text: &'a [u8], most: usize) -> Read<Self> {
        let reader = Self { text, at: 0, depth: 0 };
        if text.len() > most { reader.fail(JsonCode::Size) } else { Ok(reader) }
    }

    /// The kind of the next value.
    ///
    /// # Errors
    /// [`JsonCode::Syntax`] where no value starts.
    pub fn peek(&mut self) -> Read<Kind> {
        self.skip_space();
        match self.byte() {
            Some(b'n') => Ok(Kind::Null),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'"') => Ok(Kind::String),
            Some(b'[') => Ok(Kind::Array),
            Some(b'{') => Ok(Kind::Object),
            _ => self.fail(JsonCode::Syntax),
        }
    }

    /// The byte at which reading goes on.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// When something else stands here.
    pub fn null(&mut self) -> Read<()> {
        self.expect(Kind::Null)?;
        self.word(b"null")
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// When something else stands here.
    pub fn bool(&mut self) -> Read<bool> {
        self.expect(Kind::Bool)?;
        let value = self.byte() == Some(b't');
        self.word(if value { b"true" } else { b"false" })?;
        Ok(value)
    }

    /// Reads a number, as it is written.
    ///
    /// # Errors
    /// When something else stands here.
    pub fn number(&mut self) -> Read<&'a [u8]> {
        self.expect(Kind::Number)?;
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.since(start))
    }

    /// Reads a string and takes its escapes away.
    ///
    /// # Errors
    /// When something else stands here, or an escape is broken.
    pub fn string(&mut self) -> Read<Text> {
        self.expect(Kind::String)?;
        self.at += 1;
        let start = self.at;
        self.plain();
        if self.byte() == Some(b'"') {
            let text = self.since(start).into();
            self.at += 1;
            return Ok(text);
        }
        let mut out = self.since(start).to_vec();
        self.escaped(&mut out)?;
        Ok(out.into())
    }

    /// Reads a list; `item` must read (or skip) each of its values.
    ///
    /// # Errors
    /// When something else stands here, or `item` fails.
    pub fn array<E: From<JsonError>>(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        let mut more = self.begin(Kind::Array)?;
        while more {
            item(self)?;
            more = self.more(b']')?;
        }
        Ok(())
    }

    /// Reads an object; `entry` must read (or skip) the value of each name.
    ///
    /// # Errors
    /// When something else stands here, or `entry` fails.
    pub fn object<E: From<JsonError>>(
        &mut self,
        mut entry: impl FnMut(&mut Self, Text) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut more = self.begin(Kind::Object)?;
        while more {
            let name = self.member()?;
            entry(self, name)?;
            more = self.more(b'}')?;
        }
        Ok(())
    }

    /// Reads any value; what is too deep becomes [`Value::Raw`].
    ///
    /// # Errors
    /// When no JSON stands here.
    pub fn value(&mut self) -> Read<Value> {
        match self.peek()? {
            Kind::Null => self.null().map(|()| Value::Null),
            Kind::Bool => self.bool().map(Value::Bool),
            Kind::Number => self.number().map(|digits| Value::Number(digits.into())),
            Kind::String => self.string().map(Value::String),
            Kind::Array | Kind::Object if self.depth >= MAX_DEPTH => self.span().map(|text| Value::Raw(text.into())),
            Kind::Array => self.items(),
            Kind::Object => self.entries(),
        }
    }

    /// Passes over any value and returns its text. Does not recurse, so no depth is too deep.
    ///
    /// # Errors
    /// When no JSON stands here.
    pub fn span(&mut self) -> Read<&'a [u8]> {
        self.skip_space();
        let start = self.at;
        self.skip()?;
        Ok(self.since(start))
    }

    /// Passes over any value.
    ///
    /// # Errors
    /// When no JSON stands here.
    pub fn skip(&mut self) -> Read<()> {
        let mut open: Vec<bool> = Vec::new();
        loop {
            match self.peek()? {
                kind @ (Kind::Array | Kind::Object) => {
                    self.at += 1;
                    let object = kind == Kind::Object;
                    if self.ends(object) {
                        if self.leave(&mut open)? {
                            return Ok(());
                        }
                    } else {
                        open.push(object);
                    }
                }
                _ => {
                    self.scalar()?;
                    if self.leave(&mut open)? {
                        return Ok(());
                    }
                }
            }
            if open.last() == Some(&true) {
                self.skip_string()?;
                self.colon()?;
            }
        }
    }

    /// Makes sure that nothing but white space is left.
    ///
    /// # Errors
    /// [`JsonCode::Syntax`] when something is.
    pub fn end(&mut self) -> Read<()> {
        self.skip_space();
        if self.at == self.text.len() { Ok(()) } else { self.fail(JsonCode::Syntax) }
    }

    fn items(&mut self) -> Read<Value> {
        let mut items = Vec::new();
        self.array(|reader| -> Read<()> {
            items.push(reader.value()?);
            Ok(())
        })?;
        Ok(Value::Array(items))
    }

    fn entries(&mut self) -> Read<Value> {
        let mut object = Object::new();
        self.object(|reader, name| -> Read<()> {
            let value = reader.value()?;
            object.push(name, value);
            Ok(())
        })?;
        Ok(Value::Object(object))
    }

    /// After a value inside `open` lists and objects: goes to the next value, closing what ends. True when all is closed.
    fn leave(&mut self, open: &mut Vec<bool>) -> Read<bool> {
        while let Some(object) = open.last().copied() {
            self.skip_space();
            if self.take(b',') {
                return Ok(false);
            }
            if !self.ends(object) {
                return self.fail(JsonCode::Syntax);
            }
            open.pop();
        }
        Ok(true)
    }

    fn ends(&mut self, object: bool) -> bool {
        self.skip_space();
        self.take(if object { b'}' } else { b']' })
    }

    fn scalar(&mut self) -> Read<()> {
        match self.peek()? {
            Kind::Null => self.null(),
            Kind::Bool => self.bool().map(|_| ()),
            Kind::Number => self.number().map(|_| ()),
            _ => self.skip_string(),
        }
    }

    // The loops over lists and objects are copied for every caller's closure; what they call is not.

    #[inline(never)]
    fn begin(&mut self, kind: Kind) -> Read<bool> {
        self.expect(kind)?;
        self.at += 1;
        self.depth += 1;
        Ok(!self.close(if kind == Kind::Array { b']' } else { b'}' }))
    }

    #[inline(never)]
    fn member(&mut self) -> Read<Text> {
        let name = self.string()?;
        self.colon()?;
        Ok(name)
    }

    fn colon(&mut self) -> Read<()> {
        self.skip_space();
        if self.take(b':') { Ok(()) } else { self.fail(JsonCode::Syntax) }
    }

    /// Checks a string and keeps nothing of it.
    fn skip_string(&mut self) -> Read<()> {
        self.expect(Kind::String)?;
        self.at += 1;
        self.plain();
        if self.take(b'"') { Ok(()) } else { self.escaped(&mut Vec::new()) }
    }

    fn close(&mut self, bracket: u8) -> bool {
        self.skip_space();
        let closed = self.take(bracket);
        if closed {
            self.depth -= 1;
        }
        closed
    }

    #[inline(never)]
    fn more(&mut self, bracket: u8) -> Read<bool> {
        if self.close(bracket) {
            return Ok(false);
        }
        if self.take(b',') {
            self.skip_space();
            return Ok(true);
        }
        self.fail(JsonCode::Syntax)
    }

    /// Moves over the part of a string that needs no change.
    fn plain(&mut self) {
        // Most bytes of a text are these, so the loop holds nothing that a build for size would make a call of.
        let rest = self.text.get(self.at..).unwrap_or_default();
        for byte in rest {
            if *byte == b'"' || *byte == b'\\' || *byte < 0x20 {
                break;
            }
            self.at += 1;
        }
    }

    fn escaped(&mut self, out: &mut Vec<u8>) -> Read<()> {
        loop {
            let start = self.at;
            self.plain();
            out.extend_from_slice(self.since(start));
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape(out)?,
                _ => return self.fail(JsonCode::Syntax),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Read<()> {
        self.at += 1;
        let byte = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => return self.unicode(out),
            _ => return self.fail(JsonCode::Syntax),
        };
        self.at += 1;
        out.push(byte);
        Ok(())
    }

    /// `\uXXXX`, joined with a low surrogate that follows a high one, be it in the text or already in `out`.
    fn unicode(&mut self, out: &mut Vec<u8>) -> Read<()> {
        self.at += 1;
        let unit = self.hex4()?;
        let pair = (0xD800..0xDC00).contains(&unit) && self.text.get(self.at..self.at + 2) == Some(b"\\u");
        if pair {
            let before = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                push_wtf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
                return Ok(());
            }
            self.at = before;
        }
        push_wtf8(unit, out);
        Ok(())
    }

    fn hex4(&mut self) -> Read<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = match self.byte() {
                Some(byte @ b'0'..=b'9') => byte - b'0',
                Some(byte @ b'a'..=b'f') => byte - b'a' + 10,
                Some(byte @ b'A'..=b'F') => byte - b'A' + 10,
                _ => return self.fail(JsonCode::Syntax),
            };
            unit = unit << 4 | u32::from(digit);
            self.at += 1;
        }
        Ok(unit)
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { self.fail(JsonCode::Syntax) }
    }

    fn word(&mut self, word: &[u8]) -> Read<()> {
        if self.text.get(self.at..self.at + word.len()) != Some(word) {
            return self.fail(JsonCode::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    fn expect(&mut self, kind: Kind) -> Read<()> {
        if self.peek()? == kind { Ok(()) } else { self.fail(JsonCode::Kind) }
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

    fn take(&mut self, byte: u8) -> bool {
        let here = self.byte() == Some(byte);
        if here {
            self.at += 1;
        }
        here
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn error(&self, code: JsonCode) -> JsonError {
        JsonError { at: self.at, code }
    }

    fn fail<T>(&self, code: JsonCode) -> Read<T> {
        Err(self.error(code))
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
            "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "+1", "\"\\x\"", "\"\n\"", "nul", "[1]]", "{a:1}", "{\"a\"}",
            "\"\\ud8\"", "[", "tru", "1e", "-", "[,1]",
        ];
        for text in broken {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
            assert!(Reader::new(text.as_bytes()).unwrap().span().is_err() || text == "01" || text == "[1]]", "{text}");
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
