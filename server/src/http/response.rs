//! Answers: what every answer in JSON has in common.
//!
//! Answers of the server are structs, written by serde. Variants and flags are JSON of the SDK and stay the SDK's to write:
//! they hold half characters and numbers like `1e400`, which serde_json has no values for.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

const OF_JSON: (HeaderName, HeaderValue) = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));

/// An answer of the server.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [NO_STORE], Json(body)).into_response()
}

/// An answer that is JSON text already.
pub fn json_text(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [OF_JSON, NO_STORE], body.into()).into_response()
}
