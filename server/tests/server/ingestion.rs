//! Ingestion: what is accepted in which wrapping, what is refused and how, and what the store then shows.

use std::sync::Barrier;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::database::Database;
use crate::property_states::random::Random;
use crate::test_server::{EXPOSURE, TestServer};

fn bought(insert_id: &str) -> Value {
    json!({ "user_id": "alice", "event_type": "Buy", "insert_id": insert_id })
}

fn exposed(insert_id: &str, time: u64, variant: Value) -> Value {
    json!({
        "user_id": "alice", "event_type": "$exposure", "insert_id": insert_id, "time": time,
        "event_properties": { "flag_key": "button", "variant": variant },
    })
}

#[test]
fn exposure_transformation_renames_and_sets_the_property_from_then_on() {
    let server = TestServer::start();
    server.store(json!([bought("before")]));
    let met = json!({ "flag_key": "button", "variant": "treatment", "experiment_key": "exp-1" });
    server
        .store(json!([{ "user_id": "alice", "event_type": "$exposure", "insert_id": "met", "event_properties": met }]));
    server.store(json!([bought("after")]));
    let events = server.events("");
    let renamed = json!({ "[Experiment] Flag Key": "button", "[Experiment] Variant": "treatment", "[Experiment] Experiment Key": "exp-1" });
    assert_eq!((&events[1]["event_type"], &events[1]["event_properties"]), (&json!(EXPOSURE), &renamed));
    let seen: Vec<_> = events.iter().map(|event| event["user_properties"].clone()).collect();
    let set = json!({ "[Experiment] button": "treatment" });
    assert_eq!(seen, [json!({}), set.clone(), set.clone()]);
    assert_eq!(server.properties("user_id=alice"), set);
}

/// So many bytes of text in characters of four bytes each, which no compression makes shorter.
fn long_text(seed: u64, bytes: usize) -> String {
    let mut random = Random::new(seed);
    (0..bytes / 4).map(|_| char::from_u32(0x2_0000 + u32::try_from(random.below(0xa000)).unwrap()).unwrap()).collect()
}

#[test]
fn every_text_may_be_as_long_as_it_may_be_all_at_once() {
    let server = TestServer::start();
    let [user_id, device_id, insert_id, event_type, flag, run, variant] =
        [1, 2, 3, 4, 5, 6, 7].map(|seed| long_text(seed, 1_024));
    let met = json!({ "flag_key": flag, "variant": variant, "experiment_key": run });
    server.store(json!([
        { "user_id": user_id, "device_id": device_id, "insert_id": insert_id, "event_type": "$exposure", "event_properties": met },
        { "user_id": user_id, "device_id": device_id, "insert_id": insert_id, "event_type": event_type },
    ]));
    let events = server.events("");
    assert_eq!(events[0]["user_properties"][format!("[Experiment] {flag}")], json!(variant));
    assert_eq!((events.len(), &events[1]["event_type"]), (2, &json!(event_type)));
}

#[test]
fn experiment_property_is_unset_by_an_exposure_without_a_variant() {
    for nothing in [json!({ "flag_key": "button", "variant": null }), json!({ "flag_key": "button" })] {
        let server = TestServer::start();
        server.store(json!([exposed("in", 1_000, json!("treatment"))]));
        let event =
            json!({ "user_id": "alice", "event_type": "$exposure", "insert_id": "out", "event_properties": nothing });
        server.store(json!([event, bought("after")]));
        assert_eq!(server.properties("user_id=alice"), json!({}));
        let events = server.events("");
        assert_eq!(events[1]["event_properties"], json!({ "[Experiment] Flag Key": "button" }));
        assert_eq!([&events[1], &events[2]].map(|event| &event["user_properties"]), [&json!({}), &json!({})]);
    }
}

#[test]
fn insert_id_counts_once_on_the_sixth_day_and_on_the_thirtieth() {
    let server = TestServer::on(Database::lasting(), &[]);
    server.store(json!([exposed("1", 1_700_000_000_000, json!("treatment"))]));
    let again =
        |server: &TestServer| server.ingest(json!([exposed("1", 1_700_000_000_000, json!("treatment"))])).expect(200);
    // Six days, as by Amplitude's seven; then thirty, where Amplitude would count it again.
    for aged in
        ["UPDATE event SET received = received - 518400000", "UPDATE event SET received = received - 2073600000"]
    {
        server.database.run(aged);
        assert_eq!(again(&server)["verdicts"], json!([{ "insert_id": "1", "verdict": "duplicate" }]));
    }
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn insert_id_of_another_device_type_flag_or_variant_is_another_event() {
    let server = TestServer::start();
    let first = json!({ "user_id": "alice", "device_id": "phone", "event_type": "$exposure", "insert_id": "1",
        "event_properties": { "flag_key": "button", "variant": "treatment" } });
    let changed = |pointer: &str, value: Value| {
        let mut event = first.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let others = [
        first.clone(),
        changed("/device_id", json!("laptop")),
        changed("/device_id", json!(null)),
        changed("/event_type", json!("$impression")),
        changed("/event_properties/flag_key", json!("banner")),
        changed("/event_properties/variant", json!("control")),
        changed("/event_properties/variant", json!(null)),
    ];
    server.store(json!(others));
    let same = [
        first.clone(),
        // The device is who sent it, whoever is logged in, and its exposure however it is spelled.
        changed("/user_id", json!("robin")),
        changed("/event_type", json!("[Experiment] Exposure")),
        changed("/event_properties", json!({ "flag_key": "button", "variant": "treatment", "more": 1 })),
    ];
    let answer = server.ingest(json!(same)).expect(200);
    let verdicts: Vec<_> = answer["verdicts"].as_array().unwrap().iter().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, ["duplicate"; 4]);
    assert_eq!(server.events("").len(), others.len());
}

#[test]
fn insert_id_counted_by_each_device_loses_no_event() {
    let server = TestServer::start();
    let devices = ["phone", "laptop", "tablet"];
    let event = |device: &str, number: u32| json!({ "device_id": device, "event_type": "Buy", "insert_id": number.to_string() });
    let all: Vec<_> = devices.iter().flat_map(|device| (1..=20).map(move |number| event(device, number))).collect();
    server.store(json!(all));
    assert_eq!(server.events("").len(), 60);
    // Also when all of them turn out to be one user.
    for device in devices {
        server.store(json!([{ "user_id": "alice", "device_id": device, "event_type": "Login", "insert_id": "0" }]));
    }
    let again = server.ingest(json!(all)).expect(200);
    assert!(again["verdicts"].as_array().unwrap().iter().all(|one| one["verdict"] == "duplicate"));
}

#[test]
fn an_event_kept_apart_shows_its_own_properties_and_changes_none() {
    let server = TestServer::start();
    server.store(json!([{ "user_id": "alice", "event_type": "Buy", "user_properties": { "plan": "pro" } }]));
    let late = json!({
        "user_id": "alice", "event_type": "Buy", "user_properties": { "plan": "free" }, "$skip_user_properties_sync": true,
    });
    server.store(json!([late]));
    assert_eq!(server.events("")[1]["user_properties"], json!({ "plan": "free" }));
    assert_eq!(server.properties("user_id=alice"), json!({ "plan": "pro" }));
}

#[test]
fn an_event_is_shown_as_it_was_sent() {
    let server = TestServer::start();
    let event = json!({
        "user_id": "alice", "device_id": "phone", "event_type": "Buy", "insert_id": "1", "time": 1_700_000_000_000_u64,
        "event_properties": { "price": 9.90, "deep": { "list": [null, "🐍"] } }, "user_properties": { "plan": "pro" },
    });
    server.store(json!([event]));
    let mut shown = server.events("");
    assert!(shown[0].as_object_mut().unwrap().remove("received").unwrap().is_u64());
    assert_eq!(shown, [event]);
}

#[test]
fn good_events_of_a_batch_are_stored_and_bad_ones_named() {
    let server = TestServer::start();
    let bad = json!({ "user_id": "alice", "event_type": "$exposure", "insert_id": "2", "event_properties": { "variant": "on" } });
    let answer = server.ingest(json!([bought("1"), bad, "nonsense", bought("1"), bought("3")])).expect(200);
    let verdicts = json!([
        { "insert_id": "1", "verdict": "stored" },
        { "insert_id": "2", "verdict": "rejected", "reason": "missing_flag_key" },
        { "insert_id": null, "verdict": "rejected", "reason": "not_an_object" },
        { "insert_id": "1", "verdict": "duplicate" },
        { "insert_id": "3", "verdict": "stored" },
    ]);
    assert_eq!(answer["verdicts"], verdicts);
    assert_eq!((&answer["code"], &answer["events_ingested"]), (&json!(200), &json!(2)));
    assert_eq!(server.events("").len(), 2);
}

#[test]
fn a_batch_without_a_good_event_is_refused_with_the_fields_at_fault() {
    let server = TestServer::start();
    let events = json!([
        { "user_id": [5], "event_type": "Buy" },
        { "user_id": "alice" },
        { "user_id": "alice", "event_type": "$exposure" },
        { "user_id": true, "event_type": "Buy", "insert_id": "4" },
    ]);
    let answer = server.ingest(events).expect(400);
    assert_eq!(answer["code"], 400);
    assert_eq!(answer["events_with_invalid_fields"], json!({ "user_id": [0, 3] }));
    assert_eq!(answer["events_with_missing_fields"], json!({ "event_type": [1], "flag_key": [2] }));
    assert_eq!(answer["verdicts"][3], json!({ "insert_id": "4", "verdict": "rejected", "reason": "invalid_user_id" }));
}

#[test]
fn a_wrong_or_missing_api_key_is_answered_in_amplitudes_words() {
    let server = TestServer::start();
    for key in [json!("wrong"), json!("client-key"), json!("shop-admin-key"), json!(""), json!(null), json!(5)] {
        let body = json!({ "api_key": key, "events": [bought("1")] });
        assert_eq!(server.request("POST", "/2/httpapi").body(body.to_string()).send().refused(400), "Invalid API key");
    }
    let body = json!({ "events": [bought("1")] });
    assert_eq!(server.request("POST", "/batch").body(body.to_string()).send().refused(400), "Invalid API key");
    assert!(server.events("").is_empty());
}

#[test]
fn a_body_of_another_shape_is_a_bad_request() {
    let server = TestServer::start();
    let post = |body: &str| server.request("POST", "/2/httpapi").body(body).send();
    for body in ["", "nonsense", "{", "[]", "null", r#"{"api_key":"shop-api-key","events":[{]}"#, "{} {}"] {
        post(body).refused(400);
    }
    let shapes = [json!({ "api_key": "shop-api-key" }), json!({ "api_key": "shop-api-key", "events": [] })];
    for shape in shapes {
        assert_eq!(post(&shape.to_string()).expect(400)["missing_field"], "events");
    }
    post(&json!({ "api_key": "shop-api-key", "events": {} }).to_string()).refused(400);
    server.request("GET", "/2/httpapi").send().refused(405);
}

#[test]
fn any_content_type_is_read() {
    let server = TestServer::start();
    for (place, kind) in
        ["application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"].iter().enumerate()
    {
        let body = json!({ "api_key": "shop-api-key", "events": [bought(&place.to_string())] }).to_string();
        server.request("POST", "/2/httpapi").header("content-type", kind).body(body).send().expect(200);
    }
    assert_eq!(server.events("").len(), 3);
}

#[test]
fn an_event_without_insert_id_and_time_gets_both_and_counts_each_time() {
    let server = TestServer::start();
    let event = json!({ "user_id": "alice", "event_type": "Buy" });
    server.store(json!([event]));
    server.store(json!([event]));
    let events = server.events("");
    assert_eq!(events.len(), 2);
    assert_ne!(events[0]["insert_id"], events[1]["insert_id"]);
    assert!(events[0]["time"].as_u64().unwrap() > 1_700_000_000_000);
}

#[test]
fn a_late_exposure_shows_its_own_variant_and_changes_nothing_else() {
    let server = TestServer::start();
    server.store(json!([exposed("newer", 2_000, json!("treatment"))]));
    server.store(json!([exposed("older", 1_000, json!("control"))]));
    server.store(json!([exposed("oldest", 500, json!(null))]));
    server.store(json!([bought("after")]));
    let seen: Vec<_> =
        server.events("").into_iter().map(|event| event["user_properties"]["[Experiment] button"].clone()).collect();
    assert_eq!(seen, [json!("treatment"), json!("control"), json!(null), json!("treatment")]);
    assert_eq!(server.properties("user_id=alice"), json!({ "[Experiment] button": "treatment" }));
}

#[test]
fn a_repeated_exposure_does_not_set_the_property_again() {
    let server = TestServer::start();
    server.store(json!([exposed("1", 1_000, json!("treatment"))]));
    server.store(json!([exposed("2", 2_000, json!(null))]));
    server.ingest(json!([exposed("1", 3_000, json!("treatment"))])).expect(200);
    assert_eq!(server.properties("user_id=alice"), json!({}));
}

#[test]
fn a_clock_that_runs_ahead_is_set_right_by_the_upload_time() {
    let server = TestServer::start();
    let post = |insert_id: &str, time: u64, uploaded: Value, variant: &str| {
        let event = exposed(insert_id, time, json!(variant));
        let body = json!({ "api_key": "shop-api-key", "client_upload_time": uploaded, "events": [event] });
        server.request("POST", "/2/httpapi").body(body.to_string()).send().expect(200);
    };
    // A year 2100 that was sent two hours later, by a clock of which nothing is right but the difference.
    post("ahead", 4_102_444_800_000, json!("2100-01-01T02:00:00.000Z"), "old");
    post("right", 1_000_000, json!(1_000_000), "new");
    assert_eq!(server.properties("user_id=alice"), json!({ "[Experiment] button": "new" }));
    // The same clock, as a number that a program without whole numbers writes.
    post("ahead again", 4_102_444_800_000, json!(4_102_452_000_000.0), "old");
    assert_eq!(server.properties("user_id=alice"), json!({ "[Experiment] button": "new" }));
}

#[test]
fn what_was_sent_slowly_does_not_count_as_later_than_what_came_after_it() {
    let server = TestServer::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let post = |before: u128, uploaded_before: u128, change: Value| {
        let event =
            json!({ "user_id": "alice", "event_type": "$identify", "time": now - before, "user_properties": change });
        let body = json!({ "api_key": "shop-api-key", "client_upload_time": now - uploaded_before, "events": [event] });
        server.request("POST", "/2/httpapi").body(body.to_string()).send().expect(200);
    };
    // The first request of a page took ten seconds, the second none.
    post(10_100, 10_000, json!({ "$clearAll": "-" }));
    post(9_900, 0, json!({ "$set": { "plan": "pro" } }));
    assert_eq!(server.properties("user_id=alice"), json!({ "plan": "pro" }));
}

#[test]
fn an_impression_and_an_sdks_renamed_exposure_mean_the_same() {
    let server = TestServer::start();
    server.store(json!([
        { "user_id": "alice", "event_type": "$impression", "event_properties": { "flag_key": "a", "variant": "on" } },
        { "user_id": "alice", "event_type": EXPOSURE, "event_properties": { "[Experiment] Flag Key": "b", "[Experiment] Variant": "on" } },
    ]));
    assert_eq!(server.properties("user_id=alice"), json!({ "[Experiment] a": "on", "[Experiment] b": "on" }));
    assert_eq!(server.events("event_type=%5BExperiment%5D%20Impression").len(), 1);
}

#[test]
fn one_insert_id_in_two_projects_is_two_events() {
    let server = TestServer::start();
    server.store(json!([bought("1")]));
    let body = json!({ "api_key": "older-api-key", "events": [bought("1")] });
    let answer = server.request("POST", "/2/httpapi").body(body.to_string()).send().expect(200);
    assert_eq!(answer["verdicts"][0]["verdict"], "stored");
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn a_hundred_posts_of_one_insert_id_to_two_replicas_are_one_event() {
    let first = TestServer::on(Database::lasting(), &[]);
    let second = TestServer::beside(&first);
    let together = Barrier::new(100);
    let post = &|place: usize| {
        together.wait();
        let server = if place.is_multiple_of(2) { &first } else { &second };
        server.ingest(json!([bought("1")])).expect(200)["verdicts"][0]["verdict"].take()
    };
    let mut verdicts: Vec<_> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..100).map(|place| scope.spawn(move || post(place))).collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    verdicts.retain(|verdict| verdict != "duplicate");
    assert_eq!(verdicts, ["stored"]);
    assert_eq!(first.database.number("SELECT count(*) FROM event"), 1);
    assert_eq!(first.database.number("SELECT count(*) FROM person"), 1);
}
