//! The main job over HTTP: variants are asked for, one is met, the exposure arrives transformed and changes the user.

use serde_json::{Value, json};

use crate::test_server::{ASSIGNMENT, EXPOSURE, TestServer};

#[test]
fn from_fetch_to_property_everything_is_stored_once_and_in_its_form() {
    let server = TestServer::start();
    let user = json!({ "user_id": "alice", "device_id": "phone" });
    let variants = server.vardata(&user).send().expect(200);
    assert_eq!(variants["button"]["key"], "treatment");
    assert_eq!(server.vardata(&user).send().header("x-cache"), Some("HIT"));
    let assigned = &server.assignments("alice", 1)[0];
    assert_eq!(assigned["event_properties"], assigned_properties());
    assert_eq!(assigned["user_properties"], json!({}));

    let event = |insert_id: &str, event_type: &str, properties: Value| json!({ "user_id": "alice", "device_id": "phone", "insert_id": insert_id, "event_type": event_type, "event_properties": properties });
    server.store(json!([event("1", "Visit", json!({}))]));
    let exposure = json!({ "flag_key": "button", "variant": "treatment", "experiment_key": "exp-1" });
    server.store(json!([event("2", "$exposure", exposure.clone())]));
    server.store(json!([event("3", "Buy", json!({ "price": 9.9 }))]));
    let again = server.ingest(json!([event("2", "$exposure", exposure)])).expect(200);
    assert_eq!(again["verdicts"], json!([{ "insert_id": "2", "verdict": "duplicate" }]));
    server.store(json!([event("4", "$exposure", json!({ "flag_key": "button", "variant": null }))]));

    let events = server.events("user_id=alice");
    let kinds: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, [ASSIGNMENT, "Visit", EXPOSURE, "Buy", EXPOSURE]);
    let seen: Vec<_> = events.iter().map(|event| event["user_properties"]["[Experiment] button"].as_str()).collect();
    assert_eq!(seen, [None, None, Some("treatment"), Some("treatment"), None]);
    let renamed = json!({ "[Experiment] Flag Key": "button", "[Experiment] Variant": "treatment", "[Experiment] Experiment Key": "exp-1" });
    assert_eq!(events[2]["event_properties"], renamed);
    assert_eq!(events[4]["event_properties"], json!({ "[Experiment] Flag Key": "button" }));
    assert_eq!(server.properties("user_id=alice"), json!({}));
}

fn assigned_properties() -> Value {
    json!({
        "[Experiment] button.variant": "treatment",
        "[Experiment] button.details": "v4 rule:everybody",
        "[Experiment] banner.variant": "off",
        "[Experiment] group.variant": "slot-1",
        "[Experiment] holdout.variant": "on",
        "[Experiment] nobody.variant": "off",
        "[Experiment] Environment Name": "shop-web",
    })
}
