//! Remote evaluation: who may ask, how a user is told, what is returned, and which requests are assignments.

use experiment_wasm::api::base64url;
use serde_json::{Value, json};

use crate::database::Database;
use crate::test_server::{CLIENT, SERVER, TestServer};

fn alice() -> Value {
    json!({ "user_id": "alice" })
}

#[test]
fn a_missing_or_wrong_key_is_unauthorized_on_every_route() {
    let server = TestServer::start();
    for path in ["/sdk/v2/vardata", "/sdk/v2/flags", "/v1/vardata?user_id=alice", "/v1/flags"] {
        server.request("GET", path).send().refused(401);
        for key in ["Api-Key wrong", "Api-Key ", "client-key", "Bearer client-key", "Api-Key shop-admin-key"] {
            server.request("GET", path).header("authorization", key).send().refused(401);
        }
    }
}

#[test]
fn a_user_is_read_in_both_alphabets_with_and_without_padding() {
    let server = TestServer::start();
    // Encoded, this has the characters in which the alphabets differ, and needs padding.
    let user = json!({ "user_id": "alice", "name": "ÿþ>>>???~~" }).to_string();
    let url = base64url(user.as_bytes()).to_str().into_owned();
    let standard = url.replace('-', "+").replace('_', "/");
    assert_ne!(url, standard);
    let padding = "=".repeat((4 - url.len() % 4) % 4);
    assert!(!padding.is_empty());
    for header in [&url, &standard, &format!("{url}{padding}"), &format!("{standard}{padding}")] {
        let request = server.request("GET", "/sdk/v2/vardata").header("authorization", CLIENT);
        assert_eq!(request.header("x-amp-exp-user", header).send().expect(200)["button"]["key"], "treatment");
    }
}

#[test]
fn a_user_in_the_body_is_answered_as_one_in_the_header() {
    let server = TestServer::start();
    let posted = server.request("POST", "/sdk/v2/vardata").header("authorization", CLIENT).body(alice().to_string());
    assert_eq!(posted.send().expect(200), server.vardata(&alice()).send().expect(200));
}

#[test]
fn nobody_and_nonsense_are_bad_requests() {
    let server = TestServer::start();
    for user in
        [json!({}), json!({ "user_id": "", "device_id": null }), json!({ "user_id": [5] }), json!([]), json!("alice")]
    {
        server.vardata(&user).send().refused(400);
    }
    let request = || server.request("GET", "/sdk/v2/vardata").header("authorization", CLIENT);
    request().send().refused(400);
    request().header("x-amp-exp-user", "%%%").send().refused(400);
    request().header("x-amp-exp-user", base64url(b"{\"user_id\":").to_str()).send().refused(400);
    server.vardata(&alice()).header("x-amp-exp-flag-keys", base64url(b"{}").to_str()).send().refused(400);
    let v1 =
        |query: &str| server.request("GET", &format!("/v1/vardata?{query}")).header("authorization", CLIENT).send();
    v1("").refused(400);
    v1("context=%7Bnonsense").refused(400);
}

#[test]
fn defaults_are_returned_and_what_only_divides_users_is_not() {
    let server = TestServer::start();
    let variants = server.vardata(&alice()).send().expect(200);
    let keys: Vec<_> = variants.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["banner", "button"]);
    assert_eq!(variants["banner"]["metadata"]["default"], true);
    assert_eq!(variants["button"]["payload"], json!({ "label": "Buy" }));
    assert_eq!(variants["button"]["metadata"]["segmentName"], "everybody");
}

#[test]
fn the_first_version_returns_only_what_a_user_is_in() {
    let server = TestServer::start();
    let v1 =
        |query: &str| server.request("GET", &format!("/v1/vardata?{query}")).header("authorization", CLIENT).send();
    let expected = json!({ "button": { "key": "treatment", "value": "treatment", "payload": { "label": "Buy" }, "expKey": "exp-1" } });
    assert_eq!(v1("user_id=alice").expect(200), expected);
    assert_eq!(v1("device_id=phone&flag_keys=button,banner").expect(200), expected);
    assert_eq!(v1("user_id=alice&flag_keys=banner").expect(200), json!({}));
    let context = "context=%7B%22user_properties%22%3A%7B%22plan%22%3A%22none%22%7D%7D";
    assert_eq!(v1(&format!("user_id=alice&{context}")).expect(200), json!({}));
}

#[test]
fn only_the_flags_asked_for_are_returned() {
    let server = TestServer::start();
    let ask = |keys: &[u8]| {
        server.vardata(&alice()).header("x-amp-exp-flag-keys", base64url(keys).to_str()).send().expect(200)
    };
    assert_eq!(ask(br#"["banner","unknown"]"#).as_object().unwrap().len(), 1);
    assert_eq!(ask(b"[]"), json!({}));
}

#[test]
fn a_deployment_has_the_flags_that_name_it_and_those_that_name_none() {
    let server = TestServer::start();
    assert!(server.vardata(&alice()).send().expect(200).get("backend").is_none());
    let user = base64url(alice().to_string().as_bytes());
    let request = server.request("GET", "/sdk/v2/vardata").header("authorization", SERVER);
    assert_eq!(request.header("x-amp-exp-user", user.to_str()).send().expect(200)["backend"]["key"], "on");
}

#[test]
fn an_equal_question_is_a_hit_and_any_difference_a_miss() {
    let server = TestServer::start();
    let cache = |request: crate::client::TestRequest| request.send().header("x-cache").unwrap().to_owned();
    assert_eq!(cache(server.vardata(&alice())), "MISS");
    assert_eq!(cache(server.vardata(&alice())), "HIT");
    assert_eq!(cache(server.vardata(&json!({ "user_id": "alice", "country": "SE" }))), "MISS");
    assert_eq!(cache(server.vardata(&alice()).header("x-amp-exp-track", "no-track")), "MISS");
    assert_eq!(cache(server.vardata(&alice()).header("x-amp-exp-exposure-track", "track")), "MISS");
    let keys = base64url(b"[\"button\"]");
    assert_eq!(cache(server.vardata(&alice()).header("x-amp-exp-flag-keys", keys.to_str())), "MISS");
    assert_eq!(cache(server.vardata(&alice()).header("x-amp-exp-flag-keys", keys.to_str())), "HIT");
}

#[test]
fn assignment_tracking_is_off_for_a_cache_hit_and_for_no_track() {
    let server = TestServer::start();
    server.vardata(&alice()).send().expect(200);
    server.vardata(&alice()).send().expect(200);
    for track in ["no-track", "read-only"] {
        server
            .vardata(&json!({ "user_id": "alice", "plan": track }))
            .header("x-amp-exp-track", track)
            .send()
            .expect(200);
    }
    // Assignments keep their order: when the next user's is there, all before it are.
    server.vardata(&json!({ "user_id": "later" })).header("x-amp-exp-track", "track").send().expect(200);
    server.assignments("later", 1);
    assert_eq!(server.assignments("alice", 1).len(), 1);
}

#[test]
fn assignment_once_for_equal_results_of_different_requests() {
    let server = TestServer::start();
    server.vardata(&alice()).send().expect(200);
    server.vardata(&json!({ "user_id": "alice", "country": "SE" })).send().expect(200);
    server.vardata(&json!({ "user_id": "alice", "user_properties": { "plan": "none" } })).send().expect(200);
    let assigned = server.assignments("alice", 2);
    let variants: Vec<_> =
        assigned.iter().map(|event| &event["event_properties"]["[Experiment] button.variant"]).collect();
    assert_eq!(variants, ["treatment", "off"]);
}

#[test]
fn assignment_event_has_a_property_for_each_flag_and_off_for_none() {
    let server = TestServer::start();
    server.vardata(&alice()).send().expect(200);
    let assigned = &server.assignments("alice", 1)[0];
    let variants = |flag: &str| assigned["event_properties"][format!("[Experiment] {flag}.variant")].clone();
    assert_eq!(["button", "banner", "nobody"].map(variants), ["treatment", "off", "off"]);
    assert_eq!(assigned["event_properties"]["[Experiment] button.details"], "v4 rule:everybody");
    assert_eq!(assigned["event_properties"]["[Experiment] Environment Name"], "shop-web");
    assert_eq!(server.properties("user_id=alice"), json!({}), "an assignment is no exposure");
}

#[test]
fn assignment_tracking_needs_an_id_and_a_result() {
    let server = TestServer::on(Database::lasting(), &[]);
    server.vardata(&json!({ "user_properties": { "plan": "pro" } })).send().refused(400);
    server.vardata(&alice()).send().expect(200);
    server.assignments("alice", 1);
    assert_eq!(server.database.number("SELECT count(*) FROM event"), 1);
}

#[test]
fn an_assignment_sets_properties_only_where_the_project_says_so() {
    let server = TestServer::start();
    let request = server.request("GET", "/v1/vardata?user_id=alice").header("authorization", "Api-Key older-key");
    request.send().expect(200);
    let admin = |path: &str| server.request("GET", path).header("authorization", "Bearer older-admin-key").send();
    let person = crate::test_server::poll_until(|| {
        Some(admin("/api/users?user_id=alice")).filter(|answer| answer.status == 200)
    });
    assert_eq!(person.json()["user_properties"], json!({ "[Experiment] button": "on" }));
}

#[test]
fn an_id_that_cannot_be_stored_gets_variants_and_no_assignment() {
    let server = TestServer::start();
    server.vardata(&json!({ "user_id": "a\0b" })).send().expect(200);
    server.vardata(&alice()).send().expect(200);
    server.assignments("alice", 1);
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn a_question_for_the_headers_alone_tracks_nothing_and_takes_no_assignment_from_the_answer() {
    let server = TestServer::start();
    let header = base64url(alice().to_string().as_bytes());
    let current = |method: &str| {
        let request = server.request(method, "/sdk/v2/vardata?v=0").header("authorization", CLIENT);
        request.header("x-amp-exp-user", header.to_str()).header("x-amp-exp-exposure-track", "track").send()
    };
    let first = |method: &str| server.request(method, "/v1/vardata?user_id=bob").header("authorization", CLIENT).send();
    for _ in 0..2 {
        for answer in [current("HEAD"), first("HEAD")] {
            assert_eq!((answer.status, answer.header("x-cache"), answer.body.len()), (200, Some("MISS"), 0));
        }
    }
    // Assignments keep their order: when the next user's is there, all before it are.
    server.vardata(&json!({ "user_id": "later" })).send().expect(200);
    server.assignments("later", 1);
    assert_eq!(server.events("").len(), 1);
    assert_eq!((current("GET").header("x-cache"), first("GET").header("x-cache")), (Some("MISS"), Some("MISS")));
    assert_eq!((server.assignments("alice", 1).len(), server.assignments("bob", 1).len()), (1, 1));
    assert_eq!(current("HEAD").header("x-cache"), Some("HIT"));
}
