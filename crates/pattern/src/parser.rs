//! The parser: ECMAScript's `Pattern` without the `u` flag, as annex B has it (B.1.2), to a syntax tree.

use std::ops::Range;

use super::class::{CharClass, UnitRange};
use super::{Assertion, MAX_DEPTH};

/// A count from here on is unbounded, as in V8.
const UNBOUNDED: usize = i32::MAX as usize;

/// The syntax tree.
#[derive(Debug)]
pub(crate) enum Ast {
    /// A code unit of the class with this index.
    Class(usize),
    Assertion(Assertion),
    Concatenation(Vec<Ast>),
    Alternation(Vec<Ast>),
    /// A capture group, by its index.
    Group(usize, Box<Ast>),
    /// What one of these groups captured.
    Backreference(Vec<usize>),
    Lookaround(Lookaround),
    Repetition(Repetition),
}

/// `(?=…)`, `(?!…)`, `(?<=…)` or `(?<!…)`.
#[derive(Debug)]
pub(crate) struct Lookaround {
    /// Its index among the lookarounds of the pattern.
    pub index: usize,
    pub behind: bool,
    pub negative: bool,
    pub inner: Box<Ast>,
}

/// A term with a quantifier.
#[derive(Debug)]
pub(crate) struct Repetition {
    pub inner: Box<Ast>,
    pub min: usize,
    /// `None`: unbounded.
    pub max: Option<usize>,
    pub greedy: bool,
    /// The capture groups inside.
    pub groups: Range<usize>,
}

/// A parser and what it found. Its methods return `None` where JavaScript throws a `SyntaxError`.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    pub units: &'a [u16],
    pub position: usize,
    depth: usize,
    /// The names of all groups, including those after the position.
    pub names: Vec<Option<String>>,
    /// The named groups whose names a later group of this alternative cannot have.
    names_in_use: Vec<usize>,
    /// How many groups were opened.
    opened: usize,
    pub ast: Ast,
    pub classes: Vec<CharClass>,
    /// How many lookarounds there are.
    pub lookarounds: usize,
    pub has_backreferences: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn parse(units: &'a [u16]) -> Option<Self> {
        let names = Self::new(units, Vec::new()).group_names()?;
        let mut parser = Self::new(units, names);
        parser.ast = parser.disjunction()?;
        (parser.position == units.len()).then_some(parser)
    }

    fn new(units: &'a [u16], names: Vec<Option<String>>) -> Self {
        Self {
            units,
            position: 0,
            depth: 0,
            names,
            names_in_use: Vec::new(),
            opened: 0,
            ast: Ast::Concatenation(Vec::new()),
            classes: Vec::new(),
            lookarounds: 0,
            has_backreferences: false,
        }
    }

    /// How many capture groups there are.
    pub(crate) fn group_count(&self) -> usize {
        self.names.len()
    }

    fn group_names(&mut self) -> Option<Vec<Option<String>>> {
        let (mut names, mut in_class) = (Vec::new(), false);
        while let Some(unit) = self.next() {
            match ascii(unit) {
                b'\\' => self.position += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'(' if !in_class && self.eat_name_start() => names.push(Some(self.name()?)),
                b'(' if !in_class && self.peek() != b'?' => names.push(None),
                _ => {}
            }
        }
        Some(names)
    }

    /// Consumes `?<` of a named group; not that of a lookbehind.
    fn eat_name_start(&mut self) -> bool {
        let is_behind = matches!(self.ascii_at(self.position + 2), b'=' | b'!');
        !is_behind && self.eat(b"?<")
    }

    fn disjunction(&mut self) -> Option<Ast> {
        let before = self.names_in_use.clone();
        let (mut alternatives, mut names) = (Vec::new(), before.clone());
        loop {
            self.names_in_use.clone_from(&before);
            alternatives.push(self.alternative()?);
            names.extend(self.names_in_use.drain(before.len()..));
            if !self.eat(b"|") {
                break;
            }
        }
        self.names_in_use = names;
        Some(Ast::Alternation(alternatives))
    }

    fn alternative(&mut self) -> Option<Ast> {
        let mut terms = Vec::new();
        while self.position < self.units.len() && !matches!(self.peek(), b'|' | b')') {
            terms.push(self.term()?);
        }
        Some(Ast::Concatenation(terms))
    }

    fn term(&mut self) -> Option<Ast> {
        let first = self.opened;
        let atom = self.atom()?;
        let Some((min, max)) = self.quantifier() else { return Some(atom) };
        let is_repeatable = match &atom {
            Ast::Assertion(_) => false,
            Ast::Lookaround(lookaround) => !lookaround.behind,
            _ => true,
        };
        if !is_repeatable || min > max {
            return None;
        }
        let (inner, max) = (Box::new(atom), (max < UNBOUNDED).then_some(max));
        Some(Ast::Repetition(Repetition { inner, min, max, greedy: !self.eat(b"?"), groups: first..self.opened }))
    }

    fn quantifier(&mut self) -> Option<(usize, usize)> {
        let bounds = match self.peek() {
            b'*' => (0, UNBOUNDED),
            b'+' => (1, UNBOUNDED),
            b'?' => (0, 1),
            _ => return self.braces(),
        };
        self.position += 1;
        Some(bounds)
    }

    /// `{1}`, `{1,}` or `{1,2}`. Anything else is literal text, and is not consumed.
    fn braces(&mut self) -> Option<(usize, usize)> {
        let start = self.position;
        let bounds = self.eat(b"{").then(|| self.bounds()).flatten().filter(|_| self.eat(b"}"));
        if bounds.is_none() {
            self.position = start;
        }
        bounds
    }

    fn bounds(&mut self) -> Option<(usize, usize)> {
        let min = self.decimal()?;
        let max = if self.eat(b",") { self.decimal().unwrap_or(UNBOUNDED) } else { min };
        Some((min, max))
    }

    pub(crate) fn decimal(&mut self) -> Option<usize> {
        let mut number = None;
        while let digit @ b'0'..=b'9' = self.peek() {
            number = Some((number.unwrap_or(0) * 10 + usize::from(digit - b'0')).min(UNBOUNDED));
            self.position += 1;
        }
        number
    }

    fn atom(&mut self) -> Option<Ast> {
        // A quantifier without an atom is a syntax error.
        let unit = if self.quantifier().is_some() { None } else { self.next() }?;
        match ascii(unit) {
            b'^' => Some(Ast::Assertion(Assertion::Start)),
            b'$' => Some(Ast::Assertion(Assertion::End)),
            b'(' => self.group(),
            b'.' => Some(self.add_class(CharClass::dot())),
            b'[' => self.class(),
            b'\\' => self.escape(),
            _ => Some(self.add_class(CharClass::of(unit))),
        }
    }

    pub(crate) fn add_class(&mut self, class: CharClass) -> Ast {
        self.classes.push(class);
        Ast::Class(self.classes.len() - 1)
    }

    fn group(&mut self) -> Option<Ast> {
        for (start, behind, negative) in
            [("?=", false, false), ("?!", false, true), ("?<=", true, false), ("?<!", true, true)]
        {
            if self.eat(start.as_bytes()) {
                let index = self.lookarounds;
                self.lookarounds += 1;
                return Some(Ast::Lookaround(Lookaround { index, behind, negative, inner: self.group_body()? }));
            }
        }
        if self.eat(b"?:") {
            return self.group_body().map(|inner| *inner);
        }
        let index = self.opened;
        self.opened += 1;
        if self.eat_name_start() {
            let name = self.name()?;
            if self.names_in_use.iter().any(|other| self.is_named(*other, &name)) {
                return None;
            }
            self.names_in_use.push(index);
        }
        // Any other `?` after the parenthesis is a quantifier without an atom.
        Some(Ast::Group(index, self.group_body()?))
    }

    pub(crate) fn is_named(&self, group: usize, name: &str) -> bool {
        self.names.get(group).and_then(Option::as_deref) == Some(name)
    }

    fn group_body(&mut self) -> Option<Box<Ast>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let body = self.disjunction()?;
        self.depth -= 1;
        self.eat(b")").then(|| Box::new(body))
    }

    fn class(&mut self) -> Option<Ast> {
        let negated = self.eat(b"^");
        let mut ranges = Vec::new();
        while !self.eat(b"]") {
            let first = self.class_atom()?;
            if self.peek() != b'-' || self.ascii_at(self.position + 1) == b']' {
                ranges.extend(first);
                continue;
            }
            self.position += 1;
            let last = self.class_atom()?;
            match (first.as_slice(), last.as_slice()) {
                // No shorthand is a range of one code unit.
                ([(a, a_end)], [(b, b_end)]) if a == a_end && b == b_end => ranges.push((a <= b).then_some((*a, *b))?),
                _ => ranges.extend([first, last, vec![(u16::from(b'-'), u16::from(b'-'))]].concat()),
            }
        }
        Some(self.add_class(CharClass::new(ranges, negated)))
    }

    fn class_atom(&mut self) -> Option<Vec<UnitRange>> {
        let mut unit = self.next()?;
        if ascii(unit) == b'\\' {
            if let Some(ranges) = self.shorthand() {
                return Some(ranges);
            }
            unit = if self.eat(b"b") { 0x08 } else { self.escaped(true)? };
        }
        Some(vec![(unit, unit)])
    }

    pub(crate) fn next(&mut self) -> Option<u16> {
        let unit = self.units.get(self.position).copied()?;
        self.position += 1;
        Some(unit)
    }

    pub(crate) fn peek(&self) -> u8 {
        self.ascii_at(self.position)
    }

    fn ascii_at(&self, position: usize) -> u8 {
        self.units.get(position).copied().map_or(NOT_ASCII, ascii)
    }

    /// Consumes the text if it comes next.
    pub(crate) fn eat(&mut self, text: &[u8]) -> bool {
        let is_next = (self.position..).zip(text).all(|(position, byte)| self.ascii_at(position) == *byte);
        self.position += if is_next { text.len() } else { 0 };
        is_next
    }
}

/// Stands for a code unit that is not ASCII, and for the end of the pattern.
const NOT_ASCII: u8 = 0xFF;

/// A code unit as ASCII, which all syntax is made of.
pub(crate) fn ascii(unit: u16) -> u8 {
    u8::try_from(unit).unwrap_or(NOT_ASCII)
}
