//! Why a request is refused. Every refusal is JSON with a code and a sentence, and holds no key and nothing about
//! users.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::response::json;
use crate::store::Failure;

/// A refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The deployment or admin key is missing or wrong; this is the scheme that would carry it.
    Unauthorized(&'static str),
    /// The API key in the body is missing or wrong. Real clients give up on exactly this answer.
    InvalidApiKey,
    /// The body, or what a header carries, is not what the route reads.
    Malformed(&'static str),
    /// A field of the request is missing.
    Missing(&'static str),
    /// A page of another origin asks what only the own one may.
    ForeignOrigin,
    NotFound,
    MethodNotAllowed,
    /// The body did not come in time.
    Slow,
    /// More bytes or events than the route takes.
    TooLarge,
    HeaderTooLarge,
    /// What is stored under this name cannot be read.
    Unreadable,
    /// The store does not answer; nothing of the request was stored.
    Unavailable,
}

/// The body of the answer.
#[derive(Serialize)]
struct Body {
    code: u16,
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_field: Option<&'static str>,
}

impl Refusal {
    /// The store failed: the log says why, the answer only that it did.
    pub fn failed(error: &sqlx::Error) -> Self {
        tracing::error!(error = %Failure(error), "the store failed");
        Self::Unavailable
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::InvalidApiKey | Self::Malformed(_) | Self::Missing(_) => StatusCode::BAD_REQUEST,
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeaderTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Unreadable => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Unauthorized(_) => "Missing or invalid key",
            // Amplitude's words, which its clients compare.
            Self::InvalidApiKey => "Invalid API key",
            Self::Missing(_) => "Request missing required field",
            Self::Malformed(what) => what,
            Self::ForeignOrigin => "Not from this origin",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Slow => "The request took too long",
            Self::TooLarge => "Payload too large",
            Self::HeaderTooLarge => "Header too large",
            Self::Unreadable => "What is stored cannot be read",
            Self::Unavailable => "Service unavailable",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let missing_field = if let Self::Missing(field) = self { Some(field) } else { None };
        let body = Body { code: self.status().as_u16(), error: self.sentence(), missing_field };
        let mut response = json(self.status(), &body);
        if let Self::Unauthorized(scheme) = self {
            let wanted = HeaderValue::from_str(&format!("{scheme} realm=\"experiment\""));
            wanted.ok().and_then(|wanted| response.headers_mut().insert(header::WWW_AUTHENTICATE, wanted));
        }
        if self == Self::Unavailable {
            // Seconds. A store that is down is looked for again soon, with the client's own backoff on top.
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
