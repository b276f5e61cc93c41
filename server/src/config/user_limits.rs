//! How large the properties of one user may become, as a project's `settings` say it: `{"names"?, "bytes"?,
//! "text_characters"?}`.

use experiment_ingestion::limits::UserLimits;
use serde::Deserialize;

use super::{Read, wrong};

/// The most bytes, which is also what a user has by default. A request of as many events as one may have, each about two
/// people (a visitor who logs in) who both have as many bytes as they may, is under what a transaction may load.
pub const MOST_BYTES: u64 = 64 << 10;

/// The most names: more would not fit into the bytes.
const MOST_NAMES: u64 = 7_000;

const NAMES: &str = "a whole number from 1 to 7000";
const BYTES: &str = "a whole number from 1 to 65536";
const TEXT_CHARACTERS: &str = BYTES;

/// The limits as they are written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserLimitsWire {
    names: Option<u64>,
    bytes: Option<u64>,
    text_characters: Option<u64>,
}

impl UserLimitsWire {
    /// The limits; what is not said is as usual.
    pub fn read(&self, path: &str) -> Read<UserLimits> {
        let within = |field: &str, value: Option<u64>, most: u64, usual: u64| match value {
            Some(value) if value == 0 || value > most => {
                Err(wrong(&format!("{path}.{field}"), expected(field).unwrap_or_default()))
            }
            value => Ok(value.unwrap_or(usual)),
        };
        let usual = UserLimits::default();
        let text = within("text_characters", self.text_characters, MOST_BYTES, usual.text as u64)?;
        Ok(UserLimits {
            names: within("names", self.names, MOST_NAMES, usual.names)?,
            bytes: within("bytes", self.bytes, MOST_BYTES, usual.bytes)?,
            text: usize::try_from(text).unwrap_or(usual.text),
        })
    }
}

/// What a field must be.
pub fn expected(field: &str) -> Option<&'static str> {
    match field {
        "names" => Some(NAMES),
        "bytes" => Some(BYTES),
        "text_characters" => Some(TEXT_CHARACTERS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_names_the_range() {
        assert_eq!(NAMES, format!("a whole number from 1 to {MOST_NAMES}"));
        assert_eq!(BYTES, format!("a whole number from 1 to {MOST_BYTES}"));
        let UserLimits { names, bytes, text } = UserLimits::default();
        assert!(names <= MOST_NAMES && bytes <= MOST_BYTES && text as u64 <= MOST_BYTES);
    }
}
