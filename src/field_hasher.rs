//! Digests of fields, and so the id under which an event counts once: SHA-256 over length-prefixed fields.
//!
//! The bytes that are hashed, so that any language can make the same id (vectors: `tests/vectors/insert_id.json`): the two
//! bytes `v1`; then each field as its length (four bytes, little-endian) and its bytes (WTF-8); before an optional field
//! one byte, 1 when it is there and 0 when not, and nothing more when not; numbers as decimal digits in a field. The id is
//! the digest in lower-case hexadecimal. No field can be mistaken for another, and no id of a user can be read from it.

use crate::digest;
use crate::json::Text;

/// Hashes fields.
pub struct FieldHasher(Vec<u8>);

impl FieldHasher {
    /// Starts with the format's version.
    pub fn new() -> Self {
        Self(b"v1".to_vec())
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, bytes: &[u8]) -> Self {
        // Lengths are under json::MAX_BYTES.
        self.0.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a field that may be absent; an empty field and an absent one have different digests.
    #[must_use]
    pub fn optional(mut self, bytes: Option<&[u8]>) -> Self {
        self.0.push(u8::from(bytes.is_some()));
        match bytes {
            Some(bytes) => self.field(bytes),
            None => self,
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.field(&Text::from_u64(number))
    }

    /// The digest.
    pub fn finish(self) -> Text {
        digest::whole(&self.0)
    }
}

impl Default for FieldHasher {
    fn default() -> Self {
        Self::new()
    }
}
