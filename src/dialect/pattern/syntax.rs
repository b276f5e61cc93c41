//! The syntax of a pattern: ECMAScript's `Pattern` without the `u` flag, as annex B has it (B.1.2).

use std::ops::Range;

use super::letters::{Set, Span};
use super::{Edge, MAX_DEPTH};

/// Repetitions from here on are endless, as in V8.
const ENDLESS: usize = i32::MAX as usize;

/// What a pattern says.
#[derive(Debug)]
pub enum Tree {
    /// A code unit of the set with this number.
    Unit(usize),
    Edge(Edge),
    /// One after the other.
    All(Vec<Tree>),
    Either(Vec<Tree>),
    Group(usize, Box<Tree>),
    /// What one of these groups matched.
    Back(Vec<usize>),
    Look(Look),
    Repeat(Repeat),
}

/// `(?=…)`, `(?!…)`, `(?<=…)` or `(?<!…)`.
#[derive(Debug)]
pub struct Look {
    pub number: usize,
    pub behind: bool,
    pub negative: bool,
    pub inner: Box<Tree>,
}

/// Something with a quantifier.
#[derive(Debug)]
pub struct Repeat {
    pub inner: Box<Tree>,
    pub least: usize,
    pub most: Option<usize>,
    pub greedy: bool,
    /// The groups in it.
    pub groups: Range<usize>,
}

/// Reads a pattern. Whatever returns an `Option` returns `None` where JavaScript would throw.
#[derive(Debug)]
pub struct Parser<'a> {
    pub units: &'a [u16],
    pub at: usize,
    depth: usize,
    /// The names of all groups, also of those that come later.
    pub names: Vec<Option<String>>,
    /// The groups of which one that follows must not have the name.
    taken: Vec<usize>,
    /// Groups that were opened.
    opened: usize,
    pub tree: Tree,
    pub sets: Vec<Set>,
    pub looks: usize,
    /// Whether it refers back to a group.
    pub refers: bool,
}

impl<'a> Parser<'a> {
    pub fn parse(units: &'a [u16]) -> Option<Self> {
        let names = Self::new(units, Vec::new()).group_names()?;
        let mut parser = Self::new(units, names);
        parser.tree = parser.disjunction()?;
        (parser.at == units.len()).then_some(parser)
    }

    fn new(units: &'a [u16], names: Vec<Option<String>>) -> Self {
        let (taken, sets, tree) = (Vec::new(), Vec::new(), Tree::All(Vec::new()));
        Self { units, at: 0, depth: 0, names, taken, opened: 0, tree, sets, looks: 0, refers: false }
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.names.len()
    }

    fn group_names(&mut self) -> Option<Vec<Option<String>>> {
        let (mut names, mut in_class) = (Vec::new(), false);
        while let Some(unit) = self.next() {
            match letter(unit) {
                b'\\' => self.at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'(' if !in_class && self.starts_name() => names.push(Some(self.name()?)),
                b'(' if !in_class && self.peek() != b'?' => names.push(None),
                _ => {}
            }
        }
        Some(names)
    }

    /// Whether what comes is `?<` and no lookbehind; it is left behind then.
    fn starts_name(&mut self) -> bool {
        let is_behind = matches!(self.letter_at(self.at + 2), b'=' | b'!');
        !is_behind && self.eat(b"?<")
    }

    fn disjunction(&mut self) -> Option<Tree> {
        let before = self.taken.clone();
        let (mut either, mut taken) = (Vec::new(), before.clone());
        loop {
            self.taken.clone_from(&before);
            either.push(self.alternative()?);
            taken.extend(self.taken.drain(before.len()..));
            if !self.eat(b"|") {
                break;
            }
        }
        self.taken = taken;
        Some(Tree::Either(either))
    }

    fn alternative(&mut self) -> Option<Tree> {
        let mut all = Vec::new();
        while self.at < self.units.len() && !matches!(self.peek(), b'|' | b')') {
            all.push(self.term()?);
        }
        Some(Tree::All(all))
    }

    fn term(&mut self) -> Option<Tree> {
        let first = self.opened;
        let tree = self.atom()?;
        let Some((least, most)) = self.quantifier() else { return Some(tree) };
        let is_repeatable = match &tree {
            Tree::Edge(_) => false,
            Tree::Look(look) => !look.behind,
            _ => true,
        };
        if !is_repeatable || least > most {
            return None;
        }
        let (inner, most) = (Box::new(tree), (most < ENDLESS).then_some(most));
        Some(Tree::Repeat(Repeat { inner, least, most, greedy: !self.eat(b"?"), groups: first..self.opened }))
    }

    fn quantifier(&mut self) -> Option<(usize, usize)> {
        let bounds = match self.peek() {
            b'*' => (0, ENDLESS),
            b'+' => (1, ENDLESS),
            b'?' => (0, 1),
            _ => return self.braces(),
        };
        self.at += 1;
        Some(bounds)
    }

    /// `{1}`, `{1,}` or `{1,2}`; anything else is not one of them, and stays.
    fn braces(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        let bounds = self.eat(b"{").then(|| self.bounds()).flatten().filter(|_| self.eat(b"}"));
        if bounds.is_none() {
            self.at = start;
        }
        bounds
    }

    fn bounds(&mut self) -> Option<(usize, usize)> {
        let least = self.decimal()?;
        let most = if self.eat(b",") { self.decimal().unwrap_or(ENDLESS) } else { least };
        Some((least, most))
    }

    pub fn decimal(&mut self) -> Option<usize> {
        let mut number = None;
        while let digit @ b'0'..=b'9' = self.peek() {
            number = Some((number.unwrap_or(0) * 10 + usize::from(digit - b'0')).min(ENDLESS));
            self.at += 1;
        }
        number
    }

    fn atom(&mut self) -> Option<Tree> {
        // A quantifier has nothing to repeat here.
        let unit = if self.quantifier().is_some() { None } else { self.next() }?;
        match letter(unit) {
            b'^' => Some(Tree::Edge(Edge::Start)),
            b'$' => Some(Tree::Edge(Edge::End)),
            b'(' => self.group(),
            b'.' => Some(self.unit(Set::any())),
            b'[' => self.class(),
            b'\\' => self.escape(),
            _ => Some(self.unit(Set::of(unit))),
        }
    }

    pub fn unit(&mut self, set: Set) -> Tree {
        self.sets.push(set);
        Tree::Unit(self.sets.len() - 1)
    }

    fn group(&mut self) -> Option<Tree> {
        for (start, behind, negative) in
            [("?=", false, false), ("?!", false, true), ("?<=", true, false), ("?<!", true, true)]
        {
            if self.eat(start.as_bytes()) {
                let number = self.looks;
                self.looks += 1;
                return Some(Tree::Look(Look { number, behind, negative, inner: self.inside()? }));
            }
        }
        if self.eat(b"?:") {
            return self.inside().map(|inner| *inner);
        }
        let number = self.opened;
        self.opened += 1;
        if self.starts_name() {
            let name = self.name()?;
            if self.taken.iter().any(|other| self.is_named(*other, &name)) {
                return None;
            }
            self.taken.push(number);
        }
        // After any other `?` there is nothing to repeat.
        Some(Tree::Group(number, self.inside()?))
    }

    pub fn is_named(&self, group: usize, name: &str) -> bool {
        self.names.get(group).and_then(Option::as_deref) == Some(name)
    }

    fn inside(&mut self) -> Option<Box<Tree>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let tree = self.disjunction()?;
        self.depth -= 1;
        self.eat(b")").then(|| Box::new(tree))
    }

    fn class(&mut self) -> Option<Tree> {
        let negative = self.eat(b"^");
        let mut spans = Vec::new();
        while !self.eat(b"]") {
            let first = self.class_atom()?;
            if self.peek() != b'-' || self.letter_at(self.at + 1) == b']' {
                spans.extend(first);
                continue;
            }
            self.at += 1;
            let last = self.class_atom()?;
            match (first.as_slice(), last.as_slice()) {
                // No shorthand stands for one code unit only.
                ([(a, a_end)], [(b, b_end)]) if a == a_end && b == b_end => spans.push((a <= b).then_some((*a, *b))?),
                _ => spans.extend([first, last, vec![(u16::from(b'-'), u16::from(b'-'))]].concat()),
            }
        }
        Some(self.unit(Set::new(spans, negative)))
    }

    fn class_atom(&mut self) -> Option<Vec<Span>> {
        let mut unit = self.next()?;
        if letter(unit) == b'\\' {
            if let Some(spans) = self.shorthand() {
                return Some(spans);
            }
            unit = if self.eat(b"b") { 0x08 } else { self.escaped(true)? };
        }
        Some(vec![(unit, unit)])
    }

    pub fn next(&mut self) -> Option<u16> {
        let unit = self.units.get(self.at).copied()?;
        self.at += 1;
        Some(unit)
    }

    pub fn peek(&self) -> u8 {
        self.letter_at(self.at)
    }

    fn letter_at(&self, at: usize) -> u8 {
        self.units.get(at).copied().map_or(NO_LETTER, letter)
    }

    pub fn eat(&mut self, text: &[u8]) -> bool {
        let is_next = (self.at..).zip(text).all(|(at, letter)| self.letter_at(at) == *letter);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }
}

/// What is not ASCII, or not there.
const NO_LETTER: u8 = 0xFF;

/// A code unit as the letter that syntax is made of.
pub fn letter(unit: u16) -> u8 {
    u8::try_from(unit).unwrap_or(NO_LETTER)
}
