//! JavaScript's text rules without JavaScript: for servers, tests and benches.

use experiment_pattern::Pattern;

use super::Dialect;
use super::stringify::stringify;
use super::utf16::units;
use crate::json::{Text, Value};

/// Patterns longer than this, in bytes, never match: a server is shared.
const MAX_PATTERN: usize = 1024;

/// The dialect of programs that have no JavaScript at hand.
///
/// It decides as JavaScript does, but for the bounds of patterns: one of more than 1 KiB never matches, a subject is
/// matched by its first 1,024 characters, and [`experiment_pattern`] lists what else differs.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeDialect;

impl Dialect for NativeDialect {
    type Pattern = Pattern;

    fn number(&self, text: &[u8]) -> f64 {
        std::str::from_utf8(text).map_or(f64::NAN, number)
    }

    fn print(&self, number: f64) -> Text {
        ryu_js::Buffer::new().format(number).into()
    }

    fn stringify(&self, value: &Value) -> Text {
        stringify(value, self)
    }

    fn lower(&self, text: &[u8]) -> Text {
        let mut out = Vec::with_capacity(text.len());
        for chunk in text.utf8_chunks() {
            out.extend_from_slice(chunk.valid().to_lowercase().as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out.into()
    }

    fn compile_pattern(&self, source: &[u8]) -> Option<Pattern> {
        if source.len() > MAX_PATTERN {
            return None;
        }
        Pattern::new(&units(source).collect::<Vec<u16>>())
    }

    fn matches(&self, pattern: &Pattern, subject: &[u8]) -> bool {
        pattern.is_match(units(subject))
    }
}

/// `StringToNumber` of ECMAScript (7.1.4.1.1).
fn number(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    match text.as_bytes() {
        [] => 0.0,
        [b'0', b'x' | b'X', digits @ ..] => power_of_two(digits, 4),
        [b'0', b'o' | b'O', digits @ ..] => power_of_two(digits, 3),
        [b'0', b'b' | b'B', digits @ ..] => power_of_two(digits, 1),
        b"Infinity" | b"+Infinity" => f64::INFINITY,
        b"-Infinity" => f64::NEG_INFINITY,
        decimal => {
            let plain = decimal.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
            // Of texts made of these characters Rust reads the same ones, and to the same value.
            if plain { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
        }
    }
}

/// ECMAScript's `WhiteSpace` and `LineTerminator`: Unicode's white space without U+0085, with the byte order mark.
fn is_space(letter: char) -> bool {
    letter == '\u{FEFF}' || (letter.is_whitespace() && letter != '\u{85}')
}

/// Digits of `bits` bits each. What falls off the end only decides which way the last bit is rounded.
fn power_of_two(digits: &[u8], bits: u32) -> f64 {
    let (mut mantissa, mut exponent, mut sticky) = (0_u128, 0_i32, false);
    for digit in digits {
        let Some(digit) = char::from(*digit).to_digit(1 << bits) else { return f64::NAN };
        if mantissa.leading_zeros() > 4 {
            mantissa = mantissa << bits | u128::from(digit);
        } else {
            exponent = exponent.saturating_add(bits.cast_signed());
            sticky |= digit != 0;
        }
    }
    if digits.is_empty() { f64::NAN } else { (mantissa | u128::from(sticky)) as f64 * 2_f64.powi(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_javascript_reads_them() {
        let read = |text: &str| NativeDialect.number(text.as_bytes());
        for (text, number) in [
            ("", 0.0),
            (" \u{FEFF}\u{2003}\n12\u{A0}", 12.0),
            ("+1.", 1.0),
            ("-.5e+1", -5.0),
            ("0x1F", 31.0),
            ("0o17", 15.0),
            ("0B11", 3.0),
            ("1e400", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0x20000000000001", 9_007_199_254_740_992.0),
            ("0x20000000000003", 9_007_199_254_740_996.0),
        ] {
            assert_eq!(read(text), number, "{text:?}");
        }
        for text in [".", "e5", "-0x1", "0x", "0b2", "inf", "NaN", "infinity", "1_000", "1 2", "+-1", "\u{85}1", "1n"] {
            assert!(read(text).is_nan(), "{text:?}");
        }
        let long = format!("0x1{}1", "0".repeat(40));
        assert_eq!(read(&long), 2_f64.powi(164));
        assert_eq!(read(&format!("0x1{}", "0".repeat(300))), f64::INFINITY);
    }

    #[test]
    fn lower_case_leaves_lone_surrogates_alone() {
        let text = [b"\xC3\x84".as_slice(), &[0xED, 0xA0, 0xBD], "ΑΣ".as_bytes()].concat();
        let lower = ["ä".as_bytes(), &[0xED, 0xA0, 0xBD], "ας".as_bytes()].concat();
        assert_eq!(NativeDialect.lower(&text).as_bytes(), lower);
    }

    #[test]
    fn patterns_match_code_units_and_know_their_bounds() {
        let matches = |source: &str, subject: &str| {
            NativeDialect
                .compile_pattern(source.as_bytes())
                .is_some_and(|pattern| NativeDialect.matches(&pattern, subject.as_bytes()))
        };
        assert!(matches("^..$", "😀") && matches("\\ud83d", "😀") && matches("^[\\w-]+\\.js$", "a-b.js"));
        assert!(matches("^\\u{3}$", "uuu") && matches("^\\\\u{3}$", "\\uuu") && !matches("\\u{61}", "a"));
        assert!(!matches("(", "(") && !matches(&"a|".repeat(600), "a"));
        assert!(!matches("b$", &format!("{}b", "a".repeat(1024))));
    }

    #[test]
    fn the_dialect_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<NativeDialect>();
        shared::<Pattern>();
    }
}
