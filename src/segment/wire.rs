//! Compiles segments straight from JSON text.
//!
//! Errors are not checked here but by the caller, once: see [`Reader`].

use std::ops::Range;

use super::operator::Operator;
use super::{ComparisonKey, Condition, Interner, NO_SELECTOR, Segment, Selector, Span, Test};
use crate::bucketing::{Bucket, Share, whole_numbers};
use crate::dialect::{Dialect, plain};
use crate::json::{Kind, MAX_BYTES, Reader, Text};

/// What flags share: selectors and patterns, interned.
#[derive(Debug)]
pub(crate) struct Tables<P> {
    /// By the JSON text they are written in.
    selector_index: Interner,
    pub(crate) selectors: Vec<Selector>,
    pattern_index: Interner,
    /// `None` where the pattern does not compile.
    pub(crate) patterns: Vec<Option<P>>,
}

impl<P> Default for Tables<P> {
    fn default() -> Self {
        Self {
            selector_index: Interner::default(),
            selectors: Vec::new(),
            pattern_index: Interner::default(),
            patterns: Vec::new(),
        }
    }
}

/// Reads the segments of one flag after the other.
pub(crate) struct Compiler<'a, D: Dialect> {
    pub(crate) reader: Reader<'a>,
    pub(crate) dialect: &'a D,
    pub(crate) tables: &'a mut Tables<D::Pattern>,
    /// The offset of the flag in the text.
    pub(crate) origin: usize,
    /// The flag's variants by index, and where they stand. `None`: a segment names the variant, and the flag does not have it.
    pub(crate) variants: Vec<(Text, Option<Span>)>,
    /// Whether it has a pattern that does not compile.
    pub(crate) has_broken_pattern: bool,
}

impl<'a, D: Dialect> Compiler<'a, D> {
    pub(crate) fn new(text: &'a [u8], dialect: &'a D, tables: &'a mut Tables<D::Pattern>) -> Self {
        let reader = Reader::within(text, MAX_BYTES);
        Self { reader, dialect, tables, origin: 0, variants: Vec::new(), has_broken_pattern: false }
    }

    /// The index of a variant in the flag.
    pub(crate) fn intern_variant(&mut self, name: Text) -> u32 {
        let known = self.variants.iter().position(|(known, _)| *known == name);
        known.unwrap_or_else(|| {
            self.variants.push((name, None));
            self.variants.len() - 1
        }) as u32
    }

    /// Skips a value and returns where it stands in the flag's text.
    pub(crate) fn skip_span(&mut self) -> Span {
        let length = self.reader.read_raw().len() as u32;
        let end = self.offset();
        Span { start: end - length, end }
    }

    /// The offset in the flag's text.
    fn offset(&self) -> u32 {
        (self.reader.offset() - self.origin) as u32
    }

    pub(crate) fn read_segments(&mut self) -> Vec<Segment> {
        let mut segments = Vec::new();
        self.reader.begin_list();
        while self.reader.next_item() {
            segments.push(self.read_segment());
        }
        segments
    }

    fn read_segment(&mut self) -> Segment {
        let mut segment = Segment::default();
        let mut fields = self.reader.begin_object();
        while self.reader.next_field(&mut fields, 0, &["conditions", "bucket", "variant", "metadata"]) {
            match fields.index {
                0 => segment.conditions = if self.reader.read_null() { None } else { Some(self.read_alternatives()) },
                1 => segment.bucket = if self.reader.read_null() { None } else { Some(self.read_bucket()) },
                2 => segment.variant = self.read_variant_name(),
                3 => segment.metadata = Some(self.skip_span()),
                _ => self.reader.skip(),
            }
        }
        segment
    }

    fn read_alternatives(&mut self) -> Vec<Vec<Condition>> {
        let mut alternatives = Vec::new();
        self.reader.begin_list();
        while self.reader.next_item() {
            let mut conditions = Vec::new();
            self.reader.begin_list();
            while self.reader.next_item() {
                conditions.push(self.read_condition());
            }
            alternatives.push(conditions);
        }
        alternatives
    }

    fn read_condition(&mut self) -> Condition {
        let start = self.offset();
        let (mut selector, mut operator, mut values) = (NO_SELECTOR, Operator::named(b""), Vec::new());
        let mut fields = self.reader.begin_object();
        while self.reader.next_field(&mut fields, 1, &["values", "selector", "op"]) {
            match fields.index {
                0 => values = self.read_values(),
                1 => selector = self.read_selector(),
                2 => operator = self.read_operator(),
                _ => self.reader.skip(),
            }
        }
        let text = Span { start, end: self.offset() };
        self.compile(text, selector, operator, &values)
    }

    fn compile(&mut self, text: Span, selector: u32, operator: &'static Operator, read: &[Text]) -> Condition {
        let (mut values, mut texts, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for value in read {
            if operator.test == Test::Pattern {
                patterns.push(self.intern_pattern(value));
            }
            if operator.key == ComparisonKey::Version {
                texts.extend(ComparisonKey::Units.of(value, self.dialect));
            }
            values.extend(operator.key.of(value, self.dialect));
        }
        Condition { selector, operator, when_absent: operator.when_absent(read), values, texts, patterns, text }
    }

    fn read_operator(&mut self) -> &'static Operator {
        if self.reader.peek() == Kind::String {
            return Operator::named(&self.reader.read_string());
        }
        self.reader.skip();
        Operator::named(b"")
    }

    fn intern_pattern(&mut self, source: &[u8]) -> u32 {
        let index = self.tables.pattern_index.intern(source);
        if index as usize == self.tables.patterns.len() {
            self.tables.patterns.push(self.dialect.compile_pattern(source));
        }
        self.has_broken_pattern |= self.tables.patterns.get(index as usize).is_none_or(Option::is_none);
        index
    }

    /// Reads a selector, a known one from the table, and returns its index.
    fn read_selector(&mut self) -> u32 {
        let start = self.reader.clone();
        let text = self.reader.read_raw();
        if let Some(index) = self.tables.selector_index.get(text) {
            return index;
        }
        self.reader = start;
        let selector = self.read_path();
        if self.reader.error().is_some() {
            return NO_SELECTOR;
        }
        self.tables.selectors.push(selector);
        self.tables.selector_index.intern(text)
    }

    /// Reads the path of a selector. An element that JavaScript takes for false makes it invalid.
    fn read_path(&mut self) -> Selector {
        if self.reader.read_null() {
            return Selector::Nothing;
        }
        let (mut root, mut path, mut is_valid) = (None, Vec::new(), true);
        self.reader.begin_list();
        while self.reader.next_item() {
            let is_string = self.reader.peek() == Kind::String;
            let element = if self.reader.read_null() { Text::default() } else { self.read_value() };
            is_valid &= !element.is_empty() && (is_string || !matches!(element.as_bytes(), b"0" | b"false"));
            match root {
                None => root = Some(element),
                Some(_) => path.push(element),
            }
        }
        match root.as_deref().filter(|_| is_valid) {
            Some(b"context") => Selector::Context(path),
            Some(b"result") => Selector::Result(path),
            _ => Selector::Nothing,
        }
    }

    fn read_values(&mut self) -> Vec<Text> {
        let mut values = Vec::new();
        self.reader.begin_list();
        while self.reader.next_item() {
            values.push(self.read_value());
        }
        values
    }

    /// Reads a value to compare with. The wire has strings only; numbers and booleans count as their text.
    fn read_value(&mut self) -> Text {
        match self.reader.peek() {
            Kind::Bool => if self.reader.read_bool() { "true" } else { "false" }.into(),
            Kind::Number => plain::print(self.dialect, self.reader.read_number()),
            _ => self.reader.read_string(),
        }
    }

    fn read_bucket(&mut self) -> Bucket {
        let mut bucket = Bucket { selector: NO_SELECTOR, salt: Text::default(), shares: Vec::new() };
        let mut fields = self.reader.begin_object();
        while self.reader.next_field(&mut fields, 2, &["salt", "allocations", "selector"]) {
            match fields.index {
                0 => bucket.salt = self.read_value().then(b"/"),
                1 => bucket.shares = self.read_allocations(),
                2 => bucket.selector = self.read_selector(),
                _ => self.reader.skip(),
            }
        }
        bucket
    }

    fn read_allocations(&mut self) -> Vec<Share> {
        let mut shares = Vec::new();
        self.reader.begin_list();
        while self.reader.next_item() {
            self.read_allocation(&mut shares);
        }
        shares
    }

    fn read_allocation(&mut self, shares: &mut Vec<Share>) {
        let mut users = 0..0;
        let first = shares.len();
        let mut fields = self.reader.begin_object();
        while self.reader.next_field(&mut fields, 2, &["range", "distributions"]) {
            match fields.index {
                0 => users = self.read_range(),
                1 => {
                    shares.truncate(first);
                    self.reader.begin_list();
                    while self.reader.next_item() {
                        shares.push(self.read_distribution());
                    }
                }
                _ => self.reader.skip(),
            }
        }
        for share in shares.iter_mut().skip(first) {
            share.users = users.clone();
        }
    }

    fn read_distribution(&mut self) -> Share {
        let mut share = Share { users: 0..0, rest: 0..0, variant: None };
        let mut fields = self.reader.begin_object();
        while self.reader.next_field(&mut fields, 1, &["range", "variant"]) {
            match fields.index {
                0 => share.rest = self.read_range(),
                1 => share.variant = self.read_variant_name(),
                _ => self.reader.skip(),
            }
        }
        share
    }

    fn read_variant_name(&mut self) -> Option<u32> {
        if self.reader.read_null() {
            return None;
        }
        let name = self.reader.read_string();
        Some(self.intern_variant(name))
    }

    /// Reads a half-open range `[start, end]` of numbers, of which only whole ones are looked up.
    fn read_range(&mut self) -> Range<u32> {
        let (mut start, mut end, mut count) = (0.0, 0.0, 0);
        self.reader.begin_list();
        while self.reader.next_item() {
            let number = plain::number(self.dialect, self.reader.read_number());
            match count {
                0 => start = number,
                1 => end = number,
                _ => {}
            }
            count += 1;
        }
        if count < 2 {
            self.reader.refuse();
        }
        whole_numbers(start, end)
    }
}
