//! How many experiment properties a project has, and how often a user's change (requirements §28.13, §5.6, §5.7).

use serde_json::{Value, json};

use crate::running::{EXPOSURE, Running};

fn exposed(user_id: &str, flag: &str, variant: Value) -> Value {
    json!({
        "user_id": user_id, "event_type": "$exposure", "event_properties": { "flag_key": flag, "variant": variant },
    })
}

#[track_caller]
fn batch(server: &Running, key: &str, events: Vec<Value>) -> Vec<Value> {
    let body = json!({ "api_key": key, "events": events });
    let answer = server.ask("POST", "/batch").body(body.to_string()).send().expect(200);
    answer["verdicts"].as_array().unwrap().clone()
}

#[test]
fn property_limit_the_event_over_it_is_stored_and_its_property_is_not_set() {
    let server = Running::start();
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
    let server = Running::start();
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
