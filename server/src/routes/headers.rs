//! Headers that keep browsers from making more of an answer than it is.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use tower_http::services::ServeDir;
use tower_http::set_header::{SetResponseHeader, SetResponseHeaderLayer};

/// JSON: nothing to load, nothing to show in a frame.
const OF_JSON: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Pages say in themselves what they load; only who frames them cannot be said there.
const OF_PAGES: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");

/// Puts them on every answer.
pub fn guarded(router: Router) -> Router {
    router
        .layer(unless_present(header::CONTENT_SECURITY_POLICY, OF_JSON))
        .layer(unless_present(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
}

/// Static files, with their own policy.
pub fn pages(files: ServeDir) -> SetResponseHeader<ServeDir, HeaderValue> {
    SetResponseHeader::if_not_present(files, header::CONTENT_SECURITY_POLICY, OF_PAGES)
}

fn unless_present(name: HeaderName, value: HeaderValue) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, value)
}
