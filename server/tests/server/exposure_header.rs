//! `X-Amp-Exp-Exposure-Track: track`: the server tells exposures of what it returns, each once a day.

use serde_json::{Value, json};

use crate::asking::Asking;
use crate::flags::{put, simple};
use crate::running::{EXPOSURE, Running, until};

fn exposing(asking: Asking) -> Asking {
    asking.header("x-amp-exp-exposure-track", "track").header("x-amp-exp-track", "no-track")
}

/// The flags and variants that a user was exposed to, as soon as there are this many.
#[track_caller]
fn exposures(server: &Running, query: &str, count: usize) -> Vec<(Value, Value)> {
    let events = until(|| Some(server.events(query)).filter(|events| events.len() >= count));
    assert!(events.iter().all(|event| event["event_type"] == EXPOSURE), "{events:?}");
    let properties = events.iter().map(|event| &event["event_properties"]);
    properties.map(|of| (of["[Experiment] Flag Key"].clone(), of["[Experiment] Variant"].clone())).collect()
}

#[test]
fn what_is_returned_is_exposed_and_sets_its_property() {
    let server = Running::start();
    exposing(server.vardata(&json!({ "user_id": "alice", "device_id": "phone" }))).send().expect(200);
    let mut met = exposures(&server, "user_id=alice", 3);
    met.sort_by_key(|(flag, _)| flag.to_string());
    // A default is an exposure without a variant; a slot of a group is none.
    assert_eq!(
        met,
        [("banner".into(), json!(null)), ("button".into(), "treatment".into()), ("holdout".into(), "on".into())]
    );
    let set = json!({ "[Experiment] button": "treatment", "[Experiment] holdout": "on" });
    assert_eq!(server.properties("user_id=alice"), set);
    let exposed = &server.events("user_id=alice&event_type=%5BExperiment%5D%20Exposure");
    let button = exposed.iter().find(|event| event["event_properties"]["[Experiment] Flag Key"] == "button").unwrap();
    assert_eq!(button["event_properties"]["[Experiment] Experiment Key"], "exp-1");
    assert_eq!(button["device_id"], "phone");
}

#[test]
fn nothing_is_exposed_without_the_header_or_by_a_hit() {
    let server = Running::start();
    server.vardata(&json!({ "user_id": "alice" })).header("x-amp-exp-exposure-track", "no-track").send().expect(200);
    server.vardata(&json!({ "user_id": "alice" })).send().expect(200);
    for _ in 0..3 {
        exposing(server.vardata(&json!({ "user_id": "robin" }))).send().expect(200);
    }
    exposing(server.vardata(&json!({ "user_id": "casey" }))).send().expect(200);
    exposures(&server, "user_id=casey", 3);
    assert_eq!(exposures(&server, "user_id=robin", 3).len(), 3);
    assert!(server.events("user_id=alice").iter().all(|event| event["event_type"] != EXPOSURE));
}

#[test]
fn another_question_with_an_equal_answer_adds_no_exposure() {
    let server = Running::start();
    for country in ["SE", "NO", "DK"] {
        exposing(server.vardata(&json!({ "user_id": "alice", "country": country }))).send().expect(200);
    }
    exposing(server.vardata(&json!({ "user_id": "casey" }))).send().expect(200);
    exposures(&server, "user_id=casey", 3);
    assert_eq!(exposures(&server, "user_id=alice", 3).len(), 3);
}

#[test]
fn who_comes_back_to_a_variant_is_exposed_again() {
    let server = Running::start();
    let ask =
        || exposing(server.vardata(&json!({ "user_id": "alice" })).header("x-amp-exp-flag-keys", "WyJidXR0b24iXQ"));
    for (place, variant) in ["a", "b", "a", "b"].into_iter().enumerate() {
        put(&server, &simple("button", variant)).send().expect(200);
        ask().send().expect(200);
        exposures(&server, "user_id=alice", place + 1);
        let current = || server.properties("user_id=alice")["[Experiment] button"] == variant;
        until(|| current().then_some(()));
    }
    let variants: Vec<_> =
        exposures(&server, "user_id=alice", 4).into_iter().filter(|(flag, _)| flag == "button").collect();
    assert_eq!(variants.iter().map(|(_, variant)| variant.as_str().unwrap()).collect::<Vec<_>>(), ["a", "b", "a", "b"]);
}

#[test]
fn a_page_that_told_the_same_exposure_leaves_one() {
    let server = Running::start();
    let ask = |user: Value| {
        exposing(server.vardata(&user).header("x-amp-exp-flag-keys", "WyJidXR0b24iXQ")).send().expect(200)
    };
    ask(json!({ "user_id": "alice" }));
    let told = until(|| {
        server
            .events("user_id=alice")
            .into_iter()
            .find(|event| event["event_properties"]["[Experiment] Flag Key"] == "button")
    });
    let sent = json!({
        "user_id": "alice", "event_type": "$exposure", "insert_id": told["insert_id"],
        "event_properties": { "flag_key": "button", "variant": "treatment" },
    });
    assert_eq!(server.ingest(json!([sent])).expect(200)["verdicts"][0]["verdict"], "duplicate");
}
