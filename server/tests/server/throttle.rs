//! Who sends too much is told so, with nothing stored by halves and nothing lost (requirements §28.12, §16.5).

use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use experiment_wasm::api::{Request, Response};
use experiment_wasm::delivery::Delivery;
use experiment_wasm::effect::Effect;
use experiment_wasm::json::{Object, Text, Value as Sent, parse};
use experiment_wasm::machine::Machine;
use experiment_wasm::storage::{Area, Storage};
use experiment_wasm::time::{Now, to_iso};
use serde_json::{Value, json};

use crate::asking::Answer;
use crate::running::{Running, until};

fn events(user_id: &str, ids: impl Iterator<Item = usize>) -> Vec<Value> {
    ids.map(|id| json!({ "user_id": user_id, "event_type": "Buy", "insert_id": format!("{user_id}-{id}") })).collect()
}

fn post(server: &Running, path: &str, events: &[Value]) -> Answer {
    let body = json!({ "api_key": "shop-api-key", "events": events });
    server.ask("POST", path).body(body.to_string()).send()
}

#[test]
fn event_limits_of_a_user_refuse_the_whole_request() {
    let server = Running::start();
    let batch = [events("robin", 0..2), events("alice", 0..901)].concat();
    let answer = post(&server, "/2/httpapi", &batch);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let expected = json!({
        "code": 429, "error": "Too many requests for some devices and users", "eps_threshold": 30,
        "throttled_devices": {}, "throttled_users": { "alice": 31 }, "throttled_events": (2..903).collect::<Vec<_>>(),
    });
    assert_eq!(answer.expect(429), expected);
    assert!(server.events("").is_empty());
    // Nothing was counted either: nine hundred of each pass.
    for user_id in ["robin", "alice"] {
        post(&server, "/2/httpapi", &events(user_id, 0..900)).expect(200);
    }
    assert_eq!(server.events("limit=2000").len(), 1_800);
}

#[test]
fn event_limits_of_a_device_hold_for_all_its_users_and_bad_events_do_not_count() {
    let server = Running::start();
    let mut batch: Vec<_> = (0..901)
        .map(|n| json!({ "user_id": format!("user-{n}"), "device_id": "kiosk", "event_type": "Buy" }))
        .collect();
    let answer = post(&server, "/2/httpapi", &batch).expect(429);
    assert_eq!((&answer["throttled_devices"], &answer["throttled_users"]), (&json!({ "kiosk": 31 }), &json!({})));
    batch[7] = json!({ "device_id": "kiosk" });
    assert_eq!(post(&server, "/2/httpapi", &batch).expect(200)["events_ingested"], 900);
}

#[test]
fn a_page_that_leaves_or_was_offline_is_no_attack() {
    let server = Running::start();
    // All at once, in the requests of 30 and of 200 that pages and backends make.
    for (first, size) in (0..10).map(|n| (n * 30, 30)).chain((0..3).map(|n| (300 + n * 200, 200))) {
        assert_eq!(
            post(&server, "/2/httpapi", &events("alice", first..first + size)).expect(200)["events_ingested"],
            size
        );
    }
    assert_eq!(server.events("limit=2000").len(), 900);
}

#[test]
fn who_waits_as_long_as_asked_is_taken_again() {
    let server = Running::start();
    post(&server, "/2/httpapi", &events("alice", 0..900)).expect(200);
    let more = events("alice", 900..930);
    let refused = post(&server, "/2/httpapi", &more);
    let seconds = refused.header("retry-after").unwrap().parse().unwrap();
    refused.expect(429);
    sleep(Duration::from_secs(seconds));
    assert_eq!(post(&server, "/2/httpapi", &more).expect(200)["events_ingested"], 30);
    assert_eq!(server.events("limit=2000").len(), 930);
}

#[test]
fn writers_of_one_user_who_try_again_lose_nothing_and_store_nothing_twice() {
    let server = Running::start();
    thread::scope(|scope| {
        for writer in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for batch in 0..2 {
                    let first = writer * 1_000 + batch * 116;
                    let batch = events("alice", first..first + 116);
                    until(|| (post(server, "/2/httpapi", &batch).status == 200).then_some(()));
                }
            });
        }
    });
    let stored = server.events("limit=2000");
    assert_eq!(stored.len(), 928);
    post(&server, "/batch", &events("alice", 0..24)).expect(200);
    assert_eq!(server.events("limit=2000").len(), 928);
}

#[test]
fn a_batch_takes_more_and_another_project_has_a_throttle_of_its_own() {
    let server = Running::start();
    assert_eq!(post(&server, "/batch", &events("alice", 0..2_000)).expect(200)["events_ingested"], 2_000);
    post(&server, "/2/httpapi", &events("alice", 2_000..2_030)).expect(200);
    let older = json!({ "api_key": "older-api-key", "events": events("alice", 0..30) });
    server.ask("POST", "/2/httpapi").body(older.to_string()).send().expect(200);
}

#[test]
fn event_limits_of_a_batch_name_the_daily_quota() {
    let server = &Running::start();
    // All at once, and the same events, which are stored once but count each time: what the store takes long for would
    // let the level sink.
    let sent = &events("alice", 0..2_000);
    let refused = thread::scope(|scope| {
        let posts: Vec<_> = (0..24).map(|_| scope.spawn(move || post(server, "/batch", sent))).collect();
        let mut answers = posts.into_iter().map(|post| post.join().unwrap());
        answers.rfind(|answer| answer.status != 200).unwrap()
    });
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "2,000 events sink in two seconds");
    let refused = refused.expect(429);
    assert_eq!(
        (&refused["eps_threshold"], refused["throttled_events"].as_array().unwrap().len()),
        (&json!(1_000), 2_000)
    );
    assert!(refused["throttled_users"]["alice"].as_u64().unwrap() > 1_000);
    assert_eq!(
        (&refused["exceeded_daily_quota_users"], &refused["exceeded_daily_quota_devices"]),
        (&json!({}), &json!({}))
    );
}

/// A page's storage that nobody reads again.
struct Nothing;

impl Storage for Nothing {
    fn read(&self, _: Area, _: &[u8]) -> Option<Text> {
        None
    }

    fn entries(&self, _: Area, _: &[u8]) -> Object {
        Object::new()
    }
}

/// Sends what the outbox wants sent; returns the answer as a browser would give it.
fn carry(server: &Running, request: &Request) -> Response {
    let answer = server.ask("POST", "/2/httpapi").body(request.body.as_ref().unwrap().as_bytes()).send();
    let retry_after = answer.header("retry-after").map(|seconds| seconds.parse::<u64>().unwrap() * 1_000);
    Response { status: answer.status, body: String::from_utf8(answer.body).unwrap().as_str().into(), retry_after }
}

#[test]
fn our_own_outbox_survives_being_throttled_and_delivers_each_exposure_once() {
    let server = Running::start();
    let start = Instant::now();
    let now = || {
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap();
        Now { wall: 1_795_393_500_000 + millis, mono: millis }
    };
    // What else the user did: the outbox finds room for one batch of its own.
    let body = json!({ "api_key": "shop-api-key", "events": events("7", 0..870), "options": { "min_id_length": 1 } });
    server.ask("POST", "/2/httpapi").body(body.to_string()).send().expect(200);
    let mut outbox = Delivery::new(("shop-api-key".into(), "/2/httpapi".into()), &Nothing, 7, to_iso, now());
    for n in 0..75 {
        // A user id that only our own client may send.
        let event = json!({ "user_id": "7", "event_type": "$exposure", "insert_id": n.to_string(), "event_properties": { "flag_key": "button", "variant": "on" } });
        let event = parse(event.to_string().as_bytes()).ok().and_then(Sent::into_object).unwrap();
        outbox.track(&event, now());
    }
    let (mut statuses, mut dropped) = (Vec::new(), 0);
    while outbox.pending() > 0 {
        while let Some(effect) = outbox.poll_effect() {
            match effect {
                Effect::Send(id, request) => {
                    let response = carry(&server, &request);
                    statuses.push(response.status);
                    outbox.handle_response(id, Ok(response), now());
                }
                Effect::Notify(_) => dropped += 1,
                _ => {}
            }
        }
        if let Some(due) = outbox.next_timeout() {
            sleep(Duration::from_millis(due.saturating_sub(now().mono)));
            outbox.handle_timeout(now());
        }
    }
    assert!(statuses.contains(&429) && statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    assert_eq!((server.events("user_id=7&event_type=%5BExperiment%5D%20Exposure").len(), dropped), (75, 0));
}
