//! WTF-8 seen as the UTF-16 code units that JavaScript compares, searches and matches.

use crate::json::Text;

/// The code units of a WTF-8 text. Bytes that are no WTF-8 become U+FFFD each.
pub fn units(text: &[u8]) -> Units<'_> {
    Units { rest: text, low: None }
}

/// What [`units`] yields.
#[derive(Clone, Debug)]
pub struct Units<'a> {
    rest: &'a [u8],
    /// The second half of a pair whose first half was given out.
    low: Option<u16>,
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        let (code, rest) = match *self.rest {
            [] => return None,
            [a @ 0..0x80, ref rest @ ..] => (u32::from(a), rest),
            [a @ 0xC0..0xE0, b, ref rest @ ..] => (tail(u32::from(a & 0x1F), b), rest),
            [a @ 0xE0..0xF0, b, c, ref rest @ ..] => (tail(tail(u32::from(a & 0x0F), b), c), rest),
            [a @ 0xF0..0xF8, b, c, d, ref rest @ ..] => (tail(tail(tail(u32::from(a & 0x07), b), c), d), rest),
            [_, ref rest @ ..] => (0xFFFD, rest),
        };
        self.rest = rest;
        let Some(above) = code.checked_sub(0x10000) else { return Some(code as u16) };
        self.low = Some(0xDC00 | (above & 0x3FF) as u16);
        Some(0xD800 | (above >> 10) as u16)
    }
}

fn tail(code: u32, byte: u8) -> u32 {
    code << 6 | u32::from(byte & 0x3F)
}

/// The text with each pair written as its two halves, three bytes each: bytes that compare as JavaScript's strings do
/// (U+10000 comes before U+FFFF), and in which half a pair is found inside a whole one.
pub fn comparable(text: &[u8]) -> Text {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match *rest {
            [b, c, d, ref after @ ..] if *byte >= 0xF0 => {
                let above = tail(tail(tail(u32::from(byte & 0x07), b), c), d).wrapping_sub(0x10000);
                for half in [0xD800 | above >> 10 & 0x3FF, 0xDC00 | above & 0x3FF] {
                    out.extend_from_slice(&[0xED, 0x80 | (half >> 6 & 0x3F) as u8, 0x80 | (half & 0x3F) as u8]);
                }
                rest = after;
            }
            _ => out.push(*byte),
        }
    }
    out.into()
}

/// `haystack.includes(needle)`, of [`comparable`] texts.
pub fn includes(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGH: &[u8] = &[0xED, 0xA0, 0xBD];

    fn less(a: &[u8], b: &[u8]) -> bool {
        comparable(a) < comparable(b)
    }

    fn found(haystack: &[u8], needle: &[u8]) -> bool {
        includes(&comparable(haystack), &comparable(needle))
    }

    #[test]
    fn a_pair_sorts_before_the_last_characters_of_the_basic_plane() {
        assert!(less("𐀀".as_bytes(), "\u{FFFF}".as_bytes()) && less(b"a", b"ab") && less(HIGH, "😀".as_bytes()));
    }

    #[test]
    fn half_a_pair_is_found_in_a_whole_one() {
        assert!(found("x😀".as_bytes(), HIGH) && !found(HIGH, "😀".as_bytes()));
        assert!(found(b"", b"") && found(b"abc", b"bc") && !found(b"b", b"bc"));
    }

    #[test]
    fn broken_bytes_end_no_loop() {
        assert_eq!(units(&[0xFF, 0xE2, 0x82]).count(), 3);
    }
}
