//! What a backslash makes of the letters after it, and the names of groups, in which there is one more kind of escape.

use super::Edge;
use super::letters::{Set, Span, shorthand};
use super::syntax::{Parser, Tree, letter};

impl Parser<'_> {
    pub fn escape(&mut self) -> Option<Tree> {
        match self.peek() {
            b'b' | b'B' => {
                let edge = Edge::Word(self.peek() == b'b');
                self.at += 1;
                Some(Tree::Edge(edge))
            }
            b'1'..=b'9' => match self.reference() {
                Some(group) => Some(self.back(vec![group])),
                None => self.one(),
            },
            b'k' if self.has_names() => {
                if !self.eat(b"k<") {
                    return None;
                }
                let name = self.name()?;
                let groups: Vec<usize> = (0..self.groups()).filter(|group| self.is_named(*group, &name)).collect();
                (!groups.is_empty()).then(|| self.back(groups))
            }
            _ => match self.shorthand() {
                Some(spans) => Some(self.unit(Set::new(spans, false))),
                None => self.one(),
            },
        }
    }

    /// The group of a number, if there is one.
    fn reference(&mut self) -> Option<usize> {
        let start = self.at;
        let group = self.decimal()? - 1;
        if group < self.groups() {
            return Some(group);
        }
        self.at = start;
        None
    }

    fn back(&mut self, groups: Vec<usize>) -> Tree {
        self.refers = true;
        Tree::Back(groups)
    }

    fn one(&mut self) -> Option<Tree> {
        let unit = self.escaped(false)?;
        Some(self.unit(Set::of(unit)))
    }

    pub fn shorthand(&mut self) -> Option<Vec<Span>> {
        let spans = shorthand(self.peek())?;
        self.at += 1;
        Some(spans)
    }

    /// What stands for one code unit, after its backslash.
    pub fn escaped(&mut self, in_class: bool) -> Option<u16> {
        let unit = self.next()?;
        Some(match letter(unit) {
            b't' => 0x09,
            b'n' => 0x0A,
            b'v' => 0x0B,
            b'f' => 0x0C,
            b'r' => 0x0D,
            b'c' => self.control(in_class),
            digit @ b'0'..=b'7' => self.octal(digit),
            b'x' => self.hex(2).unwrap_or(unit),
            b'u' => self.hex(4).unwrap_or(unit),
            b'k' if self.has_names() => return None,
            _ => unit,
        })
    }

    /// `\cJ`. Where no letter follows it is a backslash, and a c comes next.
    fn control(&mut self, in_class: bool) -> u16 {
        let letter = self.peek();
        if letter.is_ascii_alphabetic() || in_class && (letter.is_ascii_digit() || letter == b'_') {
            self.at += 1;
            return u16::from(letter & 0x1F);
        }
        self.at -= 1;
        u16::from(b'\\')
    }

    /// Up to three digits, as long as they make no more than a byte.
    fn octal(&mut self, first: u8) -> u16 {
        let mut code = u16::from(first - b'0');
        for most in [0o7, 0o37] {
            let digit @ b'0'..=b'7' = self.peek() else { break };
            if code > most {
                break;
            }
            code = code << 3 | u16::from(digit - b'0');
            self.at += 1;
        }
        code
    }

    fn hex(&mut self, count: usize) -> Option<u16> {
        let digits = self.units.get(self.at..self.at + count)?.iter();
        let code = digits.copied().try_fold(0, |code, unit| Some(code << 4 | hex_digit(unit)?))?;
        self.at += count;
        Some(code)
    }

    fn has_names(&self) -> bool {
        self.names.iter().any(Option::is_some)
    }

    /// The rest of a name, and the `>` after it.
    pub fn name(&mut self) -> Option<String> {
        let mut units = Vec::new();
        while !self.eat(b">") {
            let unit = self.next()?;
            if letter(unit) == b'\\' { self.name_escape(&mut units)? } else { units.push(unit) }
        }
        let name = String::from_utf16(&units).ok()?;
        let mut letters = name.chars();
        let is_first = |letter: char| letter.is_alphabetic() || matches!(letter, '$' | '_');
        let is_good = letters.next().is_some_and(is_first);
        let are_good = letters.all(|letter| is_first(letter) || letter.is_ascii_digit() || !letter.is_ascii());
        (is_good && are_good).then_some(name)
    }

    /// `\u0061` or `\u{61}`, in a name.
    fn name_escape(&mut self, units: &mut Vec<u16>) -> Option<()> {
        if !self.eat(b"u") {
            return None;
        }
        if !self.eat(b"{") {
            units.push(self.hex(4)?);
            return Some(());
        }
        let mut code = 0;
        while !self.eat(b"}") {
            code = (code << 4 | u32::from(hex_digit(self.next()?)?)).min(0x11_0000);
        }
        units.extend_from_slice(char::from_u32(code)?.encode_utf16(&mut [0; 2]));
        Some(())
    }
}

fn hex_digit(unit: u16) -> Option<u16> {
    char::from(letter(unit)).to_digit(16).map(|digit| digit as u16)
}
