//! JSON answers.
//!
//! Answers of the server are structs that serde writes. Variants and flags stay the SDK's to write: they can hold half
//! characters and numbers like `1e400`, for which serde_json has no values.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

const OF_JSON: (HeaderName, HeaderValue) = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));

/// An answer of the server.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [NO_STORE], Json(body)).into_response()
}

/// An answer that is JSON text already.
pub fn json_text(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [OF_JSON, NO_STORE], body.into()).into_response()
}

/// An answer whose text is made while it is read.
pub fn streamed(status: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    (status, [(header::CONTENT_TYPE, content_type), NO_STORE], body).into_response()
}
