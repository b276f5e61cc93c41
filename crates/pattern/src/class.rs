//! Character classes: sets of UTF-16 code units, and those that ECMAScript has names for.

/// The code units from the first to the last, both included.
pub(crate) type UnitRange = (u16, u16);

const DIGITS: &[UnitRange] = &[(0x30, 0x39)];
const WORD: &[UnitRange] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
const LINE_ENDS: &[UnitRange] = &[(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];

/// `WhiteSpace` and `LineTerminator` of ECMAScript.
const WHITE_SPACE: &[UnitRange] = &[
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];

/// A character class.
#[derive(Clone, Debug)]
pub(crate) struct CharClass {
    ranges: Vec<UnitRange>,
    /// The class is the complement of its ranges.
    negated: bool,
}

impl CharClass {
    pub(crate) fn new(ranges: Vec<UnitRange>, negated: bool) -> Self {
        Self { ranges, negated }
    }

    /// The class of one code unit.
    pub(crate) fn of(unit: u16) -> Self {
        Self::new(vec![(unit, unit)], false)
    }

    /// `.`: everything but the ends of lines.
    pub(crate) fn dot() -> Self {
        Self::new(LINE_ENDS.into(), true)
    }

    pub(crate) fn contains(&self, unit: u16) -> bool {
        is_in(&self.ranges, unit) != self.negated
    }
}

/// Whether a code unit is in `\w`.
pub(crate) fn is_word(unit: u16) -> bool {
    is_in(WORD, unit)
}

fn is_in(ranges: &[UnitRange], unit: u16) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&unit))
}

/// The ranges of `\d`, `\D`, `\s`, `\S`, `\w` and `\W`; `None` for any other letter.
pub(crate) fn shorthand(letter: u8) -> Option<Vec<UnitRange>> {
    let ranges = match letter | 0x20 {
        b'd' => DIGITS,
        b's' => WHITE_SPACE,
        b'w' => WORD,
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { complement(ranges) } else { ranges.into() })
}

/// The ranges between ranges that are in order.
fn complement(ranges: &[UnitRange]) -> Vec<UnitRange> {
    let firsts = std::iter::once(0).chain(ranges.iter().map(|(_, last)| last + 1));
    let lasts = ranges.iter().map(|(first, _)| first - 1).chain(std::iter::once(u16::MAX));
    firsts.zip(lasts).collect()
}
