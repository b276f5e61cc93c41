//! Bytes that are no UTF-8, and what is stored and cannot be read: never nothing, never lost, never somebody else's.

use experiment_wasm::api::base64url;
use serde_json::{Value, json};

use crate::asking::{Answer, Asking};
use crate::database::Database;
use crate::running::{CLIENT, Running};

/// `Z\xFCrich` where a text has `ZURICH`: one byte of Latin-1.
fn latin(text: &str) -> Vec<u8> {
    let parts: Vec<_> = text.split("ZURICH").map(str::as_bytes).collect();
    parts.join(&b"Z\xFCrich"[..])
}

fn post(server: &Running, key: &str, events: &str) -> Answer {
    let body = latin(&format!(r#"{{"api_key":"{key}","events":[{events}]}}"#));
    server.ask("POST", "/2/httpapi").body(body).send()
}

#[test]
fn a_byte_that_is_no_utf8_is_a_replacement_character_wherever_properties_are_kept() {
    let server = Running::start();
    let event = r#"{"user_id":"alice","event_type":"Buy","insert_id":"1","event_properties":{"city":"ZURICH","ZURICH":["ZURICH"]},
        "user_properties":{"home":"ZURICH","$append":{"seen":["ZURICH"]}},"city":"ZURICH"}"#;
    assert_eq!(post(&server, "shop-api-key", event).expect(200)["verdicts"][0]["verdict"], "stored");
    let shown = &server.events("")[0];
    assert_eq!(shown["event_properties"], json!({ "city": "Z\u{FFFD}rich", "Z\u{FFFD}rich": ["Z\u{FFFD}rich"] }));
    let user = json!({ "home": "Z\u{FFFD}rich", "seen": ["Z\u{FFFD}rich"] });
    assert_eq!((&shown["user_properties"], &server.properties("user_id=alice")), (&user, &user));
}

#[test]
fn names_that_are_no_utf8_are_rejected_by_name_and_the_answer_says_so() {
    let server = Running::start();
    let exposure = |properties: &str| {
        format!(r#"{{"user_id":"alice","event_type":"$exposure","event_properties":{{{properties}}}}}"#)
    };
    let cases = [
        (r#"{"user_id":"alice","event_type":"ZURICH"}"#.to_owned(), "event_type"),
        (r#"{"user_id":"ZURICH","event_type":"Buy"}"#.to_owned(), "user_id"),
        (r#"{"user_id":"alice","device_id":"ZURICH","event_type":"Buy"}"#.to_owned(), "device_id"),
        (r#"{"user_id":"alice","event_type":"Buy","insert_id":"ZURICH"}"#.to_owned(), "insert_id"),
        (exposure(r#""flag_key":"ZURICH""#), "flag_key"),
        (exposure(r#""flag_key":"f","variant":"ZURICH""#), "variant"),
        (exposure(r#""flag_key":"f","experiment_key":"ZURICH""#), "experiment_key"),
    ];
    for (event, field) in cases {
        let answer = post(&server, "shop-api-key", &event).expect(400);
        assert_eq!(answer["verdicts"][0]["reason"], format!("invalid_{field}"), "{event}");
        assert_eq!(answer["events_with_invalid_fields"], json!({ field: [0] }), "{event}");
    }
    let mixed = r#"{"user_id":"alice","event_type":"Buy","insert_id":"ZURICH"},{"user_id":"alice","event_type":"Buy","insert_id":"good"}"#;
    let answer = post(&server, "shop-api-key", mixed).expect(200);
    let verdicts = json!([
        { "insert_id": "Z\u{FFFD}rich", "verdict": "rejected", "reason": "invalid_insert_id" },
        { "insert_id": "good", "verdict": "stored" },
    ]);
    assert_eq!(answer["verdicts"], verdicts);
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn an_experiment_property_whose_name_is_no_utf8_is_one_property_each_time() {
    let server = Running::start();
    for (insert_id, variant) in [("1", "a"), ("2", "b")] {
        let event = format!(
            r#"{{"user_id":"alice","event_type":"[Experiment] Assignment","insert_id":"{insert_id}","user_properties":{{"$set":{{"[Experiment] ZURICH":"{variant}"}}}}}}"#
        );
        assert_eq!(post(&server, "older-api-key", &event).expect(200)["verdicts"][0]["verdict"], "stored");
    }
    let asking = server.ask("GET", "/api/users?user_id=alice").header("authorization", "Bearer older-admin-key");
    assert_eq!(asking.send().expect(200)["user_properties"], json!({ "[Experiment] Z\u{FFFD}rich": "b" }));
}

#[test]
fn a_form_is_read_as_the_bytes_that_it_escapes() {
    let server = Running::start();
    let post = |id: &str| {
        let body = format!(
            "api_key=shop-api-key&identification=%7B%22user_id%22:%22{id}%22,%22user_properties%22:%7B%22city%22:%22Z%FCrich+%C3%BC%22%7D%7D"
        );
        server.ask("POST", "/identify").body(body).send()
    };
    assert_eq!(post("m%FCller").expect(400)["events_with_invalid_fields"], json!({ "user_id": [0] }));
    post("m%C3%BCller").expect(200);
    assert_eq!(server.properties("user_id=m%C3%BCller"), json!({ "city": "Z\u{FFFD}rich ü" }));
}

#[test]
fn a_user_with_such_a_byte_in_a_property_has_variants_and_one_with_it_in_an_id_is_refused() {
    let server = Running::start();
    let ask = |user: &str| -> [Asking; 2] {
        let posted = server.ask("POST", "/sdk/v2/vardata").header("authorization", CLIENT).body(latin(user));
        let header = base64url(&latin(user)).to_str().into_owned();
        let asking = server.ask("GET", "/sdk/v2/vardata").header("authorization", CLIENT);
        [posted, asking.header("x-amp-exp-user", header)]
    };
    for asking in ask(r#"{"user_id":"alice","city":"ZURICH"}"#) {
        assert_eq!(asking.send().expect(200)["button"]["key"], "treatment");
    }
    for (user, field) in
        [(r#"{"user_id":"ZURICH","device_id":"phone"}"#, "user_id"), (r#"{"device_id":"ZURICH"}"#, "device_id")]
    {
        for asking in ask(user) {
            assert_eq!(asking.send().refused(400), format!("The {field} is not UTF-8"));
        }
    }
    let asked = |query: &str| server.ask("GET", &format!("/v1/vardata?{query}")).header("authorization", CLIENT).send();
    assert_eq!(asked("user_id=m%FCller").refused(400), "The query is not UTF-8");
    asked("user_id=m%C3%BCller&a%20b").expect(200);
    assert_eq!(server.read("/api/users?user_id=m%FCller").refused(400), "The query is not UTF-8");
    assert_eq!(server.read("/api/events?user_id=m%FC").refused(400), "The query is not UTF-8");
}

#[test]
fn a_body_is_as_long_as_the_text_that_it_becomes() {
    let server = Running::start();
    let body = |count: usize| {
        let (start, end) = (
            r#"{"api_key":"shop-api-key","events":[{"user_id":"alice","event_type":"Buy","event_properties":{"note":""#,
            r#""}}]}"#,
        );
        [start.as_bytes(), vec![0xFF; count].as_slice(), end.as_bytes()].concat()
    };
    server.ask("POST", "/2/httpapi").body(body(400_000)).send().refused(413);
    server.ask("POST", "/2/httpapi").body(body(300_000)).send().expect(200);
    let note = server.events("")[0]["event_properties"]["note"].as_str().unwrap().to_owned();
    assert_eq!(note, "\u{FFFD}".repeat(300_000));
}

fn visit(insert_id: &str, value: &str) -> Value {
    json!([{ "user_id": "alice", "event_type": "Visit", "insert_id": insert_id, "user_properties": { "plan": value } }])
}

#[test]
fn stored_properties_that_cannot_be_read_are_kept_and_not_written_over() {
    let server = Running::on(Database::lasting(), &[]);
    server.store(visit("1", "pro"));
    server.database.run(r#"UPDATE person SET properties = '{"p":{"plan":{"v":"pro"}}}'"#);
    let answer = server.ingest(visit("2", "free")).expect(200);
    let verdict = json!([{ "insert_id": "2", "verdict": "stored", "reason": "user_properties_unreadable" }]);
    assert_eq!(answer["verdicts"], verdict);
    // The event shows what it says itself, and what was stored is there for who can mend it.
    assert_eq!(server.events("")[1]["user_properties"], json!({ "plan": "free" }));
    assert_eq!(server.properties("user_id=alice"), json!(r#"{"p":{"plan":{"v":"pro"}}}"#));
    let mended = r#"UPDATE person SET properties = '{"p":{"plan":{"v":"pro","t":1,"p":0,"i":"1"}}}'"#;
    server.database.run(mended);
    assert_eq!(server.properties("user_id=alice"), json!({ "plan": "pro" }));
    server.store(visit("3", "free"));
    assert_eq!(server.properties("user_id=alice"), json!({ "plan": "free" }));
}

#[test]
fn a_visitor_whose_properties_cannot_be_read_logs_in_and_loses_none() {
    let server = Running::on(Database::lasting(), &[]);
    server.store(json!([{ "device_id": "phone", "event_type": "Visit", "user_properties": { "from": "ad" } }]));
    server.database.run("UPDATE person SET properties = 'nonsense'");
    server.store(json!([{ "user_id": "alice", "event_type": "Visit", "user_properties": { "plan": "pro" } }]));
    server.store(json!([{ "user_id": "alice", "device_id": "phone", "event_type": "Visit" }]));
    assert_eq!(server.properties("device_id=phone"), json!({ "plan": "pro" }));
    let kept =
        server.database.number("SELECT count(*) FROM person WHERE properties = 'nonsense' AND merged_into IS NOT NULL");
    assert_eq!(kept, 1);
}

#[test]
fn what_older_servers_stored_is_shown_so_that_everybody_can_read_it() {
    let server = Running::on(Database::lasting(), &[]);
    server.store(visit("1", "pro"));
    let properties = || server.events("")[0]["event_properties"].clone();
    server.database.run("UPDATE event SET event_properties = ''");
    assert_eq!(properties(), json!(""), "not null: there was something");
    server.database.run(r#"UPDATE event SET event_properties = '{"half\ud83d":"\udca9"}'"#);
    assert_eq!(properties(), json!({ "half\u{FFFD}": "\u{FFFD}" }));
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    server.database.run(Box::leak(format!(r#"UPDATE event SET event_properties = '{{"a":{deep}}}'"#).into_boxed_str()));
    assert!(properties()["a"].to_string().contains("[[[["));
}
