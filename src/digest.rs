//! SHA-256 as text: whole for insert ids, shortened to distinguish a few texts of one browser.

use sha2::{Digest, Sha256};

use crate::json::Text;

/// The SHA-256 of some bytes in lower-case hexadecimal.
pub fn whole(bytes: &[u8]) -> Text {
    let mut out = Vec::with_capacity(64);
    for byte in &*Sha256::digest(bytes) {
        for digit in [byte >> 4, byte & 15] {
            out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
    }
    out.into()
}

/// The first sixteen hexadecimal digits of the SHA-256 of some bytes.
pub fn short(bytes: &[u8]) -> Text {
    whole(bytes).get(..16).unwrap_or_default().into()
}
