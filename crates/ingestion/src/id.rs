//! Ids: which texts identify a user. An id that is too short, a placeholder, or neither text nor number is removed from
//! its event; an event without another id is rejected. The rules are Amplitude's.

use super::name::name;
use super::rejection::Rejection;
use super::rules::Rules;
use experiment_wasm::dialect::Dialect;
use experiment_wasm::json::{Object, Text, Value};
use experiment_wasm::user::{Identity, id_text};

/// How long an id must be where a request does not say, in characters: Amplitude's number.
pub const MIN_ID_LENGTH: usize = 5;

/// What programs send instead of an id, in lower case: Amplitude's list.
const PLACEHOLDERS: [&str; 13] = [
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "00000000-0000-0000-0000-000000000000",
    "{}",
    "lmy47d",
    "0",
    "-1",
];

/// Takes the ids out of an event. Beside them the field of an id that was removed because the other one is good.
pub(super) fn take<D: Dialect>(
    event: &mut Object,
    rules: Rules,
    dialect: &D,
) -> Result<(Identity, Option<&'static str>), Rejection> {
    let user_id = read(event.remove("user_id"), dialect, Rejection::InvalidUserId)?;
    let device_id = read(event.remove("device_id"), dialect, Rejection::InvalidDeviceId)?;
    let user_id = check(user_id, rules, Rejection::InvalidUserId, Rejection::ShortUserId);
    let device_id = check(device_id, rules, Rejection::InvalidDeviceId, Rejection::ShortDeviceId);
    match (user_id, device_id) {
        (Ok(None), Ok(None)) => Err(Rejection::MissingId),
        (Err(why), Ok(None) | Err(_)) | (Ok(None), Err(why)) => Err(why),
        (Err(why), Ok(device_id)) => Ok((Identity { user_id: None, device_id }, Some(why.field()))),
        (Ok(user_id), Err(why)) => Ok((Identity { user_id, device_id: None }, Some(why.field()))),
        (Ok(user_id), Ok(device_id)) => Ok((Identity { user_id, device_id }, None)),
    }
}

/// An id that is not there, one of another kind, or a text. One that cannot be stored refuses its event.
fn read<D: Dialect>(id: Option<Value>, dialect: &D, invalid: Rejection) -> Result<Sent, Rejection> {
    match id {
        None | Some(Value::Null) => Ok(Ok(None)),
        Some(id) => match id_text(&id, dialect) {
            Some(text) => name(Some(text.into()), invalid).map(Ok),
            None => Ok(Err(invalid)),
        },
    }
}

/// An id, or why it does not count.
type Sent = Result<Option<Text>, Rejection>;

fn check(id: Sent, rules: Rules, placeholder: Rejection, short: Rejection) -> Sent {
    let Some(id) = id? else { return Ok(None) };
    if PLACEHOLDERS.iter().any(|word| id.as_bytes().eq_ignore_ascii_case(word.as_bytes())) {
        return Err(placeholder);
    }
    if characters(&id) < rules.min_id_length { Err(short) } else { Ok(Some(id)) }
}

/// How many characters a text has, which is UTF-8: all bytes but those that continue one.
fn characters(id: &Text) -> usize {
    id.as_bytes().iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}
