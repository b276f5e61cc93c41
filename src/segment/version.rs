//! Amplitude's version dialect: `major.minor[.patch[-prerelease]]`, where a pre-release comes before its release and two
//! pre-releases compare as text. (Reference: `SemanticVersion` of experiment-core.)

use std::cmp::Ordering;

use crate::dialect::{Dialect, plain};
use crate::json::Text;

/// A version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    /// Major, minor, patch. JavaScript numbers, so that digits beyond the sixteenth are as blurred as they are there.
    numbers: [f64; 3],
    /// From the hyphen on; empty for a release.
    pre_release: Text,
}

impl Version {
    /// Reads a version; `None` for any other text.
    pub(crate) fn parse<D: Dialect>(text: &[u8], dialect: &D) -> Option<Self> {
        let number = |digits| plain::number(dialect, digits);
        let (major, rest) = digits(text)?;
        let (minor, rest) = digits(rest.strip_prefix(b".")?)?;
        let (patch, pre_release) = match rest {
            [] => (0.0, rest),
            [b'.', rest @ ..] => digits(rest).map(|(patch, rest)| (number(patch), rest))?,
            _ => return None,
        };
        is_pre_release(pre_release)
            .then(|| Self { numbers: [number(major), number(minor), patch], pre_release: pre_release.into() })
    }

    /// Which of two versions comes first.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        let release = |version: &Self| version.pre_release.is_empty();
        let order = self.numbers.partial_cmp(&other.numbers)?;
        Some(order.then_with(|| match (release(self), release(other)) {
            (false, false) => self.pre_release.cmp(&other.pre_release),
            (mine, theirs) => mine.cmp(&theirs),
        }))
    }
}

/// One digit or more, and what follows them.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())
}

/// Nothing, or a hyphen and identifiers of word characters and hyphens, each followed by at most one dot.
fn is_pre_release(text: &[u8]) -> bool {
    let Some(identifiers) = text.strip_prefix(b"-") else { return text.is_empty() };
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    identifiers.iter().all(known) && !identifiers.starts_with(b".") && !identifiers.windows(2).any(|pair| pair == b"..")
}

#[cfg(all(test, feature = "native"))]
mod tests {
    use super::*;
    use crate::dialect::NativeDialect;

    fn parse(text: &str) -> Option<Version> {
        Version::parse(text.as_bytes(), &NativeDialect)
    }

    #[test]
    fn a_version_has_two_numbers_at_least_and_a_pre_release_only_after_three() {
        for text in ["1.2", "01.2.3", "1.2.3-", "1.2.3-a.b.", "1.2.3--_"] {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in ["", "1", "1.", "1.2.", "1.2-a", "1.2.3.4", "1.2.3-.a", "1.2.3-a..b", "1.2.3-é", "v1.2", "1.2.3 "]
        {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_pre_release_comes_before_its_release() {
        let order = |a: &str, b: &str| parse(a).unwrap().compare(&parse(b).unwrap()).unwrap();
        assert_eq!(order("1.2.3-b", "1.2.3"), Ordering::Less);
        assert_eq!(order("1.2.3", "1.2.3-b"), Ordering::Greater);
        assert_eq!(order("1.2.3-10", "1.2.3-9"), Ordering::Less);
        assert_eq!(order("1.10", "1.9.9"), Ordering::Greater);
        assert_eq!(order("1.2", "1.2.0"), Ordering::Equal);
    }
}
