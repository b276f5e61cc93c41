//! Comparison keys of texts: bytes that are equal, less or greater when the values they stand for are.
//!
//! So numbers, versions and texts are all compared as bytes, and the computed keys of a property are a list of texts.

use crate::dialect::comparable::comparable;
use crate::dialect::{Dialect, plain};
use crate::json::Text;

/// A kind of comparison key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComparisonKey {
    /// The text itself.
    Text,
    /// The text itself, but `true` and `false` in lower case.
    BooleanText,
    /// The text in lower case, as [`ComparisonKey::Units`].
    Lower,
    /// The number that `Number` reads; NaN has no key.
    Number,
    /// The version.
    Version,
    /// The text in code units, as JavaScript compares and searches.
    Units,
}

impl ComparisonKey {
    /// This key of a text; `None` if it has none.
    pub(crate) fn of<D: Dialect>(self, text: &Text, dialect: &D) -> Option<Text> {
        match self {
            Self::BooleanText if is_boolean(text) => Some(text.to_ascii_lowercase().into()),
            Self::Text | Self::BooleanText => Some(text.clone()),
            Self::Lower => Some(comparable(&dialect.lower(text))),
            Self::Number => number(plain::number(dialect, text)),
            Self::Version => version(text, dialect),
            Self::Units => Some(comparable(text)),
        }
    }
}

/// Whether `toLowerCase` makes `true` or `false` of it. No letter outside ASCII becomes one of theirs.
fn is_boolean(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false")
}

/// IEEE 754 bits sort as the numbers do once the sign is turned, and for negative numbers all the rest.
#[inline(never)]
fn number(number: f64) -> Option<Text> {
    // Minus zero is zero.
    let bits = (number + 0.0).to_bits();
    let sign = 1 << 63;
    let sorted = if bits & sign == 0 { bits | sign } else { !bits };
    (!number.is_nan()).then(|| sorted.to_be_bytes().as_slice().into())
}

/// Amplitude's version dialect: `major.minor[.patch[-prerelease]]`, where a pre-release comes before its release and two
/// pre-releases compare as text. (Reference: `SemanticVersion` of experiment-core.)
fn version<D: Dialect>(text: &[u8], dialect: &D) -> Option<Text> {
    let mut out = Vec::new();
    let mut rest = text;
    for part in 0..3 {
        if part > 0 {
            // A missing patch is the patch `0`.
            rest = if part == 2 && rest.is_empty() { b"0" } else { rest.strip_prefix(b".")? };
        }
        let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())?;
        // JavaScript numbers, so that digits beyond the sixteenth are as imprecise as there.
        out.extend_from_slice(&number(plain::number(dialect, digits))?);
        rest = after;
    }
    // Any pre-release begins with a hyphen, which is less than this.
    out.extend_from_slice(if rest.is_empty() { &[0xFF] } else { rest });
    is_pre_release(rest).then(|| out.into())
}

/// Nothing, or a hyphen and identifiers of word characters and hyphens, each followed by at most one dot.
fn is_pre_release(text: &[u8]) -> bool {
    let Some(identifiers) = text.strip_prefix(b"-") else { return text.is_empty() };
    let mut before = b'.';
    identifiers.iter().all(|byte| {
        let is_second_dot = *byte == b'.' && before == b'.';
        before = *byte;
        !is_second_dot && (byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    })
}

#[cfg(all(test, feature = "native"))]
mod tests {
    use super::*;
    use crate::dialect::NativeDialect;

    fn key(key: ComparisonKey, text: &str) -> Option<Text> {
        key.of(&text.into(), &NativeDialect)
    }

    #[test]
    fn a_version_has_two_numbers_at_least_and_a_pre_release_only_after_three() {
        for text in ["1.2", "01.2.3", "1.2.3-", "1.2.3-a.b.", "1.2.3--_"] {
            assert!(key(ComparisonKey::Version, text).is_some(), "{text}");
        }
        for text in ["", "1", "1.", "1.2.", "1.2-a", "1.2.3.4", "1.2.3-.a", "1.2.3-a..b", "1.2.3-é", "v1.2", "1.2.3 "]
        {
            assert!(key(ComparisonKey::Version, text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_pre_release_comes_before_its_release() {
        let sorted = ["1.2.3-10", "1.2.3-9", "1.2.3-b", "1.2.3", "1.9.9", "1.10", "99999999999999999999.0"];
        assert!(sorted.map(|text| key(ComparisonKey::Version, text).unwrap()).is_sorted_by(|a, b| a < b));
        assert_eq!(key(ComparisonKey::Version, "1.2"), key(ComparisonKey::Version, "01.2.0"));
    }

    #[test]
    fn numbers_sort_below_and_above_zero() {
        let sorted = ["-Infinity", "-1e300", "-2", "-1.5", "-1e-300", "0", "1e-300", "1", "0x10", "1e300", "Infinity"];
        assert!(sorted.map(|text| key(ComparisonKey::Number, text).unwrap()).is_sorted_by(|a, b| a < b));
        assert_eq!(key(ComparisonKey::Number, "-0"), key(ComparisonKey::Number, ""));
        assert_eq!(key(ComparisonKey::Number, "x"), None);
    }
}
