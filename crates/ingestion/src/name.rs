//! Ids, keys and event types: texts that a store can hold and index.

use experiment_wasm::json::{Text, Value};

use crate::rejection::Rejection;

/// The longest id, key or event type, in bytes: Amplitude's limit for strings, and what an index entry of any store
/// takes.
pub const MAX_NAME_BYTES: usize = 1_024;

/// Whether a text can be an id or a key: short enough for an index, no NUL (PostgreSQL has none), no lone surrogate.
pub fn is_storable(text: &[u8]) -> bool {
    text.len() <= MAX_NAME_BYTES && !text.contains(&0) && std::str::from_utf8(text).is_ok()
}

/// A text that stores can hold and index; missing, null and empty are absent.
pub(crate) fn name(value: Option<Value>, refused: Rejection) -> Result<Option<Text>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if is_storable(&text) => Ok(Some(text)),
        Some(_) => Err(refused),
    }
}
