//! Which pages may ask: any page for evaluation and ingestion, only the server's own for the rest.

use serde_json::json;

use crate::test_server::{ADMIN, TestServer};

const PAGE: &str = "https://shop.example";

#[test]
fn any_page_may_ask_for_variants_and_send_events_without_credentials() {
    let server = TestServer::start();
    for path in ["/sdk/v2/vardata", "/sdk/v2/flags", "/v1/vardata", "/2/httpapi", "/batch", "/identify"] {
        let preflight = server
            .request("OPTIONS", path)
            .header("origin", PAGE)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,x-amp-exp-user")
            .send();
        assert_eq!(preflight.status, 200);
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
        assert_eq!(preflight.header("access-control-allow-credentials"), None);
        let allowed = preflight.header("access-control-allow-headers").unwrap();
        for name in [
            "authorization",
            "content-type",
            "content-encoding",
            "x-amp-exp-user",
            "x-amp-exp-flag-keys",
            "x-amp-exp-track",
        ] {
            assert!(allowed.split(',').any(|one| one == name), "{name}");
        }
    }
    let answer = server.vardata(&json!({ "user_id": "alice" })).header("origin", PAGE).send();
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let refused = server.request("GET", "/sdk/v2/flags").header("origin", PAGE).send();
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some("*")));
}

#[test]
fn a_foreign_page_is_refused_by_the_admin_api_even_with_its_key() {
    let server = TestServer::start();
    for (method, path) in [
        ("GET", "/api/events"),
        ("GET", "/api/users?user_id=a"),
        ("GET", "/api/usage"),
        ("PUT", "/api/flags/a"),
        ("DELETE", "/api/flags/a"),
        ("GET", "/api/experiment-properties"),
        ("DELETE", "/api/experiment-properties/a"),
    ] {
        let answer = server.request(method, path).header("authorization", ADMIN).header("origin", PAGE).send();
        assert_eq!(answer.header("access-control-allow-origin"), None);
        answer.refused(403);
    }
    let preflight =
        server.request("OPTIONS", "/api/events").header("origin", PAGE).header("access-control-request-method", "GET");
    assert_eq!(preflight.send().header("access-control-allow-origin"), None);
    let own = format!("http://localhost:{}", server.port);
    server.request("GET", "/api/events").header("authorization", ADMIN).header("origin", own).send().expect(200);
}
