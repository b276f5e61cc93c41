//! Users and flag keys in headers and queries.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::{HeaderMap, Uri};
use experiment_wasm::api::{FLAG_KEYS_HEADER, from_base64};
use experiment_wasm::json::{Object, Text, Value, parse};

use super::refusal::Refusal;
use super::urlencoded::unescaped;

/// The longest header that is read, in bytes: a user of 12 KB, as base64.
pub const MAX_HEADER_BYTES: usize = 16 << 10;

/// The query, each name once.
pub type Fields = HashMap<String, String>;

/// The query's fields, of those with one name the last.
pub fn query(uri: &Uri) -> Result<Fields, Refusal> {
    Ok(pairs(uri)?.into_iter().collect())
}

/// The query's names and values, in order. What is no UTF-8 would be read as another text, perhaps as the id of another
/// user.
pub fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Refusal> {
    if std::str::from_utf8(&unescaped(uri.query().unwrap_or_default().as_bytes())).is_err() {
        return Err(Refusal::Malformed("The query is not UTF-8"));
    }
    Query::try_from_uri(uri).map(|Query(pairs)| pairs).map_err(|_| Refusal::Malformed("The query could not be read"))
}

/// A text of a query, unless it is empty. PostgreSQL would fail on NUL, and nothing stored has one.
pub fn text(value: String) -> Option<String> {
    Some(value.replace('\0', "\u{fffd}")).filter(|value| !value.is_empty())
}

/// What a header carries in base64, either alphabet, padded or not; an empty header is none.
pub fn decoded(headers: &HeaderMap, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(value) = headers.get(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    if value.len() > MAX_HEADER_BYTES {
        return Err(Refusal::HeaderTooLarge);
    }
    from_base64(value.as_bytes()).map(Some).ok_or(Refusal::Malformed("A header is no base64"))
}

/// The flags asked for, by header.
pub fn flag_keys(headers: &HeaderMap) -> Result<Option<Vec<Text>>, Refusal> {
    let Some(bytes) = decoded(headers, FLAG_KEYS_HEADER)? else { return Ok(None) };
    let keys = parse(&bytes)
        .ok()
        .and_then(|value| value.as_array()?.iter().map(|key| key.as_str().cloned()).collect::<Option<Vec<_>>>());
    keys.map(Some).ok_or(Refusal::Malformed("The flag keys are no list of texts"))
}

/// The flags asked for, by query: divided by commas.
pub fn flag_keys_of(fields: &Fields) -> Option<Vec<Text>> {
    let list = fields.get("flag_keys").filter(|list| !list.is_empty())?;
    Some(list.split(',').map(|key| key.trim().into()).collect())
}

/// A user's JSON. Properties may hold bytes that are no UTF-8, which no condition names. An id may not: a result could
/// not be attributed to a user.
pub fn user(text: &[u8]) -> Result<Object, Refusal> {
    let user = parse(text).ok().and_then(Value::into_object);
    let user = user.ok_or(Refusal::Malformed("The user is no JSON object"))?;
    let is_broken = |id: &str| user.get(id).and_then(Value::as_str).is_some_and(|id| std::str::from_utf8(id).is_err());
    // Half a character that is escaped is no broken byte.
    let is_unicode = std::str::from_utf8(text).is_ok();
    match ["user_id", "device_id"].map(|id| !is_unicode && is_broken(id)) {
        [true, _] => Err(Refusal::Malformed("The user_id is not UTF-8")),
        [_, true] => Err(Refusal::Malformed("The device_id is not UTF-8")),
        _ => Ok(user),
    }
}
