//! Pages of other origins are kept away from what the admin key opens, whatever key they hold.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;

/// Lets a request through that comes from no page, or from one of this server.
pub async fn own_only(request: Request, next: Next) -> Response {
    if is_own(request.headers()) { next.run(request).await } else { Refusal::ForeignOrigin.into_response() }
}

fn is_own(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).map(|host| host.as_bytes()).unwrap_or_default();
    let named = [&b"http://"[..], b"https://"].iter().find_map(|scheme| origin.as_bytes().strip_prefix(*scheme));
    !host.is_empty() && named == Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn asked(origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
        headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
        is_own(&headers)
    }

    #[test]
    fn only_the_servers_own_pages_and_programs_may_ask() {
        assert!(asked(None));
        assert!(asked(Some("http://localhost:8080")));
        for foreign in ["http://localhost:9090", "http://evil.example", "null", "localhost:8080"] {
            assert!(!asked(Some(foreign)), "{foreign}");
        }
    }
}
