//! WTF-8 seen as the UTF-16 code units that JavaScript compares, searches and matches.

use std::cmp::Ordering;

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

/// JavaScript's `<` on strings: by code unit, so that U+10000 comes before U+FFFF.
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    units(a).cmp(units(b))
}

/// `haystack.includes(needle)`. Half a pair is found inside a whole one, which a search over bytes would miss.
pub fn includes(haystack: &[u8], needle: &[u8]) -> bool {
    if has_surrogate(needle) {
        let (haystack, needle): (Vec<u16>, Vec<u16>) = (units(haystack).collect(), units(needle).collect());
        return contains(&haystack, &needle);
    }
    contains(haystack, needle)
}

fn contains<T: PartialEq>(haystack: &[T], needle: &[T]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

fn has_surrogate(text: &[u8]) -> bool {
    text.windows(2).any(|pair| matches!(pair, [0xED, 0xA0..=0xBF]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGH: &[u8] = &[0xED, 0xA0, 0xBD];

    #[test]
    fn a_pair_sorts_before_the_last_characters_of_the_basic_plane() {
        assert_eq!(compare("𐀀".as_bytes(), "\u{FFFF}".as_bytes()), Ordering::Less);
        assert_eq!(compare("a".as_bytes(), "ab".as_bytes()), Ordering::Less);
        assert_eq!(compare(HIGH, "😀".as_bytes()), Ordering::Less);
    }

    #[test]
    fn half_a_pair_is_found_in_a_whole_one() {
        assert!(includes("x😀".as_bytes(), HIGH));
        assert!(!includes(HIGH, "😀".as_bytes()));
        assert!(includes(b"", b"") && includes(b"abc", b"bc") && !includes(b"b", b"bc"));
    }

    #[test]
    fn broken_bytes_end_no_loop() {
        assert_eq!(units(&[0xFF, 0xE2, 0x82]).count(), 3);
    }
}
