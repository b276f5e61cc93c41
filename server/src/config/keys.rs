//! The keys of one field: a text, or a list of texts while one key takes the place of another.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Read, wrong};

pub const KEYS: &str = "a text of visible ASCII characters, or a list of such texts";
pub const KEY: &str = "a text of visible ASCII characters";

/// The keys as they are written. No key at all is refused where it is needed.
#[derive(Default)]
pub struct KeysWire {
    keys: Vec<String>,
    is_list: bool,
}

impl KeysWire {
    /// The keys, at least one, each of which a header can carry: others would never fit.
    pub fn read(self, path: &str) -> Read<Vec<String>> {
        if self.keys.is_empty() {
            return Err(wrong(path, KEYS));
        }
        let fits = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        match self.keys.iter().position(|key| !fits(key)) {
            None => Ok(self.keys),
            Some(index) if self.is_list => Err(wrong(&format!("{path}[{index}]"), KEY)),
            Some(_) => Err(wrong(path, KEYS)),
        }
    }
}

impl<'de> Deserialize<'de> for KeysWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMore)
    }
}

struct OneOrMore;

impl<'de> Visitor<'de> for OneOrMore {
    type Value = KeysWire;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(KEYS)
    }

    fn visit_str<E>(self, key: &str) -> Result<KeysWire, E> {
        Ok(KeysWire { keys: vec![key.to_owned()], is_list: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<KeysWire, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = list.next_element()? {
            keys.push(key);
        }
        Ok(KeysWire { keys, is_list: true })
    }
}

/// What a field of keys must be, or one of its list.
pub fn expected(field: &str) -> Option<&'static str> {
    match field.split_once('[').unwrap_or((field, "")) {
        ("api_key" | "admin_key" | "key", "") => Some(KEYS),
        ("api_key" | "admin_key" | "key", _) => Some(KEY),
        _ => None,
    }
}

/// The keys of a field with their paths.
pub fn placed(path: String, keys: &[String]) -> Vec<(String, &str)> {
    match keys {
        [key] => vec![(path, key)],
        _ => (0..).zip(keys).map(|(n, key): (usize, _)| (format!("{path}[{n}]"), key.as_str())).collect(),
    }
}
