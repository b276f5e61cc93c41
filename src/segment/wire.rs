//! Segments straight from JSON text into their compiled form.
//!
//! Nothing here looks whether the reading went well: see [`Reader`]. Whoever asked for segments does.

use std::ops::Range;

use super::operator::Operator;
use super::{Condition, Form, Index, NO_SELECTOR, Segment, Selector, Span, Test};
use crate::bucketing::{Bucket, Share, whole_numbers};
use crate::dialect::{Dialect, plain};
use crate::json::{Kind, MAX_BYTES, Reader, Text};

/// What many flags have in common, kept once, under small numbers.
#[derive(Debug)]
pub(crate) struct Tables<P> {
    /// By the JSON text they are written in.
    selector_index: Index,
    pub(crate) selectors: Vec<Selector>,
    pattern_index: Index,
    /// `None` where the pattern does not compile.
    pub(crate) patterns: Vec<Option<P>>,
}

impl<P> Default for Tables<P> {
    fn default() -> Self {
        Self {
            selector_index: Index::default(),
            selectors: Vec::new(),
            pattern_index: Index::default(),
            patterns: Vec::new(),
        }
    }
}

/// Reads the segments of one flag after the other.
pub(crate) struct Compiler<'a, D: Dialect> {
    pub(crate) reader: Reader<'a>,
    pub(crate) dialect: &'a D,
    pub(crate) tables: &'a mut Tables<D::Pattern>,
    /// Where the flag being read starts in the text.
    pub(crate) origin: usize,
    /// Its variants, by the numbers they have in it, and where they stand. `None`: a segment names it, the flag has it not.
    pub(crate) variants: Vec<(Text, Option<Span>)>,
    /// Whether it has a pattern that does not compile.
    pub(crate) has_broken_pattern: bool,
}

impl<'a, D: Dialect> Compiler<'a, D> {
    pub(crate) fn new(text: &'a [u8], dialect: &'a D, tables: &'a mut Tables<D::Pattern>) -> Self {
        let reader = Reader::within(text, MAX_BYTES);
        Self { reader, dialect, tables, origin: 0, variants: Vec::new(), has_broken_pattern: false }
    }

    /// The number of a variant in the flag being read.
    pub(crate) fn variant(&mut self, name: Text) -> u32 {
        let known = self.variants.iter().position(|(known, _)| *known == name);
        known.unwrap_or_else(|| {
            self.variants.push((name, None));
            self.variants.len() - 1
        }) as u32
    }

    /// Passes over a value and says where it stands in the flag's text.
    pub(crate) fn span(&mut self) -> Span {
        let length = self.reader.span().len() as u32;
        let end = self.place();
        Span { start: end - length, end }
    }

    /// How far into the flag's text reading has come.
    fn place(&self) -> u32 {
        (self.reader.at() - self.origin) as u32
    }

    pub(crate) fn segments(&mut self) -> Vec<Segment> {
        let mut segments = Vec::new();
        self.reader.list();
        while self.reader.more() {
            segments.push(self.segment());
        }
        segments
    }

    fn segment(&mut self) -> Segment {
        let mut segment = Segment::default();
        let mut fields = self.reader.object();
        while self.reader.field(&mut fields, 0, &["conditions", "bucket", "variant", "metadata"]) {
            match fields.at {
                0 => segment.conditions = if self.reader.null() { None } else { Some(self.alternatives()) },
                1 => segment.bucket = if self.reader.null() { None } else { Some(self.bucket()) },
                2 => segment.variant = self.variant_name(),
                3 => segment.metadata = Some(self.span()),
                _ => self.reader.skip(),
            }
        }
        segment
    }

    fn alternatives(&mut self) -> Vec<Vec<Condition>> {
        let mut alternatives = Vec::new();
        self.reader.list();
        while self.reader.more() {
            let mut conditions = Vec::new();
            self.reader.list();
            while self.reader.more() {
                conditions.push(self.condition());
            }
            alternatives.push(conditions);
        }
        alternatives
    }

    fn condition(&mut self) -> Condition {
        let start = self.place();
        let (mut selector, mut operator, mut values) = (NO_SELECTOR, Operator::named(b""), Vec::new());
        let mut fields = self.reader.object();
        while self.reader.field(&mut fields, 1, &["values", "selector", "op"]) {
            match fields.at {
                0 => values = self.values(),
                1 => selector = self.selector(),
                2 => operator = self.operator(),
                _ => self.reader.skip(),
            }
        }
        let text = Span { start, end: self.place() };
        self.compiled(text, selector, operator, &values)
    }

    fn compiled(&mut self, text: Span, selector: u32, operator: &'static Operator, read: &[Text]) -> Condition {
        let (mut values, mut texts, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for value in read {
            if operator.test == Test::Pattern {
                patterns.push(self.pattern(value));
            }
            if operator.form == Form::Version {
                texts.extend(Form::Units.of(value, self.dialect));
            }
            values.extend(operator.form.of(value, self.dialect));
        }
        Condition { selector, operator, when_absent: operator.when_absent(read), values, texts, patterns, text }
    }

    fn operator(&mut self) -> &'static Operator {
        if self.reader.peek() == Kind::String {
            return Operator::named(&self.reader.string());
        }
        self.reader.skip();
        Operator::named(b"")
    }

    fn pattern(&mut self, source: &[u8]) -> u32 {
        let number = self.tables.pattern_index.number(source);
        if number as usize == self.tables.patterns.len() {
            self.tables.patterns.push(self.dialect.compile_pattern(source));
        }
        self.has_broken_pattern |= self.tables.patterns.get(number as usize).is_none_or(Option::is_none);
        number
    }

    /// The number of a selector. A known one is not read again.
    fn selector(&mut self) -> u32 {
        let start = self.reader.clone();
        let text = self.reader.span();
        if let Some(number) = self.tables.selector_index.find(text) {
            return number;
        }
        self.reader = start;
        let selector = self.path();
        if self.reader.error().is_some() {
            return NO_SELECTOR;
        }
        self.tables.selectors.push(selector);
        self.tables.selector_index.number(text)
    }

    /// Reads a selector. An element that JavaScript takes for false ends the way.
    fn path(&mut self) -> Selector {
        if self.reader.null() {
            return Selector::Nothing;
        }
        let (mut root, mut path, mut is_way) = (None, Vec::new(), true);
        self.reader.list();
        while self.reader.more() {
            let is_string = self.reader.peek() == Kind::String;
            let element = if self.reader.null() { Text::default() } else { self.value() };
            is_way &= !element.is_empty() && (is_string || !matches!(element.as_bytes(), b"0" | b"false"));
            match root {
                None => root = Some(element),
                Some(_) => path.push(element),
            }
        }
        match root.as_deref().filter(|_| is_way) {
            Some(b"context") => Selector::Context(path),
            Some(b"result") => Selector::Result(path),
            _ => Selector::Nothing,
        }
    }

    fn values(&mut self) -> Vec<Text> {
        let mut values = Vec::new();
        self.reader.list();
        while self.reader.more() {
            values.push(self.value());
        }
        values
    }

    /// A value to compare with. The wire has strings only; numbers and booleans are taken for their text.
    fn value(&mut self) -> Text {
        match self.reader.peek() {
            Kind::Bool => if self.reader.bool() { "true" } else { "false" }.into(),
            Kind::Number => plain::print(self.dialect, self.reader.number()),
            _ => self.reader.string(),
        }
    }

    fn bucket(&mut self) -> Bucket {
        let mut bucket = Bucket { selector: NO_SELECTOR, salt: Text::default(), shares: Vec::new() };
        let mut fields = self.reader.object();
        while self.reader.field(&mut fields, 2, &["salt", "allocations", "selector"]) {
            match fields.at {
                0 => bucket.salt = self.value().then(b"/"),
                1 => bucket.shares = self.allocations(),
                2 => bucket.selector = self.selector(),
                _ => self.reader.skip(),
            }
        }
        bucket
    }

    fn allocations(&mut self) -> Vec<Share> {
        let mut shares = Vec::new();
        self.reader.list();
        while self.reader.more() {
            self.allocation(&mut shares);
        }
        shares
    }

    fn allocation(&mut self, shares: &mut Vec<Share>) {
        let mut users = 0..0;
        let first = shares.len();
        let mut fields = self.reader.object();
        while self.reader.field(&mut fields, 2, &["range", "distributions"]) {
            match fields.at {
                0 => users = self.range(),
                1 => {
                    shares.truncate(first);
                    self.reader.list();
                    while self.reader.more() {
                        shares.push(self.distribution());
                    }
                }
                _ => self.reader.skip(),
            }
        }
        for share in shares.iter_mut().skip(first) {
            share.users = users.clone();
        }
    }

    fn distribution(&mut self) -> Share {
        let mut share = Share { users: 0..0, rest: 0..0, variant: None };
        let mut fields = self.reader.object();
        while self.reader.field(&mut fields, 1, &["range", "variant"]) {
            match fields.at {
                0 => share.rest = self.range(),
                1 => share.variant = self.variant_name(),
                _ => self.reader.skip(),
            }
        }
        share
    }

    fn variant_name(&mut self) -> Option<u32> {
        if self.reader.null() {
            return None;
        }
        let name = self.reader.string();
        Some(self.variant(name))
    }

    /// A half-open range `[start, end]` of numbers, of which only whole ones are ever looked up.
    fn range(&mut self) -> Range<u32> {
        let (mut start, mut end, mut count) = (0.0, 0.0, 0);
        self.reader.list();
        while self.reader.more() {
            let number = plain::number(self.dialect, self.reader.number());
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
