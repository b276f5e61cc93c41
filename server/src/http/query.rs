//! Queries of the admin's routes. What is not known or cannot be read is refused by name: a parameter that is ignored
//! would answer something else than was asked.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::refusal::Refusal;
use super::request::{Fields, pairs};
use super::response::json;

/// The longest unknown name that an answer repeats. A key that was sent as a name has other characters, or more of them.
const LONGEST_SHOWN: usize = 20;

/// A query that is not answered.
#[derive(Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// A parameter, and what it should be.
    Parameter(String, &'static str),
    Refused(Refusal),
}

impl QueryFault {
    /// A parameter that cannot be taken.
    pub fn of(name: &str, what: &'static str) -> Self {
        let is_shown =
            name.len() <= LONGEST_SHOWN && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        Self::Parameter(if is_shown { name.to_owned() } else { String::new() }, what)
    }
}

/// The parameters of a query, each of them one of these names and there once.
pub fn fields(uri: &Uri, names: &[&str]) -> Result<Fields, QueryFault> {
    let mut fields = Fields::new();
    for (name, value) in pairs(uri)? {
        if fields.contains_key(&name) {
            return Err(QueryFault::of(&name, "The parameter stands there twice"));
        }
        if !names.contains(&name.as_str()) {
            return Err(QueryFault::of(&name, "There is no such parameter"));
        }
        fields.insert(name, value);
    }
    Ok(fields)
}

/// A whole number from 0; none where the parameter is empty.
pub fn number(name: &str, value: &str) -> Result<Option<i64>, QueryFault> {
    if value.is_empty() {
        return Ok(None);
    }
    let number = value.parse().ok().filter(|number| *number >= 0);
    number.map(Some).ok_or_else(|| QueryFault::of(name, "The parameter is no whole number from 0"))
}

/// A handler that names it has no parameters. It comes after the key, which is looked at first.
pub struct NoParameters;

impl<S: Sync> FromRequestParts<S> for NoParameters {
    type Rejection = QueryFault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, QueryFault> {
        fields(&parts.uri, &[]).map(|_| Self)
    }
}

impl From<Refusal> for QueryFault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The body of the answer.
#[derive(Serialize)]
struct Body {
    code: u16,
    error: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

impl IntoResponse for QueryFault {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            Self::Parameter(field, error) => json(StatusCode::BAD_REQUEST, &Body { code: 400, error, field }),
        }
    }
}
