//! `/identify`: changes of user properties in a form, within the limits of the other routes (requirements §16, §28.12).

use serde_json::{Value, json};

use crate::asking::Answer;
use crate::running::Running;

/// `application/x-www-form-urlencoded`, every byte escaped.
fn form(fields: &[(&str, String)]) -> String {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

fn post(server: &Running, identification: &Value) -> Answer {
    let fields = [("api_key", "shop-api-key".into()), ("identification", identification.to_string())];
    server.ask("POST", "/identify").body(form(&fields)).send()
}

#[test]
fn an_identification_changes_the_user_and_shows_on_events_after_it() {
    let server = Running::start();
    server.store(json!([{ "user_id": "alice", "event_type": "Buy" }]));
    let properties = json!({ "$set": { "plan": "pro", "city": "København +1" }, "$setOnce": { "from": "ad" } });
    let one = json!({ "user_id": "alice", "user_properties": properties, "country": "Denmark" });
    let answer = post(&server, &one).expect(200);
    assert_eq!((&answer["code"], &answer["events_ingested"]), (&json!(200), &json!(1)));
    assert_eq!(answer["verdicts"][0]["verdict"], "stored");
    server.store(json!([{ "user_id": "alice", "event_type": "Buy" }]));
    let after = json!({ "plan": "pro", "city": "København +1", "from": "ad" });
    assert_eq!(server.properties("user_id=alice"), after);
    let bought = server.events("event_type=Buy");
    assert_eq!((&bought[0]["user_properties"], &bought[1]["user_properties"]), (&json!({}), &after));
    let more = json!([
        { "user_id": "alice", "user_properties": { "$unset": { "city": "-" }, "$add": { "visits": 2 } } },
        { "device_id": "phone", "event_type": "Buy", "user_properties": { "plan": "free" } },
    ]);
    assert_eq!(post(&server, &more).expect(200)["events_ingested"], 2);
    assert_eq!(server.properties("user_id=alice"), json!({ "plan": "pro", "from": "ad", "visits": 2 }));
    assert_eq!(server.properties("device_id=phone"), json!({ "plan": "free" }));
    assert_eq!(server.events("event_type=%24identify").len(), 3);
    let usage = server.read("/api/usage").expect(200);
    assert_eq!((&usage["events"], &usage["tracked_users"]), (&json!(2), &json!(1)), "identifications are no events");
}

#[test]
fn a_form_that_is_not_one_is_refused() {
    let server = Running::start();
    for identification in [json!([]), Value::Null] {
        let refused = post(&server, &identification);
        assert_eq!(refused.status, 400, "{identification}");
    }
    let key = ("api_key", "shop-api-key".to_owned());
    for fields in [
        vec![key.clone()],
        vec![key.clone(), ("identification", "[{".into())],
        vec![key.clone(), ("identification", "".into())],
    ] {
        assert_eq!(server.ask("POST", "/identify").body(form(&fields)).send().refused(400), "missing_event");
    }
    let wrong = [("api_key", "wrong".to_owned()), ("identification", json!({ "user_id": "alice" }).to_string())];
    assert_eq!(server.ask("POST", "/identify").body(form(&wrong)).send().refused(400), "Invalid API key");
    let multipart =
        server.ask("POST", "/identify").header("content-type", "multipart/form-data; boundary=a").body("--a--");
    multipart.send().refused(400);
    server
        .ask("GET", "/identify?api_key=shop-api-key&identification=%7B%22user_id%22%3A%22alice%22%7D")
        .send()
        .refused(405);
    assert!(server.events("").is_empty());
}

#[test]
fn event_limits_hold_for_identifications() {
    let server = Running::start();
    let alice =
        |count: usize| Value::Array(vec![json!({ "user_id": "alice", "user_properties": { "plan": "pro" } }); count]);
    let short = post(&server, &json!({ "user_id": "bob" })).expect(400);
    assert_eq!(short["events_with_invalid_id_lengths"], json!({ "user_id": [0] }));
    let options = [
        ("api_key", "shop-api-key".to_owned()),
        ("identification", json!({ "user_id": "bob" }).to_string()),
        ("options", json!({ "min_id_length": 3 }).to_string()),
    ];
    server.ask("POST", "/identify").body(form(&options)).send().expect(200);
    assert_eq!(post(&server, &alice(901)).expect(429)["throttled_users"], json!({ "alice": 31 }));
    server.read("/api/users?user_id=alice").refused(404);
    post(&server, &alice(900)).expect(200);
    post(&server, &alice(2_001)).refused(413);
    server.ask("POST", "/identify").body(vec![b'a'; (1 << 20) + 1]).send().refused(413);
}
