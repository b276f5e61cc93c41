//! Refuses pages of other origins on the admin API, whatever key they hold.
//!
//! A page whose name resolves to this machine (DNS rebinding) passes as an own page. It gains nothing: the key is in no
//! cookie, and without the key there is no answer. The names of this server are not known here, since a proxy may stand
//! in front.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal::Refusal;

/// What browsers say of where a request comes from; they look at the scheme too, which is not known behind a proxy.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Lets a request through that comes from no page, or from one of this server.
pub async fn own_only(request: Request, next: Next) -> Response {
    if is_own(request.headers()) { next.run(request).await } else { Refusal::ForeignOrigin.into_response() }
}

/// Every header that says where a request comes from must say it is ours, and only one may name this server.
fn is_own(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    another.is_none()
        && headers.get_all(SEC_FETCH_SITE).iter().all(|site| site == "same-origin" || site == "none")
        && headers.get_all(header::ORIGIN).iter().all(|origin| host.is_some_and(|host| is_of(origin, host)))
}

fn is_of(origin: &HeaderValue, host: &HeaderValue) -> bool {
    let named = [&b"http://"[..], b"https://"].iter().find_map(|scheme| origin.as_bytes().strip_prefix(*scheme));
    !host.is_empty() && named == Some(host.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(sent: &[(&'static str, &'static str)]) -> bool {
        let named = |(name, value): &(&'static str, &'static str)| {
            (name.parse::<header::HeaderName>().unwrap(), HeaderValue::from_static(value))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in sent.iter().map(named) {
            headers.append(name, value);
        }
        is_own(&headers)
    }

    const HOST: (&str, &str) = ("host", "localhost:8080");

    #[test]
    fn only_the_servers_own_pages_and_programs_may_ask() {
        assert!(is_allowed(&[HOST]));
        assert!(is_allowed(&[HOST, ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(is_allowed(&[HOST, ("sec-fetch-site", "none")]));
        let foreign = [
            "http://localhost:9090",
            "http://localhost",
            "http://localhost:80801",
            "http://evil.example",
            "http://evil.example/localhost:8080",
            "http://x@localhost:8080",
            "ftp://localhost:8080",
            "chrome-extension://localhost:8080",
            "localhost:8080",
            "null",
            "",
        ];
        for origin in foreign {
            assert!(!is_allowed(&[HOST, ("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn what_the_browser_says_of_the_site_counts_also_without_an_origin() {
        for site in ["cross-site", "same-site", "", "anything"] {
            assert!(!is_allowed(&[HOST, ("sec-fetch-site", site)]), "{site}");
            assert!(!is_allowed(&[HOST, ("origin", "http://localhost:8080"), ("sec-fetch-site", site)]), "{site}");
        }
    }

    #[test]
    fn a_second_header_does_not_make_a_foreign_page_an_own_one() {
        let own = ("origin", "http://localhost:8080");
        assert!(!is_allowed(&[HOST, own, ("origin", "http://evil.example")]));
        assert!(!is_allowed(&[("host", "evil.example"), HOST, own]));
        assert!(!is_allowed(&[own]));
        assert!(!is_allowed(&[("host", ""), ("origin", "http://")]));
    }
}
