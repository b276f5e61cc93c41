//! Flags: what deployments are given, what the admin changes, and that a change reaches every answer.

use serde_json::{Value, json};

use crate::client::TestRequest;
use crate::database::Database;
use crate::flag_rules::CHANGED;
use crate::test_server::{ADMIN, CLIENT, SERVER, TestServer, poll_until};

fn keys(flags: &Value) -> Vec<&str> {
    flags.as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect()
}

/// Puts a flag in the place of the one with its key.
pub fn put(server: &TestServer, flag: &Value) -> TestRequest {
    let path = format!("/api/flags/{}", flag["key"].as_str().unwrap());
    server.request("PUT", &path).header("authorization", ADMIN).body(flag.to_string())
}

/// A flag with which everybody has one variant.
pub fn simple(key: &str, variant: &str) -> Value {
    let variants = json!({ variant: { "key": variant, "value": variant } });
    json!({ "key": key, "variants": variants, "segments": [{ "variant": variant }] })
}

#[test]
fn a_page_is_given_the_local_flags_and_a_server_all_of_its_own() {
    let server = TestServer::start();
    let given = |path: &str, key: &str| server.request("GET", path).header("authorization", key).send().expect(200);
    assert_eq!(keys(&given("/sdk/v2/flags", CLIENT)), ["banner"]);
    assert_eq!(keys(&given("/sdk/v2/flags", SERVER)), ["backend", "banner", "button", "group", "holdout", "nobody"]);
    assert_eq!(keys(&given("/v1/flags?flag_keys=button,broken", SERVER)), ["button"]);
    assert!(given("/sdk/v2/flags", SERVER)[0].get("deployments").is_none());
}

/// A flag that does not parse, as it may have been stored before such flags were refused.
pub const BROKEN: &str = r#"INSERT INTO flag (project, flag_key, config)
    VALUES (1, 'broken', '{"key":"broken","variants":{},"segments":"none"}')"#;

#[test]
fn a_flag_that_does_not_parse_is_reported_and_the_others_work() {
    let server = TestServer::on(Database::lasting(), &[]);
    server.database.run(BROKEN);
    server.database.run(CHANGED);
    let listed = || server.read("/api/flags").expect(200);
    let listed = poll_until(|| Some(listed()).filter(|listed| listed["skipped"] != json!([])));
    assert_eq!(listed["skipped"], json!([{ "key": "broken", "code": "shape", "field": "segments" }]));
    assert_eq!(listed["flags"].as_array().unwrap().len(), 7);
    assert_eq!(server.read("/api/flags/backend").expect(200)["deployments"], json!(["server-key"]));
    server.read("/api/flags/unknown").refused(404);
}

#[test]
fn a_changed_flag_ends_the_answers_of_its_deployments_and_of_no_other() {
    let server = TestServer::start();
    let user = json!({ "user_id": "alice" });
    let backend = || server.vardata(&user).send();
    assert_eq!(backend().expect(200)["button"]["key"], "treatment");
    assert_eq!(backend().header("x-cache"), Some("HIT"));
    let mut elsewhere = simple("backend", "new");
    elsewhere["deployments"] = json!(["server-key"]);
    put(&server, &elsewhere).send().expect(200);
    assert_eq!(backend().header("x-cache"), Some("HIT"));
    put(&server, &simple("button", "new")).send().expect(200);
    let answer = backend();
    assert_eq!(answer.header("x-cache"), Some("MISS"));
    assert_eq!(answer.json()["button"]["key"], "new");
    server.request("DELETE", "/api/flags/button").header("authorization", ADMIN).send().expect(200);
    assert!(backend().expect(200).get("button").is_none());
    server.request("DELETE", "/api/flags/button").header("authorization", ADMIN).send().refused(404);
}

#[test]
fn assignment_once_also_after_a_purge_unless_the_result_is_another() {
    let server = TestServer::start();
    let user = json!({ "user_id": "alice" });
    server.vardata(&user).send().expect(200);
    server.assignments("alice", 1);
    put(&server, &simple("button", "new")).send().expect(200);
    server.vardata(&user).send().expect(200);
    assert_eq!(server.assignments("alice", 2).len(), 2);
}

#[test]
fn a_flag_that_does_not_parse_is_not_taken() {
    let server = TestServer::start();
    let refuse = |body: &str| {
        server.request("PUT", "/api/flags/button").header("authorization", ADMIN).body(body).send().refused(400);
    };
    for body in
        ["", "[]", "nonsense", r#"{"key":"other","variants":{},"segments":[]}"#, r#"{"key":"button","segments":5}"#]
    {
        refuse(body);
    }
    let mut large = simple("button", "on");
    large["metadata"] = json!({ "note": "x".repeat(2 << 20) });
    put(&server, &large).send().refused(413);
    assert_eq!(server.vardata(&json!({ "user_id": "alice" })).send().expect(200)["button"]["key"], "treatment");
}

#[test]
fn only_the_admin_changes_flags() {
    let server = TestServer::start();
    for key in ["", "Bearer wrong", CLIENT, SERVER] {
        let body = simple("button", "on").to_string();
        server.request("PUT", "/api/flags/button").header("authorization", key).body(body).send().refused(401);
        server.request("DELETE", "/api/flags/button").header("authorization", key).send().refused(401);
    }
}

#[test]
fn changes_outlive_a_restart_and_win_over_the_file() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    put(&server, &simple("button", "new")).send().expect(200);
    server.request("DELETE", "/api/flags/banner").header("authorization", ADMIN).send().expect(200);
    server.terminate();
    server.restart();
    let variants = server.vardata(&json!({ "user_id": "alice" })).send().expect(200);
    assert_eq!(variants["button"]["key"], "new");
    assert!(variants.get("banner").is_none());
}

#[test]
fn a_second_server_on_the_database_takes_a_change_over_within_its_next_looks() {
    let first = TestServer::on(Database::lasting(), &[]);
    let second = TestServer::beside(&first);
    let user = json!({ "user_id": "alice" });
    assert_eq!(second.vardata(&user).send().expect(200)["button"]["key"], "treatment");
    put(&first, &simple("button", "new")).send().expect(200);
    poll_until(|| (second.vardata(&user).send().expect(200)["button"]["key"] == "new").then_some(()));
}
