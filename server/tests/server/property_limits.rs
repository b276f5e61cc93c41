//! How many experiment properties a project has, and how often a user's change.

use serde_json::{Value, json};

use crate::property_states::SHOP_FLAGS;
use crate::test_server::{ADMIN, EXPOSURE, TestServer};

fn exposed(user_id: &str, flag: &str, variant: Value) -> Value {
    json!({
        "user_id": user_id, "event_type": "$exposure", "event_properties": { "flag_key": flag, "variant": variant },
    })
}

#[track_caller]
fn batch(server: &TestServer, key: &str, events: Vec<Value>) -> Vec<Value> {
    let body = json!({ "api_key": key, "events": events });
    let answer = server.request("POST", "/batch").body(body.to_string()).send().expect(200);
    answer["verdicts"].as_array().unwrap().clone()
}

#[test]
fn property_limit_the_event_over_it_is_stored_and_its_property_is_not_set() {
    let server = TestServer::start();
    // No name is a flag's.
    for flag in SHOP_FLAGS {
        server.request("DELETE", &format!("/api/flags/{flag}")).header("authorization", ADMIN).send().expect(200);
    }
    let of = |numbers: std::ops::Range<u32>| {
        numbers.map(|n| exposed(&format!("user-{n}"), &format!("flag-{n}"), json!("on")))
    };
    // Whoever meets a flag first makes its property; later ones make none, and neither does leaving an experiment.
    let verdicts = batch(&server, "shop-api-key", of(0..1_499).chain(of(0..400)).collect());
    assert!(verdicts.iter().all(|one| one["verdict"] == "stored" && one.get("reason").is_none()));
    let unset = exposed("alice", "unset-only", json!(null));
    let verdicts = batch(&server, "shop-api-key", [unset].into_iter().chain(of(1_499..1_501)).collect());
    let reasons: Vec<_> =
        verdicts.iter().map(|one| (one["verdict"].as_str().unwrap(), one["reason"].as_str())).collect();
    assert_eq!(reasons, [("stored", None), ("stored", None), ("stored", Some("experiment_property_limit"))]);
    assert_eq!(server.properties("user_id=user-1499"), json!({ "[Experiment] flag-1499": "on" }));
    assert_eq!(server.properties("user_id=user-1500"), json!({}));
    let over = &server.events("user_id=user-1500")[0];
    assert_eq!((&over["event_type"], &over["user_properties"]), (&json!(EXPOSURE), &json!({})));
    assert_eq!(over["event_properties"]["[Experiment] Flag Key"], "flag-1500");
    assert_eq!(server.read("/api/usage").expect(200)["experiment_properties"], 1_500);
    // Those that are there go on, and another project has its own.
    server.store(json!([exposed("alice", "flag-7", json!("on"))]));
    assert_eq!(server.properties("user_id=alice"), json!({ "[Experiment] flag-7": "on" }));
    let verdicts = batch(&server, "older-api-key", of(1_500..1_501).collect());
    assert!(verdicts[0].get("reason").is_none());
}

#[test]
fn a_user_whose_properties_change_more_than_1800_times_an_hour_keeps_them() {
    let server = TestServer::start();
    let of = |numbers: std::ops::Range<u32>| numbers.map(|n| exposed("alice", "button", json!(format!("variant-{n}"))));
    let verdicts = batch(&server, "shop-api-key", of(0..1_801).collect());
    let reasons: Vec<_> = verdicts.iter().filter_map(|one| one["reason"].as_str()).collect();
    assert_eq!((verdicts.len(), reasons), (1_801, vec!["user_property_update_limit"]));
    let kept = json!({ "[Experiment] button": "variant-1799" });
    assert_eq!(server.properties("user_id=alice"), kept);
    // An exposure shows its own variant all the same. Two seconds are one update, so this may pass on a slow machine.
    let verdicts = batch(&server, "shop-api-key", of(2_000..2_600).collect());
    assert!(verdicts.iter().filter(|one| one["reason"] == "user_property_update_limit").count() > 500);
    let shown = &server.events("user_id=alice&limit=1")[0]["user_properties"];
    assert_eq!(shown, &json!({ "[Experiment] button": "variant-2599" }));
    // What changes nothing is no update, and others go on.
    let nothing = json!({ "user_id": "alice", "event_type": "Buy" });
    let verdicts = batch(&server, "shop-api-key", vec![nothing, exposed("robin", "button", json!("on"))]);
    assert!(verdicts.iter().all(|one| one.get("reason").is_none()), "{verdicts:?}");
}

/// What an event of a user sets, and the reason in its verdict.
pub fn set(server: &TestServer, properties: &Value) -> Option<String> {
    let event = json!({ "user_id": "alice", "event_type": "Visit", "user_properties": properties });
    let verdicts = batch(server, "shop-api-key", vec![event]);
    assert_eq!(verdicts[0]["verdict"], "stored");
    verdicts[0]["reason"].as_str().map(str::to_owned)
}

#[test]
fn a_user_has_a_thousand_properties_beside_those_of_experiments() {
    let server = TestServer::start();
    let all: serde_json::Map<_, _> = (0..1_000).map(|number| (format!("name {number}"), json!(number))).collect();
    assert_eq!(set(&server, &json!(all)), None);
    server.store(json!([exposed("alice", "button", json!("on"))]));
    let over = set(&server, &json!({ "name 7": "changed", "one more": 1 }));
    assert_eq!(over.as_deref(), Some("user_property_limit"));
    let stored = server.properties("user_id=alice");
    assert_eq!((stored.as_object().unwrap().len(), &stored["name 7"]), (1_001, &json!("changed")));
    assert_eq!(stored["[Experiment] button"], "on");
    // The event shows what the user has, and room is where all are cleared.
    assert_eq!(server.events("limit=1")[0]["user_properties"], stored);
    assert_eq!(set(&server, &json!({ "$clearAll": "-" })), None);
    assert_eq!(set(&server, &json!({ "one more": 1 })), None);
    assert_eq!(server.properties("user_id=alice"), json!({ "[Experiment] button": "on", "one more": 1 }));
}

#[test]
fn a_users_properties_have_so_many_bytes() {
    let server = TestServer::start();
    let texts = |number: usize| json!(vec!["x".repeat(1_000); number]);
    assert_eq!(set(&server, &json!({ "list": texts(60) })), None);
    assert_eq!(set(&server, &json!({ "other": texts(10) })).as_deref(), Some("user_property_bytes_limit"));
    assert_eq!(
        set(&server, &json!({ "$append": { "list": texts(10) } })).as_deref(),
        Some("user_property_bytes_limit")
    );
    assert_eq!(server.properties("user_id=alice"), json!({ "list": texts(60) }));
    server.store(json!([exposed("alice", "button", json!("on"))]));
    assert_eq!(set(&server, &json!({ "list": texts(1), "other": texts(10) })), None);
}

#[test]
fn a_long_text_of_a_user_is_cut_and_one_of_an_event_is_not() {
    let server = TestServer::start();
    let (long, kept) = ("ü".repeat(1_025), "ü".repeat(1_024));
    assert_eq!(set(&server, &json!({ "at most": kept })), None);
    let reason = set(&server, &json!({ "note": long, "$append": { "list": [long] } }));
    assert_eq!(reason.as_deref(), Some("user_property_text_limit"));
    assert_eq!(server.properties("user_id=alice"), json!({ "at most": kept, "note": kept, "list": [kept] }));
    assert_eq!(set(&server, &json!({ "$remove": { "list": [long] } })).as_deref(), Some("user_property_text_limit"));
    assert_eq!(server.properties("user_id=alice")["list"], json!([]));
    server.store(json!([{ "user_id": "alice", "event_type": "Visit", "event_properties": { "note": long } }]));
    assert_eq!(server.events("limit=1")[0]["event_properties"]["note"], long);
}

#[test]
fn a_name_of_an_experiment_that_cannot_be_stored_is_rejected() {
    let server = TestServer::start();
    for name in ["[Experiment] \u{0}".to_owned(), format!("[Experiment] {}", "x".repeat(1_020))] {
        let event = json!({ "user_id": "alice", "event_type": "Visit", "user_properties": { (name): "on" } });
        let body = json!({ "api_key": "older-api-key", "events": [event] });
        let answer = server.request("POST", "/2/httpapi").body(body.to_string()).send().expect(400);
        assert_eq!(answer["verdicts"][0]["reason"], "invalid_user_properties");
    }
}
