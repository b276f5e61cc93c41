//! Text whose bytes compare and are found as JavaScript's strings do and are.

use crate::json::Text;

/// The text with each pair written as its two halves, three bytes each: bytes that compare as JavaScript's strings do
/// (U+10000 comes before U+FFFF), and in which half a pair is found inside a whole one.
pub(crate) fn comparable(text: &[u8]) -> Text {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match *rest {
            [b, c, d, ref after @ ..] if *byte >= 0xF0 => {
                let code =
                    [b, c, d].iter().fold(u32::from(byte & 0x07), |code, byte| code << 6 | u32::from(byte & 0x3F));
                let above = code.wrapping_sub(0x10000);
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
pub(crate) fn includes(haystack: &[u8], needle: &[u8]) -> bool {
    // The first bytes are looked at here: comparing the rest is a call, and mostly none is needed.
    let is_needle = |window: &[u8]| window.first() == needle.first() && window == needle;
    needle.is_empty() || haystack.windows(needle.len()).any(is_needle)
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
}
