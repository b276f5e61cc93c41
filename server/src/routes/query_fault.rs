//! Why a query is not answered. What is not known or cannot be read is refused by name.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::refusal::Refusal;
use crate::http::request;
use crate::http::response::json;

/// The longest unknown name that an answer repeats. A key that was sent as a name has other characters, or more of them.
const LONGEST_SHOWN: usize = 20;

/// A query that is not answered.
#[derive(Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// A parameter, and what it should be.
    Parameter(String, &'static str),
    Refused(Refusal),
}

type Result<T> = std::result::Result<T, QueryFault>;

/// The parameters of a query. None stands there twice.
pub fn each_once(uri: &Uri) -> Result<Vec<(String, String)>> {
    let pairs = request::pairs(uri)?;
    for (n, (name, _)) in pairs.iter().enumerate() {
        if pairs.iter().take(n).any(|(before, _)| before == name) {
            return Err(QueryFault::new(name, "The parameter stands there twice"));
        }
    }
    Ok(pairs)
}

/// A whole number from 0; none where the parameter is empty.
pub fn number(name: &str, value: &str) -> Result<Option<i64>> {
    if value.is_empty() {
        return Ok(None);
    }
    let number = value.parse().ok().filter(|number| *number >= 0);
    number.map(Some).ok_or_else(|| QueryFault::new(name, "The parameter is no whole number from 0"))
}

impl QueryFault {
    /// This is wrong with a parameter.
    pub fn new(name: &str, what: &'static str) -> Self {
        let is_shown =
            name.len() <= LONGEST_SHOWN && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        Self::Parameter(if is_shown { name.to_owned() } else { String::new() }, what)
    }

    /// Nothing is known by this name.
    pub fn unknown(name: &str) -> Self {
        Self::new(name, "There is no such parameter")
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
