//! Segments straight from JSON text into their compiled form.
//!
//! Nothing here looks whether the reading went well: see [`Reader`]. Whoever asked for segments does.

use std::ops::Range;

use super::operator::Operator;
use super::{Condition, Form, Index, NO_SELECTOR, Segment, Selector, Span, Test};
use crate::bucketing::{Bucket, Share, whole_numbers};
use crate::dialect::{Dialect, plain};
use crate::json::{Kind, Reader, Text};

/// Reads the segments of one flag after the other. What many flags have in common is kept once, under a small number.
pub(crate) struct Compiler<'a, D: Dialect> {
    pub(crate) reader: Reader<'a>,
    pub(crate) dialect: &'a D,
    /// By the JSON text they are written in.
    selector_index: Index,
    pub(crate) selectors: Vec<Selector>,
    pattern_index: Index,
    /// `None` where the pattern does not compile.
    pub(crate) patterns: Vec<Option<D::Pattern>>,
    /// Where the flag being read starts in the text.
    pub(crate) origin: usize,
    /// Its variants, by the numbers they have in it, and where they stand. `None`: a segment names it, the flag has it not.
    pub(crate) variants: Vec<(Text, Option<Span>)>,
    /// Whether it has a pattern that does not compile.
    pub(crate) has_broken_pattern: bool,
}

impl<'a, D: Dialect> Compiler<'a, D> {
    pub(crate) fn new(reader: Reader<'a>, dialect: &'a D) -> Self {
        Self {
            reader,
            dialect,
            selector_index: Index::default(),
            selectors: Vec::new(),
            pattern_index: Index::default(),
            patterns: Vec::new(),
            origin: 0,
            variants: Vec::new(),
            has_broken_pattern: false,
        }
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
        let length = self.reader.span().len();
        let end = self.reader.at() - self.origin;
        Span { start: (end - length) as u32, end: end as u32 }
    }

    pub(crate) fn segments(&mut self) -> Vec<Segment> {
        let mut segments = Vec::new();
        self.reader.begin(Kind::Array);
        while self.reader.more() {
            segments.push(self.segment());
        }
        segments
    }

    fn segment(&mut self) -> Segment {
        let mut segment = Segment::default();
        let mut field = self.reader.object();
        while self.reader.field(&mut field, &["conditions", "bucket", "variant", "metadata"]) {
            match field {
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
        self.reader.begin(Kind::Array);
        while self.reader.more() {
            let mut conditions = Vec::new();
            self.reader.begin(Kind::Array);
            while self.reader.more() {
                conditions.push(self.condition());
            }
            alternatives.push(conditions);
        }
        alternatives
    }

    fn condition(&mut self) -> Condition {
        let (mut selector, mut operator, mut values) = (NO_SELECTOR, Operator::named(b""), None);
        let mut field = self.reader.object();
        while self.reader.field(&mut field, &["selector", "op", "values"]) {
            match field {
                0 => selector = self.selector(),
                1 => operator = self.operator(),
                2 => values = Some(self.values()),
                _ => self.reader.skip(),
            }
        }
        self.reader.require(values.is_some(), "values");
        self.compiled(selector, operator, &values.unwrap_or_default())
    }

    fn compiled(&mut self, selector: u32, operator: &'static Operator, read: &[Text]) -> Condition {
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
        Condition { selector, operator, when_absent: operator.when_absent(read), values, texts, patterns }
    }

    fn operator(&mut self) -> &'static Operator {
        if self.reader.peek() == Kind::String {
            return Operator::named(&self.reader.string());
        }
        self.reader.skip();
        Operator::named(b"")
    }

    fn pattern(&mut self, source: &[u8]) -> u32 {
        let number = self.pattern_index.number(source);
        if number as usize == self.patterns.len() {
            self.patterns.push(self.dialect.compile_pattern(source));
        }
        self.has_broken_pattern |= self.patterns.get(number as usize).is_none_or(Option::is_none);
        number
    }

    /// The number of a selector. A known one is not read again.
    fn selector(&mut self) -> u32 {
        let start = self.reader.clone();
        let number = self.selector_index.number(self.reader.span());
        if number as usize == self.selectors.len() {
            self.reader = start;
            let selector = self.path();
            self.selectors.push(selector);
        }
        number
    }

    /// Reads a selector. An element that JavaScript takes for false ends the way.
    fn path(&mut self) -> Selector {
        if self.reader.null() {
            return Selector::Nothing;
        }
        let (mut root, mut path, mut is_way) = (None, Vec::new(), true);
        self.reader.begin(Kind::Array);
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
        self.reader.begin(Kind::Array);
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
        let (mut selector, mut salt, mut shares) = (NO_SELECTOR, None, None);
        let mut field = self.reader.object();
        while self.reader.field(&mut field, &["selector", "salt", "allocations"]) {
            match field {
                0 => selector = self.selector(),
                1 => salt = Some(self.value().then(b"/")),
                2 => shares = Some(self.allocations()),
                _ => self.reader.skip(),
            }
        }
        self.reader.require(salt.is_some(), "salt");
        self.reader.require(shares.is_some(), "allocations");
        Bucket { selector, salt: salt.unwrap_or_default(), shares: shares.unwrap_or_default() }
    }

    fn allocations(&mut self) -> Vec<Share> {
        let mut shares = Vec::new();
        self.reader.begin(Kind::Array);
        while self.reader.more() {
            self.allocation(&mut shares);
        }
        shares
    }

    fn allocation(&mut self, shares: &mut Vec<Share>) {
        let (mut users, mut has_distributions) = (None, false);
        let first = shares.len();
        let mut field = self.reader.object();
        while self.reader.field(&mut field, &["range", "distributions"]) {
            match field {
                0 => users = Some(self.range()),
                1 => {
                    has_distributions = true;
                    shares.truncate(first);
                    self.reader.begin(Kind::Array);
                    while self.reader.more() {
                        shares.push(self.distribution());
                    }
                }
                _ => self.reader.skip(),
            }
        }
        self.reader.require(users.is_some(), "range");
        self.reader.require(has_distributions, "distributions");
        for share in shares.iter_mut().skip(first) {
            share.users = users.clone().unwrap_or_default();
        }
    }

    fn distribution(&mut self) -> Share {
        let (mut rest, mut variant) = (None, None);
        let mut field = self.reader.object();
        while self.reader.field(&mut field, &["range", "variant"]) {
            match field {
                0 => rest = Some(self.range()),
                1 => variant = self.variant_name(),
                _ => self.reader.skip(),
            }
        }
        self.reader.require(rest.is_some(), "range");
        Share { users: 0..0, rest: rest.unwrap_or_default(), variant }
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
        let mut bounds = [0.0; 2];
        let mut bound = bounds.iter_mut();
        self.reader.begin(Kind::Array);
        while self.reader.more() {
            let number = plain::number(self.dialect, self.reader.number());
            if let Some(bound) = bound.next() {
                *bound = number;
            }
        }
        self.reader.require(bound.next().is_none(), "range");
        whole_numbers(bounds[0], bounds[1])
    }
}
