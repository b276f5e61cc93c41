//! An event as storage holds it: `{"v":1,"at":…,"event":{…}}`, where `at` is the wall time it was taken over and first sent.

use crate::json::{Object, Text, Value};
use crate::time::NEVER;

/// The record of an event.
pub(super) fn record(at: u64, event: &Text) -> Text {
    [b"{\"v\":1,\"at\":", Text::from_u64(at).as_bytes(), b",\"event\":", event, b"}"].concat().into()
}

/// Time and event of a record of format 1. Records of other formats are left to the versions that know them.
pub(super) fn read_record(record: &Text) -> Option<(u64, Text)> {
    let record = Object::parse(record)?;
    let known = record.get("v").and_then(Value::as_u64) == Some(1);
    let event = record.get("event").filter(|event| known && event.as_object().is_some())?;
    Some((record.get("at").and_then(Value::as_u64).unwrap_or(NEVER), event.to_text()))
}
