//! Ids that are too short or mean nobody: removed where there is another, else refused.

use serde_json::{Value, json};

use crate::client::TestResponse;
use crate::test_server::TestServer;

fn visit(user_id: Value, device_id: Value) -> Value {
    json!({ "user_id": user_id, "device_id": device_id, "event_type": "Visit", "insert_id": "1" })
}

fn post(server: &TestServer, options: Value, events: Value) -> TestResponse {
    let body = json!({ "api_key": "shop-api-key", "events": events, "options": options });
    server.request("POST", "/batch").body(body.to_string()).send()
}

#[test]
fn event_ids_under_five_characters_are_removed_beside_a_good_one() {
    let server = TestServer::start();
    let answer = server.ingest(json!([visit(json!("bob"), json!("phone"))])).expect(200);
    assert_eq!(answer["verdicts"], json!([{ "insert_id": "1", "verdict": "stored", "removed": "user_id" }]));
    let event = &server.events("")[0];
    assert_eq!((&event["user_id"], &event["device_id"]), (&Value::Null, &json!("phone")));
    server.read("/api/users?user_id=bob").refused(404);
}

#[test]
fn event_ids_that_are_all_bad_reject_the_event_by_field() {
    let server = TestServer::start();
    let events = json!([
        visit(json!("bob"), json!(null)),
        visit(json!(null), json!("tv")),
        visit(json!("anonymous"), json!(null)),
        visit(json!(null), json!(null)),
    ]);
    let answer = server.ingest(events).expect(400);
    assert_eq!(answer["error"], "Request missing required field");
    assert_eq!(answer["events_with_invalid_id_lengths"], json!({ "user_id": [0], "device_id": [1] }));
    assert_eq!(answer["events_with_invalid_fields"], json!({ "user_id": [2] }));
    assert_eq!(answer["events_with_missing_fields"], json!({ "user_id": [3] }));
    assert_eq!(answer["verdicts"][0]["reason"], "short_user_id");
    let short = server.ingest(json!([visit(json!("bob"), json!(null))]));
    assert_eq!(short.refused(400), "Invalid id length for user_id or device_id");
    assert!(server.events("").is_empty());
}

#[test]
fn a_request_may_ask_for_another_length() {
    let server = TestServer::start();
    post(&server, json!({ "min_id_length": 1 }), json!([visit(json!("7"), json!(null))])).expect(200);
    assert_eq!(server.events("user_id=7").len(), 1);
    post(&server, json!({ "min_id_length": 6 }), json!([visit(json!("alice"), json!(null))])).refused(400);
    for options in [json!(null), json!({}), json!({ "min_id_length": null }), json!({ "other": 1 })] {
        post(&server, options, json!([visit(json!("bob"), json!(null))])).refused(400);
    }
    post(&server, json!({ "min_id_length": 3.0 }), json!([visit(json!("robin"), json!(null))])).expect(200);
    for length in [json!("1"), json!(-1), json!(1.5), json!([])] {
        let refused = post(&server, json!({ "min_id_length": length }), json!([visit(json!("alice"), json!(null))]));
        assert_eq!(refused.refused(400), "The option min_id_length is no whole number");
    }
    assert_eq!(server.events("").len(), 2);
}

#[test]
fn an_id_that_is_a_number_is_its_text() {
    let server = TestServer::start();
    let verdict = |user_id: Value, device_id: Value| {
        let mut event = visit(user_id, device_id);
        event["insert_id"] = Value::Null;
        let mut answer = post(&server, json!({ "min_id_length": 1 }), json!([event])).json();
        answer["verdicts"][0].as_object_mut().unwrap().remove("insert_id");
        answer["verdicts"][0].take()
    };
    assert_eq!(verdict(json!(7), json!("phone")), json!({ "verdict": "stored" }));
    assert_eq!(verdict(json!(7.0), json!(null)), json!({ "verdict": "stored" }));
    let removed = json!({ "verdict": "stored", "removed": "user_id" });
    for user_id in [json!({}), json!(["alice"]), json!(true)] {
        assert_eq!(verdict(user_id.clone(), json!("tablet")), removed, "{user_id}");
        let rejected = json!({ "verdict": "rejected", "reason": "invalid_user_id" });
        assert_eq!(verdict(user_id, json!(null)), rejected);
    }
    let person = server.read("/api/users?user_id=7").expect(200);
    assert_eq!((&person["user_id"], &person["device_ids"]), (&json!("7"), &json!(["phone"])));
    assert_eq!(server.events("user_id=7").len(), 2);
    assert_eq!(server.events("device_id=tablet").len(), 3);
    // Of the length that Amplitude asks for, one digit is too short as one letter is.
    let answer = server.ingest(json!([visit(json!(7), json!("phone"))])).expect(200);
    assert_eq!(answer["verdicts"][0]["removed"], "user_id");
}

#[test]
fn whom_a_number_names_is_assigned_and_exposed_as_its_text() {
    let server = TestServer::start();
    for user_id in ["7", "7.0", "0.7e1"] {
        let user = experiment_wasm::api::base64url(format!(r#"{{"user_id":{user_id}}}"#).as_bytes());
        let request = server.request("GET", "/sdk/v2/vardata").header("authorization", crate::test_server::CLIENT);
        request.header("x-amp-exp-user", user.to_str()).send().expect(200);
    }
    server.vardata(&json!({ "user_id": "casey" })).send().expect(200);
    server.assignments("casey", 1);
    assert_eq!(server.assignments("7", 1).len(), 1, "one user, one result, one day");
    let refused = server.vardata(&json!({ "user_id": ["7"], "device_id": true })).send();
    assert_eq!(refused.refused(400), "There is neither a user_id nor a device_id");
    server.vardata(&json!({ "user_id": ["7"], "device_id": "phone" })).send().expect(200);
}

#[test]
fn evaluation_asks_for_no_length_but_a_word_for_nobody_is_not_assigned() {
    let server = TestServer::start();
    for user_id in ["unknown", "bob"] {
        server.vardata(&json!({ "user_id": user_id })).send().expect(200);
    }
    server.assignments("bob", 1);
    assert_eq!(server.events("").len(), 1);
}
