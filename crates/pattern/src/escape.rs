//! Escapes: a backslash and what follows it, in patterns, in classes and in the names of groups.

use super::Assertion;
use super::class::{CharClass, UnitRange, shorthand};
use super::parser::{Ast, Parser, ascii};

impl Parser<'_> {
    pub(crate) fn escape(&mut self) -> Option<Ast> {
        match self.peek() {
            b'b' | b'B' => {
                let assertion = Assertion::WordBoundary(self.peek() == b'b');
                self.position += 1;
                Some(Ast::Assertion(assertion))
            }
            b'1'..=b'9' => match self.group_number() {
                Some(group) => Some(self.backreference(vec![group])),
                None => self.literal(),
            },
            b'k' if self.has_names() => {
                if !self.eat(b"k<") {
                    return None;
                }
                let name = self.name()?;
                let groups: Vec<usize> = (0..self.group_count()).filter(|group| self.is_named(*group, &name)).collect();
                (!groups.is_empty()).then(|| self.backreference(groups))
            }
            _ => match self.shorthand() {
                Some(ranges) => Some(self.add_class(CharClass::new(ranges, false))),
                None => self.literal(),
            },
        }
    }

    /// The index of a numbered group, if the pattern has it.
    fn group_number(&mut self) -> Option<usize> {
        let start = self.position;
        let group = self.decimal()? - 1;
        if group < self.group_count() {
            return Some(group);
        }
        self.position = start;
        None
    }

    fn backreference(&mut self, groups: Vec<usize>) -> Ast {
        self.has_backreferences = true;
        Ast::Backreference(groups)
    }

    fn literal(&mut self) -> Option<Ast> {
        let unit = self.escaped(false)?;
        Some(self.add_class(CharClass::of(unit)))
    }

    pub(crate) fn shorthand(&mut self) -> Option<Vec<UnitRange>> {
        let ranges = shorthand(self.peek())?;
        self.position += 1;
        Some(ranges)
    }

    /// The code unit of an escape, after its backslash.
    pub(crate) fn escaped(&mut self, in_class: bool) -> Option<u16> {
        let unit = self.next()?;
        Some(match ascii(unit) {
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

    /// `\cJ`. Where no letter follows, it is a literal backslash, and the `c` is read again.
    fn control(&mut self, in_class: bool) -> u16 {
        let byte = self.peek();
        if byte.is_ascii_alphabetic() || in_class && (byte.is_ascii_digit() || byte == b'_') {
            self.position += 1;
            return u16::from(byte & 0x1F);
        }
        self.position -= 1;
        u16::from(b'\\')
    }

    /// `\123`: up to three octal digits, as long as the value fits a byte.
    fn octal(&mut self, first: u8) -> u16 {
        let mut code = u16::from(first - b'0');
        for max in [0o7, 0o37] {
            let digit @ b'0'..=b'7' = self.peek() else { break };
            if code > max {
                break;
            }
            code = code << 3 | u16::from(digit - b'0');
            self.position += 1;
        }
        code
    }

    fn hex(&mut self, count: usize) -> Option<u16> {
        let digits = self.units.get(self.position..self.position + count)?.iter();
        let code = digits.copied().try_fold(0, |code, unit| Some(code << 4 | hex_digit(unit)?))?;
        self.position += count;
        Some(code)
    }

    fn has_names(&self) -> bool {
        self.names.iter().any(Option::is_some)
    }

    /// The rest of a group name, and the `>` after it.
    pub(crate) fn name(&mut self) -> Option<String> {
        let mut units = Vec::new();
        while !self.eat(b">") {
            let unit = self.next()?;
            if ascii(unit) == b'\\' { self.name_escape(&mut units)? } else { units.push(unit) }
        }
        let name = String::from_utf16(&units).ok()?;
        let mut letters = name.chars();
        let is_first = |letter: char| letter.is_alphabetic() || matches!(letter, '$' | '_');
        let has_start = letters.next().is_some_and(is_first);
        let has_parts = letters.all(|letter| is_first(letter) || letter.is_ascii_digit() || !letter.is_ascii());
        (has_start && has_parts).then_some(name)
    }

    /// `\u0061` or `\u{61}` in a group name.
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
    char::from(ascii(unit)).to_digit(16).map(|digit| digit as u16)
}
