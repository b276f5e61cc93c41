//! Strings as JavaScript has them, in WTF-8: UTF-8, plus lone surrogates as their three bytes.
//!
//! The reference hashes a lone surrogate as three bytes, so a string type that cannot hold one would bucket differently.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

use super::writer::write_u64;

/// A JavaScript string.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    /// The WTF-8 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a Rust string, as JavaScript's `toWellFormed` has it: lone surrogates and invalid bytes are U+FFFD.
    pub fn to_str(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(well_formed(&self.0)),
        }
    }

    /// As a Rust string, like [`Self::to_str`].
    pub fn into_string(self) -> String {
        String::from_utf8(self.0).unwrap_or_else(|error| well_formed(error.as_bytes()))
    }

    /// This text with U+FFFD for lone surrogates and invalid bytes.
    #[must_use]
    pub fn into_well_formed(self) -> Self {
        self.into_string().into()
    }

    /// This text with more appended.
    pub fn then(&self, more: &[u8]) -> Self {
        [self.as_bytes(), more].concat().into()
    }

    /// The decimal digits of a number.
    pub fn from_u64(number: u64) -> Self {
        from_u64(number)
    }

    /// The number, if the text is plain decimal digits that fit.
    pub fn to_u64(&self) -> Option<u64> {
        to_u64(&self.0)
    }
}

/// UTF-8, with U+FFFD for invalid bytes. The three bytes of a lone surrogate are one character.
fn well_formed(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    // How many bytes of a surrogate may follow: the decoder reports each as an error of its own.
    let mut of_surrogate = 0;
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        of_surrogate = match chunk.invalid() {
            [] => 0,
            [0x80..=0xBF] if of_surrogate > 0 && chunk.valid().is_empty() => of_surrogate - 1,
            invalid => {
                out.push(char::REPLACEMENT_CHARACTER);
                if *invalid == [0xED] { 2 } else { 0 }
            }
        };
    }
    out
}

/// The number written in plain decimal digits.
pub(super) fn to_u64(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Decimal digits without `format!`, which a build for the browser would have to link.
pub(super) fn from_u64(number: u64) -> Text {
    let mut digits = Vec::new();
    write_u64(number, &mut digits);
    digits.into()
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), out)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_str(), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf8_is_a_replacement_character_and_never_nothing() {
        let cases: [(&[u8], &str); 8] = [
            (b"Z\xFCrich", "Z\u{FFFD}rich"),
            (b"\xFC\xFC", "\u{FFFD}\u{FFFD}"),
            (b"\xED\xA0\xBDx", "\u{FFFD}x"),
            (b"\xED\xA0\xBD\xED\xB2\xA9", "\u{FFFD}\u{FFFD}"),
            (b"\xEDx\xA0", "\u{FFFD}x\u{FFFD}"),
            (b"\xED\xA0\xBD\xBD", "\u{FFFD}\u{FFFD}"),
            (b"\xE2\x82", "\u{FFFD}"),
            ("Zürich".as_bytes(), "Zürich"),
        ];
        for (bytes, text) in cases {
            assert_eq!(Text::from(bytes).to_str(), text, "{bytes:?}");
            assert_eq!(Text::from(bytes).into_string(), text, "{bytes:?}");
        }
    }
}
