//! Who may do what, with which key; what a page may not; what a path cannot reach. Routes are read from the program's text,
//! so that a new one is looked at too.

use std::collections::BTreeSet;

use experiment_wasm::api::base64url;
use serde_json::{Value, json};

use crate::client::{TestRequest, TestResponse};
use crate::database::Database;
use crate::test_server::{ADMIN, CLIENT, TestServer, poll_until};

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];

const KEYS: [&str; 4] = ["client-key", "server-key", "shop-api-key", "shop-admin-key"];

/// Every path of `src/routes.rs`, with `button`, a flag that there is, for each parameter.
pub fn paths() -> BTreeSet<String> {
    let routes = include_str!("../../src/routes.rs");
    let named = routes.split(".route(").skip(1).map(|rest| rest.split('"').nth(1).unwrap());
    let paths: BTreeSet<_> = named.map(with_button).collect();
    assert!(paths.len() >= 15 && paths.iter().all(|path| path.starts_with('/')), "{paths:?}");
    paths
}

/// A path with `button` for each parameter.
pub fn with_button(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "button".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The paths that want the admin key, and pages of the server's own origin.
pub fn admin_paths() -> BTreeSet<String> {
    paths().into_iter().filter(|path| path.starts_with("/api/")).collect()
}

/// The paths that pages of any origin may ask. What needs no key and says nothing about anybody is neither.
pub fn open_paths() -> BTreeSet<String> {
    let admin = admin_paths();
    let health = ["/healthz", "/livez", "/readyz"];
    paths().into_iter().filter(|path| !admin.contains(path) && !health.contains(&path.as_str())).collect()
}

/// A method that a path of the admin has.
pub fn admin_method(path: &str) -> &'static str {
    if path.starts_with("/api/experiment-properties/") { "DELETE" } else { "GET" }
}

/// A request with a key in every place where somebody might look for one.
fn with_key(request: TestRequest, scheme: &str, key: &str) -> TestRequest {
    let body = json!({ "api_key": key, "admin_key": key, "key": key }).to_string();
    request.header("authorization", format!("{scheme}{key}")).header("x-api-key", key).header("cookie", key).body(body)
}

#[test]
fn every_admin_route_wants_the_admin_key_and_no_other() {
    let server = TestServer::start();
    for path in admin_paths() {
        for method in METHODS {
            let ask = || server.request(method, &path);
            let status = ask().send().status;
            assert!([401, 405].contains(&status), "{method} {path} without a key: {status}");
            for key in ["client-key", "server-key", "shop-api-key", "older-key", "older-api-key", "", "shop-admin-ke"] {
                for scheme in ["Bearer ", "Api-Key ", "Basic ", ""] {
                    let status = with_key(ask(), scheme, key).send().status;
                    assert!([401, 405].contains(&status), "{method} {path} with {scheme}{key}: {status}");
                }
            }
            let status =
                server.request(method, &format!("{path}?key=shop-admin-key&api_key=shop-admin-key")).send().status;
            assert!([401, 405].contains(&status), "{method} {path}, the key in the query: {status}");
        }
        let opened = METHODS.iter().any(|method| {
            ![401, 405].contains(&server.request(method, &path).header("authorization", ADMIN).send().status)
        });
        assert!(opened, "{path}");
    }
    // Nothing of this has changed anything.
    assert_eq!(server.read("/api/flags/button").expect(200)["key"], "button");
}

#[test]
fn a_key_opens_one_thing_and_nothing_else() {
    let server = TestServer::start();
    let user = base64url(br#"{"user_id":"alice"}"#);
    let events = json!([{ "user_id": "alice", "event_type": "Buy" }]);
    for key in KEYS {
        let asked = |path: &str| server.request("GET", path).header("authorization", format!("Api-Key {key}"));
        let evaluates = asked("/sdk/v2/vardata").header("x-amp-exp-user", user.to_str()).send().status == 200;
        assert_eq!(asked("/v1/vardata?user_id=alice").send().status == 200, evaluates);
        assert_eq!(asked("/sdk/v2/flags").send().status == 200, evaluates);
        let body = json!({ "api_key": key, "events": events }).to_string();
        let ingests = server.request("POST", "/2/httpapi").body(body.clone()).send().status == 200;
        assert_eq!(server.request("POST", "/batch").body(body).send().status == 200, ingests);
        let form = format!(r#"api_key={key}&identification={{"user_id":"alice"}}"#);
        assert_eq!(server.request("POST", "/identify").body(form).send().status == 200, ingests);
        let bearer = format!("Bearer {key}");
        let reads = server.request("GET", "/api/events").header("authorization", bearer).send().status == 200;
        let opens = [evaluates, ingests, reads];
        assert_eq!(
            opens,
            [key.ends_with("t-key") || key == "server-key", key.contains("api"), key.contains("admin")],
            "{key}"
        );
    }
}

#[test]
fn two_keys_are_none() {
    let server = TestServer::start();
    for (first, second) in [(ADMIN, "Bearer wrong"), ("Bearer wrong", ADMIN), (ADMIN, ADMIN)] {
        let request =
            server.request("GET", "/api/events").header("authorization", first).header("authorization", second);
        request.send().refused(401);
    }
    let user = json!({ "user_id": "alice" });
    server.vardata(&user).header("authorization", "Api-Key wrong").send().refused(401);
}

#[test]
fn flags_that_are_given_out_name_no_deployment() {
    let server = TestServer::start();
    for key in [CLIENT, "Api-Key server-key"] {
        let answer = server.request("GET", "/sdk/v2/flags").header("authorization", key).send();
        let shown = String::from_utf8(answer.body).unwrap();
        assert!(shown.contains("banner") && !shown.contains("-key") && !shown.contains("deployments"), "{shown}");
    }
}

#[test]
fn no_foreign_page_gets_through_to_an_admin_route() {
    let server = TestServer::on(Database::new(), &[]);
    let own = format!("http://localhost:{}", server.port);
    for path in admin_paths() {
        for method in ["GET", "PUT", "DELETE"] {
            let ask = || server.request(method, &path).header("authorization", ADMIN);
            let other = format!("http://localhost:{}", server.port ^ 1);
            for origin in ["null", "https://evil.example", "http://localhost", "file://", &other] {
                ask().header("origin", origin).send().refused(403);
            }
            // A page of the same name and another scheme or port is told apart by the browser only.
            for site in ["cross-site", "same-site"] {
                ask().header("sec-fetch-site", site).send().refused(403);
                ask().header("origin", &own).header("sec-fetch-site", site).send().refused(403);
            }
            ask().header("origin", &own).header("origin", "https://evil.example").send().refused(403);
        }
    }
    let page = server.request("GET", "/api/events").header("authorization", ADMIN).header("origin", &own);
    page.header("sec-fetch-site", "same-origin").send().expect(200);
}

#[test]
fn a_page_that_rebinds_its_name_to_this_machine_still_has_no_key() {
    let server = TestServer::start();
    for path in admin_paths() {
        let method = admin_method(&path);
        let head = format!("{method} {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n");
        let request = TestRequest { head, ..server.request("GET", "") };
        request.header("origin", "http://evil.example").header("sec-fetch-site", "same-origin").send().refused(401);
    }
}

/// `GET` and `HEAD` of every route, with each key, good and bad queries, and a body that would change something.
fn request_all_gets(server: &TestServer, track: &str) {
    let user = base64url(br#"{"user_id":"alice","device_id":"phone","user_properties":{"plan":"gold"}}"#);
    let flag = r#"{"key":"button","variants":{},"segments":[],"api_key":"shop-api-key","events":[{"user_id":"alice","event_type":"Buy"}]}"#;
    let queries = [
        "",
        "?user_id=alice&device_id=phone",
        "?user_id=new&limit=1&month=2026-06&event_type=Buy&flag_keys=button",
        "?_method=DELETE&method=PUT&key=button&context={%22user_id%22:%22new%22}",
        "?api_key=shop-api-key&events=[{%22user_id%22:%22new%22,%22event_type%22:%22Buy%22}]",
        "?user_id=%00&limit=-1&month=x&context=x",
    ];
    for path in paths() {
        for (method, query) in ["GET", "HEAD"].iter().flat_map(|method| queries.map(|query| (method, query))) {
            for key in [ADMIN, CLIENT, "Api-Key server-key", "Bearer shop-api-key"] {
                let request = server.request(method, &format!("{path}{query}")).header("authorization", key);
                let request = request.header("x-amp-exp-user", user.to_str()).header("x-amp-exp-track", track);
                request.header("x-http-method-override", "DELETE").body(flag).send();
            }
        }
    }
}

#[test]
fn no_get_changes_anything_but_for_the_assignment_of_an_evaluation() {
    let server = TestServer::on(Database::lasting(), &[]);
    server.store(json!([
        { "user_id": "alice", "device_id": "phone", "event_type": "Buy", "user_properties": { "plan": "gold" } },
        { "user_id": "alice", "event_type": "$exposure", "event_properties": { "flag_key": "button", "variant": "on" } },
    ]));
    let before = server.database.rows();
    assert!(before.len() >= 5 && before["person"].len() == 1, "{before:?}");
    request_all_gets(&server, "no-track");
    assert_eq!(server.database.rows(), before);
    // As it is told to by the seed, evaluation stores that a user was assigned: nothing else, and no property.
    request_all_gets(&server, "track");
    let assigned = |user_id: &str| server.assignments(user_id, 1).len();
    assert!(assigned("alice") > 0 && assigned("new") > 0);
    let others = "SELECT count(*) FROM event WHERE event_type <> '[Experiment] Assignment'";
    assert_eq!(server.database.number(others), 2);
    let after = server.database.rows();
    for table in ["flag", "project"] {
        assert_eq!(after[table], before[table]);
    }
    assert!(before["person"].iter().all(|person| after["person"].contains(person)));
    assert_eq!(server.properties("user_id=new"), json!({}));
}

#[test]
fn every_answer_says_that_it_is_what_it_says() {
    let directory = Directory::new();
    let server = TestServer::on(Database::new(), &["--www", &directory.www()]);
    let of_json = |answer: TestResponse, status: u16| {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    };
    of_json(server.request("GET", "/healthz").send(), 200);
    of_json(server.read("/api/events"), 200);
    of_json(server.request("GET", "/api/events").send(), 401);
    of_json(server.vardata(&json!({ "user_id": "alice" })).send(), 200);
    of_json(server.ingest(json!([{ "user_id": "alice", "event_type": "Buy" }])), 200);
    of_json(server.ingest(Value::Null), 400);
    of_json(server.request("DELETE", "/batch").send(), 405);
    for (path, status) in [("/", 200), ("/index.html", 200), ("/nothing", 404)] {
        let page = server.request("GET", path).send();
        assert_eq!((page.status, page.header("x-content-type-options")), (status, Some("nosniff")));
        assert_eq!(page.header("content-security-policy"), Some("frame-ancestors 'self'"));
    }
}

/// A folder to serve, and beside it what is not for anybody.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!(
            "experiment_security_{}_{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::create_dir_all(path.join("www/folder")).unwrap();
        std::fs::write(path.join("secret"), "a secret").unwrap();
        std::fs::write(path.join("www/index.html"), "<!doctype html>shop").unwrap();
        Self(path)
    }

    fn www(&self) -> String {
        self.0.join("www").to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Paths that would leave the folder, in the spellings that some server has followed before.
const ESCAPES: [&str; 23] = [
    "/../secret",
    "//../secret",
    "/./../secret",
    "/folder/../../secret",
    "/index.html/../../secret",
    "/%2e%2e/secret",
    "/%2E%2E/secret",
    "/.%2e/secret",
    "/..%2fsecret",
    "/%2e%2e%2fsecret",
    "/folder%2f..%2f..%2fsecret",
    "/..%5csecret",
    "/..\\secret",
    "/%252e%252e/secret",
    "/%c0%ae%c0%ae/secret",
    "/..;/secret",
    "/..%00/secret",
    "/../secret%00.html",
    "/index.html%00",
    "/%00",
    "/%ff",
    "http://localhost/../secret",
    "*",
];

#[test]
fn no_path_reaches_beyond_the_folder_that_is_served() {
    let directory = Directory::new();
    let server = TestServer::on(Database::new(), &["--www", &directory.www()]);
    let absolute = directory.0.join("secret").to_str().unwrap().to_owned();
    let folders = "folder/../".repeat(2_000);
    let long = [
        &absolute,
        &format!("/{absolute}"),
        &absolute.replace('/', "%2f"),
        &format!("/{folders}secret"),
        &format!("/{}", "a".repeat(5_000)),
        &format!("/{}", "a/".repeat(5_000)),
        &format!("/{}", "a".repeat(70_000)),
    ];
    for path in ESCAPES.into_iter().chain(long.map(String::as_str)) {
        let answer = server.request("GET", path).send();
        let told = String::from_utf8_lossy(&answer.body);
        let start = &path[..path.len().min(40)];
        assert!([400, 404, 405, 414, 431].contains(&answer.status), "{start}: {} {told}", answer.status);
        assert!(!told.contains("secret") && !told.contains("experiment_security"), "{start}: {told}");
    }
    assert_eq!(server.request("GET", "/index.html").send().status, 200);
    poll_until(|| (server.request("GET", "/healthz").send().status == 200).then_some(()));
}
