//! Response headers that restrict what a browser does with an answer.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::services::ServeDir;
use tower_http::set_header::{SetResponseHeader, SetResponseHeaderLayer};

use super::refusal::Refusal;

/// JSON: nothing to load, nothing to show in a frame.
const OF_JSON: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Pages say in themselves what they load; only who frames them cannot be said there.
const OF_PAGES: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");

/// The longest name of a file, in bytes, and half of the longest path on Linux: the folder stands before it.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 2_048;

/// Puts them on every answer.
pub fn guarded(router: Router) -> Router {
    router
        .layer(unless_present(header::CONTENT_SECURITY_POLICY, OF_JSON))
        .layer(unless_present(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
}

/// Static files, with their own policy.
pub fn pages(directory: &Path) -> Router {
    let files = SetResponseHeader::if_not_present(ServeDir::new(directory), header::CONTENT_SECURITY_POLICY, OF_PAGES);
    Router::new().fallback_service(files).layer(middleware::from_fn(of_a_file))
}

/// A name that no file can have is not found, where the system would fail on it.
async fn of_a_file(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let can_be = path.len() <= LONGEST_PATH && path.split('/').all(|name| name.len() <= LONGEST_NAME);
    if can_be { next.run(request).await } else { Refusal::NotFound.into_response() }
}

fn unless_present(name: HeaderName, value: HeaderValue) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, value)
}
