//! Ids: which texts name somebody. An id that is too short, or a word for nobody, is removed from its event; an event that
//! has no other is refused. The rules are Amplitude's.

use super::{Rejection, Rules, name};
use crate::json::{Object, Text};
use crate::user::Identity;

/// How long an id must be where a request does not say, in characters: Amplitude's number.
pub const MIN_ID_LENGTH: usize = 5;

/// What programs send for nobody, in small letters: Amplitude's list.
const NOBODY: [&str; 13] = [
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
pub(super) fn take(event: &mut Object, rules: Rules) -> Result<(Identity, Option<&'static str>), Rejection> {
    let user_id = name(event.remove("user_id"), Rejection::InvalidUserId)?;
    let device_id = name(event.remove("device_id"), Rejection::InvalidDeviceId)?;
    let user_id = judged(user_id, rules, Rejection::InvalidUserId, Rejection::ShortUserId);
    let device_id = judged(device_id, rules, Rejection::InvalidDeviceId, Rejection::ShortDeviceId);
    match (user_id, device_id) {
        (Ok(None), Ok(None)) => Err(Rejection::MissingId),
        (Err(why), Ok(None) | Err(_)) | (Ok(None), Err(why)) => Err(why),
        (Err(why), Ok(device_id)) => Ok((Identity { user_id: None, device_id }, Some(why.field()))),
        (Ok(user_id), Err(why)) => Ok((Identity { user_id, device_id: None }, Some(why.field()))),
        (Ok(user_id), Ok(device_id)) => Ok((Identity { user_id, device_id }, None)),
    }
}

fn judged(id: Option<Text>, rules: Rules, nobody: Rejection, short: Rejection) -> Result<Option<Text>, Rejection> {
    let Some(id) = id else { return Ok(None) };
    if NOBODY.iter().any(|word| id.as_bytes().eq_ignore_ascii_case(word.as_bytes())) {
        return Err(nobody);
    }
    if characters(&id) < rules.min_id_length { Err(short) } else { Ok(Some(id)) }
}

/// How many characters a text has, which is UTF-8: all bytes but those that continue one.
fn characters(id: &Text) -> usize {
    id.as_bytes().iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}
