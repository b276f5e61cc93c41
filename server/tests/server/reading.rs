//! Reading: for the admin key only, filtered, limited, oldest first.

use serde_json::json;

use crate::security;
use crate::test_server::{ADMIN, TestServer};

#[test]
fn only_the_admin_key_reads() {
    let server = TestServer::start();
    for path in security::admin_paths() {
        let method = security::admin_method(&path);
        server.request(method, &path).send().refused(401);
        for key in
            ["Bearer wrong", "Bearer client-key", "Bearer shop-api-key", "Api-Key shop-admin-key", "Api-Key client-key"]
        {
            server.request(method, &path).header("authorization", key).send().refused(401);
        }
    }
}

#[test]
fn the_newest_events_are_shown_oldest_first() {
    let server = TestServer::start();
    let events: Vec<_> =
        (0..5).map(|n| json!({ "user_id": "alice", "event_type": "Buy", "insert_id": n.to_string() })).collect();
    server.store(json!(events));
    let shown =
        |query: &str| -> Vec<_> { server.events(query).into_iter().map(|event| event["insert_id"].clone()).collect() };
    assert_eq!(shown("limit=2"), ["3", "4"]);
    assert_eq!(shown("limit=100"), ["0", "1", "2", "3", "4"]);
    assert!(shown("limit=0").is_empty());
    server.read("/api/events?limit=many").refused(400);
    server.read("/api/events?limit=-1").refused(400);
}

#[test]
fn events_are_found_by_user_device_and_type() {
    let server = TestServer::start();
    server.store(json!([
        { "user_id": "alice", "device_id": "phone", "event_type": "Buy", "insert_id": "1" },
        { "user_id": "alice", "event_type": "Visit", "insert_id": "2" },
        { "device_id": "phone", "event_type": "Buy", "insert_id": "3" },
    ]));
    let shown =
        |query: &str| -> Vec<_> { server.events(query).into_iter().map(|event| event["insert_id"].clone()).collect() };
    assert_eq!(shown("user_id=alice"), ["1", "2"]);
    assert_eq!(shown("device_id=phone"), ["1", "3"]);
    assert_eq!(shown("event_type=Buy&user_id=alice"), ["1"]);
    assert_eq!(shown("user_id=&event_type=Visit"), ["2"]);
    assert!(shown("user_id=%00").is_empty());
}

#[test]
fn a_person_nobody_knows_is_not_found_and_no_person_is_a_bad_request() {
    let server = TestServer::start();
    server.read("/api/users?user_id=nobody").refused(404);
    server.read("/api/users").refused(400);
}

#[test]
fn a_parameter_that_is_not_known_is_refused_and_changes_nothing() {
    let server = TestServer::start();
    server.store(json!([{ "user_id": "alice", "event_type": "Buy" }]));
    for (method, path) in [
        ("GET", "/api/events?colour=red"),
        ("GET", "/api/users?user_id=alice&colour=red"),
        ("GET", "/api/usage?colour=red"),
        ("GET", "/api/experiment-properties?colour=red"),
        ("DELETE", "/api/experiment-properties/x?colour=red"),
        ("GET", "/api/flags?colour=red"),
        ("GET", "/api/flags/button?colour=red"),
        ("PUT", "/api/flags/button?colour=red"),
        ("DELETE", "/api/flags/button?colour=red"),
    ] {
        let answer = server.request(method, path).header("authorization", ADMIN).body("{}").send().expect(400);
        let said = json!({ "code": 400, "error": "There is no such parameter", "field": "colour" });
        assert_eq!(answer, said, "{method} {path}");
        server.request(method, path).header("authorization", "Bearer wrong").send().refused(401);
    }
    server.read("/api/flags/button").expect(200);
    let twice = server.read("/api/users?user_id=alice&user_id=robin").expect(400);
    assert_eq!(twice["error"], "The parameter stands there twice");
}

#[test]
fn a_project_does_not_see_anothers_events() {
    let server = TestServer::start();
    server.store(json!([{ "user_id": "alice", "event_type": "Buy" }]));
    let other = |path: &str| server.request("GET", path).header("authorization", "Bearer older-admin-key").send();
    assert_eq!(other("/api/events").expect(200), json!([]));
    other("/api/users?user_id=alice").refused(404);
}

#[test]
fn health_needs_no_key() {
    let server = TestServer::start();
    assert_eq!(server.request("GET", "/healthz").send().expect(200)["status"], "ok");
}

#[test]
fn unknown_paths_and_methods_are_told_in_json() {
    let server = TestServer::start();
    server.request("GET", "/api/nothing").send().refused(404);
    server.request("GET", "/shutdown").send().refused(404);
    server.request("DELETE", "/api/events").header("authorization", ADMIN).send().refused(405);
}

#[test]
fn static_files_stand_beside_the_routes() {
    let directory = std::env::temp_dir().join(format!("experiment_www_{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("index.html"), "<!doctype html>shop").unwrap();
    let server = TestServer::on(crate::database::Database::new(), &["--www", directory.to_str().unwrap()]);
    let page = server.request("GET", "/").send();
    assert_eq!((page.status, page.body.as_slice()), (200, &b"<!doctype html>shop"[..]));
    assert_eq!(server.request("GET", "/healthz").send().status, 200);
    assert_eq!(server.request("GET", "/../Cargo.toml").send().status, 404);
    assert_eq!(server.request("GET", "/%2e%2e/Cargo.toml").send().status, 404);
    std::fs::remove_dir_all(&directory).unwrap();
}
