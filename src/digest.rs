//! SHA-256 as text: whole for insert ids, shortened where a few texts of one browser are told apart.

use sha2::{Digest, Sha256};

use crate::json::Text;

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> Text {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect::<Vec<u8>>().into()
}

/// The first sixteen hexadecimal digits of the SHA-256 of some bytes.
pub fn short(bytes: &[u8]) -> Text {
    hex(Sha256::digest(bytes).get(..8).unwrap_or_default())
}
