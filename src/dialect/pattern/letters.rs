//! Sets of code units, and the ones that JavaScript has names for.

/// Code units from the first to the last one.
pub type Span = (u16, u16);

const DIGITS: &[Span] = &[(0x30, 0x39)];
const WORD: &[Span] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
const LINE_ENDS: &[Span] = &[(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];

/// `WhiteSpace` and `LineTerminator` of ECMAScript.
const SPACE: &[Span] = &[
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

/// A set of code units.
#[derive(Clone, Debug)]
pub struct Set {
    spans: Vec<Span>,
    /// Whether it holds what is in none of the spans.
    negative: bool,
}

impl Set {
    pub fn new(spans: Vec<Span>, negative: bool) -> Self {
        Self { spans, negative }
    }

    pub fn of(unit: u16) -> Self {
        Self::new(vec![(unit, unit)], false)
    }

    /// What `.` stands for.
    pub fn any() -> Self {
        Self::new(LINE_ENDS.into(), true)
    }

    pub fn has(&self, unit: u16) -> bool {
        is_in(&self.spans, unit) != self.negative
    }
}

/// What `\w` stands for.
pub fn is_word(unit: u16) -> bool {
    is_in(WORD, unit)
}

fn is_in(spans: &[Span], unit: u16) -> bool {
    spans.iter().any(|(first, last)| (*first..=*last).contains(&unit))
}

/// What `\d`, `\D`, `\s`, `\S`, `\w` and `\W` stand for.
pub fn shorthand(letter: u8) -> Option<Vec<Span>> {
    let spans = match letter | 0x20 {
        b'd' => DIGITS,
        b's' => SPACE,
        b'w' => WORD,
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { gaps(spans) } else { spans.into() })
}

/// What is between spans that are in order.
fn gaps(spans: &[Span]) -> Vec<Span> {
    let firsts = std::iter::once(0).chain(spans.iter().map(|(_, last)| last + 1));
    let lasts = spans.iter().map(|(first, _)| first - 1).chain(std::iter::once(u16::MAX));
    firsts.zip(lasts).collect()
}
