//! The stored form of an event: `{"v":1,"at":…,"event":{…}}`, where `at` is the wall time at which it was taken over.

use crate::json::{Object, Text, Value};
use crate::time::NEVER;

/// Writes the stored form of an event.
pub(super) fn write_stored(at: u64, event: &Text) -> Text {
    [b"{\"v\":1,\"at\":", Text::from_u64(at).as_bytes(), b",\"event\":", event, b"}"].concat().into()
}

/// Reads time and event of format 1. Other formats are left to the versions that know them.
pub(super) fn read_stored(stored: &Text) -> Option<(u64, Text)> {
    let stored = Object::parse(stored)?;
    let known = stored.get("v").and_then(Value::as_u64) == Some(1);
    let event = stored.get("event").filter(|event| known && event.as_object().is_some())?;
    Some((stored.get("at").and_then(Value::as_u64).unwrap_or(NEVER), event.to_text()))
}
