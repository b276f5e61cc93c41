//! `X-Amp-Exp-Exposure-Track: track`: the server tells exposures of what it returns, each once a day.

use std::time::{SystemTime, UNIX_EPOCH};

use experiment_wasm::exposure::{Exposure, insert_id};
use experiment_wasm::user::Identity;
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
fn exposure_header_exposes_what_is_returned_and_sets_the_property() {
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
fn exposure_header_is_required_and_a_cache_hit_exposes_nothing() {
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

/// Alice, to whom the page and the server tell of a flag with one variant at a time.
struct Told<'a> {
    server: &'a Running,
    day: u64,
}

impl<'a> Told<'a> {
    fn on(server: &'a Running) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        Self { server, day: u64::try_from(now).unwrap() / 86_400_000 }
    }

    /// What a page makes of the user's return to a variant: the first of the day has number 0.
    fn id(&self, variant: &str, number: u64) -> String {
        let identity = Identity { user_id: Some("alice".into()), device_id: Some("phone".into()) };
        let exposure = Exposure { flag_key: "button".into(), variant: Some(variant.into()), ..Exposure::default() };
        insert_id(&identity, &exposure, self.day, number).to_string()
    }

    /// The page tells of it; the verdict.
    fn by_page(&self, variant: &str, number: u64) -> String {
        let event = json!({
            "user_id": "alice", "device_id": "phone", "event_type": "$exposure", "insert_id": self.id(variant, number),
            "event_properties": { "flag_key": "button", "variant": variant },
        });
        self.server.ingest(json!([event])).expect(200)["verdicts"][0]["verdict"].as_str().unwrap().to_owned()
    }

    /// The server tells of it; the flag has this variant now. It has arrived when what was queued behind it has.
    fn by_server(&self, variant: &str) {
        put(self.server, &simple("button", variant)).send().expect(200);
        let user = json!({ "user_id": "alice", "device_id": "phone" });
        let asking = self.server.vardata(&user).header("x-amp-exp-flag-keys", "WyJidXR0b24iXQ");
        exposing(asking).send().expect(200);
        let marker =
            format!("marker-{}", self.server.events("event_type=%5BExperiment%5D%20Assignment&limit=1000").len());
        self.server.vardata(&json!({ "user_id": marker })).send().expect(200);
        self.server.assignments(&marker, 1);
    }

    /// The ids that are stored, in order.
    fn ids(&self) -> Vec<String> {
        let events = self.server.events("user_id=alice&limit=1000");
        events.iter().map(|event| event["insert_id"].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    fn assert_are(&self, expected: &[(&str, u64)]) {
        let expected: Vec<_> = expected.iter().map(|(variant, number)| self.id(variant, *number)).collect();
        assert_eq!(self.ids(), expected);
    }
}

#[test]
fn the_servers_exposures_are_numbered_by_returns_as_a_pages_are() {
    let server = Running::start();
    let told = Told::on(&server);
    for variant in ["a", "b", "a", "b", "b", "c", "a"] {
        told.by_server(variant);
    }
    told.assert_are(&[("a", 0), ("b", 0), ("a", 1), ("b", 1), ("c", 0), ("a", 2)]);
}

#[test]
fn page_and_server_tell_of_the_same_returns_once_whichever_is_first() {
    for page_first in [true, false] {
        let server = Running::start();
        let told = Told::on(&server);
        for (variant, number) in [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)] {
            if page_first {
                assert_eq!(told.by_page(variant, number), "stored");
                told.by_server(variant);
            } else {
                told.by_server(variant);
                assert_eq!(told.by_page(variant, number), "duplicate", "{variant}{number}");
            }
        }
        told.assert_are(&[("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)]);
    }
}

#[test]
fn a_page_that_was_not_there_for_a_return_makes_no_row_of_what_the_server_told() {
    let server = Running::start();
    let told = Told::on(&server);
    told.by_page("a", 0);
    told.by_server("b");
    assert_eq!(told.by_page("b", 0), "duplicate");
    // Seventeen other visits in between change nothing.
    for n in 0..17 {
        exposing(server.vardata(&json!({ "user_id": format!("visitor-{n}") }))).send().expect(200);
    }
    told.by_server("a");
    assert_eq!((told.by_page("a", 0), told.by_page("a", 1)), ("duplicate".to_owned(), "duplicate".to_owned()));
    told.assert_are(&[("a", 0), ("b", 0), ("a", 1)]);
}

#[test]
fn the_next_return_is_found_behind_a_hundred_that_a_page_told() {
    let server = Running::start();
    let told = Told::on(&server);
    for number in 0..100 {
        told.by_page("a", number);
    }
    told.by_server("b");
    told.by_server("a");
    assert_eq!(told.ids().last().unwrap(), &told.id("a", 100));
}
