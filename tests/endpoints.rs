//! Timelines of the outbox where the endpoint is none, is broken or gone, and where the page or the network goes.
#![cfg(all(feature = "client", not(target_arch = "wasm32")))]
#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

#[path = "timeline/outbox.rs"]
mod outbox;

use std::collections::BTreeSet;

use experiment_wasm::client::DropReason;
use experiment_wasm::error::Error;
use experiment_wasm::json::{Object, Value};
use experiment_wasm::machine::Machine;
use experiment_wasm::time::{DAY_MILLIS, to_iso};
use outbox::{Outbox, TAKEN, object, verdicts};

const WEEK: u64 = 7 * DAY_MILLIS;
const HTML: &str = "<!doctype html><title>Log in to the network</title>";

/// An outbox that has sent these together.
fn sent(ids: &[&str]) -> Outbox {
    let mut outbox = Outbox::new();
    ids.iter().for_each(|id| outbox.track(id));
    outbox.wait();
    assert_eq!(outbox.sent, [ids]);
    outbox
}

fn many(count: usize) -> Outbox {
    let mut outbox = Outbox::new();
    let padding = "x".repeat(400);
    for id in 0..count {
        let event = format!(r#"{{"event_type":"$exposure","insert_id":"{id}","event_properties":"{padding}"}}"#);
        outbox.delivery.track(&object(&event), outbox.now);
    }
    outbox.perform();
    outbox
}

fn text<'a>(body: &'a Object, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).map(|text| std::str::from_utf8(text).unwrap()).unwrap_or_default()
}

#[test]
fn an_answer_that_is_no_endpoints_delivers_nothing() {
    for body in
        ["", "{}", "[]", "null", "200", "ok", HTML, r#"{"code":"200"}"#, r#"{"status":200}"#, r#"{"verdicts":{}}"#]
    {
        let mut outbox = sent(&["a", "b"]);
        outbox.respond(0, 200, body);
        assert_eq!((outbox.stored(), outbox.dropped.len()), (2, 0), "{body}");
        assert!((500..=1_000).contains(&outbox.wait()), "{body}");
        assert_eq!(outbox.sent[1], ["a", "b"], "{body}");
        outbox.respond(1, 200, TAKEN);
        assert_eq!(outbox.stored(), 0, "{body}");
    }
}

#[test]
fn a_server_that_answers_202_or_204_without_a_word_has_taken_nothing() {
    for status in [201, 202, 204, 302] {
        let mut outbox = sent(&["a"]);
        outbox.respond(0, status, "");
        assert_eq!((outbox.stored(), outbox.dropped.len()), (1, 0), "{status}");
    }
}

#[test]
fn amplitudes_lists_name_what_is_dropped_and_the_others_go_again_at_once() {
    for (list, dropped) in [
        (r#""events_with_invalid_fields":{"time":[1],"price":[1,3]}"#, ["b", "d"]),
        (r#""events_with_missing_fields":{"event_type":[0,3]}"#, ["a", "d"]),
        (r#""events_with_invalid_id_lengths":{"user_id":[2],"device_id":[3]}"#, ["c", "d"]),
        (r#""silenced_devices":["d"],"silenced_events":[0,1],"throttled_events":[2]"#, ["a", "b"]),
    ] {
        let mut outbox = sent(&["a", "b", "c", "d"]);
        outbox.respond(0, 400, &format!(r#"{{"code":400,"error":"Invalid field values on some events",{list}}}"#));
        assert_eq!(outbox.dropped, [DropReason::ServerRejected; 2], "{list}");
        let left: Vec<_> = ["a", "b", "c", "d"].into_iter().filter(|id| !dropped.contains(id)).collect();
        assert_eq!(outbox.sent[1..], [left], "{list}");
        outbox.respond(1, 200, TAKEN);
        assert_eq!(outbox.stored(), 0, "{list}");
    }
}

#[test]
fn lists_that_name_no_event_of_the_batch_drop_none() {
    let mut outbox = sent(&["a", "b"]);
    outbox.respond(
        0,
        400,
        r#"{"code":400,"error":"e","events_with_invalid_fields":{"time":[7]},"silenced_events":[]}"#,
    );
    assert_eq!((outbox.stored(), outbox.sent.len()), (2, 2));
    assert_eq!(outbox.sent[1], ["a"]);
}

#[test]
fn a_413_or_400_of_something_before_the_endpoint_throws_nothing_away() {
    for (status, body) in [
        (413, HTML),
        (413, ""),
        (400, HTML),
        (400, ""),
        (400, "{}"),
        (422, ""),
        (400, r#"{"status":400,"error":"Bad Request"}"#),
    ] {
        let mut outbox = sent(&["a", "b", "c", "d"]);
        for _ in 0..60 {
            outbox.answer(status, body);
        }
        assert_eq!((outbox.stored(), outbox.dropped.len()), (4, 0), "{status} {body}");
        assert_eq!(outbox.sent[..3], [vec!["a", "b", "c", "d"], vec!["a", "b"], vec!["a"]], "{status} {body}");
        let alone: BTreeSet<_> = outbox.sent[2..].iter().flatten().map(String::as_str).collect();
        assert_eq!(alone, BTreeSet::from(["a", "b", "c", "d"]), "each had its try");
        assert!(outbox.now.mono > 3_600_000, "asked less and less: {}", outbox.now.mono);
        while outbox.stored() > 0 {
            outbox.answer(200, TAKEN);
        }
        assert_eq!(outbox.dropped, []);
    }
}

#[test]
fn an_event_that_fails_alone_goes_behind_the_others_and_waits_its_own_time() {
    let mut outbox = sent(&["bad", "b", "c"]);
    let mut answered = 0;
    let mut pass = |outbox: &mut Outbox| {
        while answered < outbox.sent.len() {
            let is_bad = outbox.sent[answered].contains(&"bad".to_string());
            outbox.respond(answered as u32, if is_bad { 400 } else { 200 }, if is_bad { HTML } else { TAKEN });
            answered += 1;
        }
    };
    pass(&mut outbox);
    assert_eq!(outbox.sent, [vec!["bad", "b", "c"], vec!["bad"], vec!["b"], vec!["c"]], "the others at once");
    let mut waits = Vec::new();
    for round in 0..9 {
        waits.push(outbox.wait());
        pass(&mut outbox);
        assert_eq!(outbox.sent.last().unwrap(), &["bad"]);
        let id = format!("later-{round}");
        outbox.track(&id);
        assert!(outbox.wait() <= 200, "who comes later does not wait for it");
        pass(&mut outbox);
        assert_eq!(outbox.sent.last().unwrap(), &[id]);
    }
    assert!(waits.windows(2).all(|pair| pair[1] + 400 > pair[0]), "{waits:?}");
    assert!(waits[8] > 60_000, "{waits:?}");
    assert_eq!((outbox.stored(), outbox.dropped.len()), (1, 0));
}

#[test]
fn where_everything_fails_alone_the_endpoint_is_asked_less_and_less() {
    let mut outbox = many(200);
    outbox.wait();
    for _ in 0..60 {
        outbox.answer(400, HTML);
    }
    assert!(outbox.now.mono > 2 * 3_600_000, "60 requests in {} ms", outbox.now.mono);
    assert_eq!((outbox.delivery.pending(), outbox.dropped.len()), (200, 0));
}

#[test]
fn a_server_that_breaks_over_one_event_gets_the_others() {
    let mut outbox = sent(&["a", "bad", "c", "d"]);
    for _ in 0..30 {
        let is_bad = outbox.sent.last().unwrap().contains(&"bad".to_string());
        outbox.answer(if is_bad { 500 } else { 200 }, if is_bad { "" } else { TAKEN });
    }
    assert_eq!((outbox.stored(), outbox.dropped.len()), (1, 0));
}

#[test]
fn seven_days_after_its_first_try_an_event_is_given_up_and_counted() {
    let mut outbox = sent(&["a"]);
    let mut tries = 0;
    while outbox.dropped.is_empty() {
        assert_eq!(outbox.stored(), 1);
        outbox.answer(404, "");
        tries += 1;
    }
    assert_eq!((outbox.dropped.clone(), outbox.stored(), outbox.delivery.pending()), (vec![DropReason::Expired], 0, 0));
    assert!((WEEK..WEEK + 3_600_000).contains(&outbox.now.mono), "after {} ms", outbox.now.mono);
    assert!(tries < 400, "{tries} tries");
    assert_eq!(outbox.delivery.next_timeout(), None);
}

#[test]
fn its_age_outlives_the_page() {
    for status in [0, 200, 400, 413, 401, 404, 500] {
        let mut first = sent(&["a"]);
        first.respond(0, status, HTML);
        first.now.wall += WEEK;
        let mut next = Outbox::on(first.shelf.clone(), outbox_time(first.now.wall));
        assert_eq!(next.sent, [["a"]], "it has one more try: it may be long that somebody was here");
        next.respond(0, status, HTML);
        assert_eq!((next.dropped.clone(), next.stored()), (vec![DropReason::Expired], 0), "{status}");
    }
}

fn outbox_time(wall: u64) -> experiment_wasm::time::Now {
    experiment_wasm::time::Now { wall, mono: 0 }
}

#[test]
fn a_clock_that_jumps_gives_nothing_up_and_keeps_nothing_for_ever() {
    let mut outbox = sent(&["a"]);
    outbox.now.wall += 400 * DAY_MILLIS;
    outbox.respond(0, 500, "");
    assert_eq!((outbox.stored(), outbox.dropped.len()), (1, 0), "on one page only the clock counts that nobody sets");

    let early = Outbox::on(outbox.shelf.clone(), outbox_time(outbox.now.wall - 800 * DAY_MILLIS));
    assert_eq!((early.stored(), early.dropped.len()), (1, 0));
    let mut late = Outbox::on(early.shelf.clone(), outbox_time(early.now.wall + WEEK));
    late.respond(0, 500, "");
    assert_eq!(late.dropped, [DropReason::Expired], "what came from the future is as old as the page that found it");
}

#[test]
fn what_another_address_or_key_left_is_removed_when_it_is_old_and_counted() {
    let outbox = sent(&["own"]);
    let left = |key: &str, text: &str| outbox.shelf.0.borrow_mut().insert(format!("EXP_outbox_v1_{key}"), text.into());
    let at = |age: u64| format!(r#"{{"v":1,"at":{},"event":{{"insert_id":"i"}}}}"#, outbox.now.wall - age);
    left("01234567_old", &at(WEEK));
    left("01234567_young", &at(WEEK - 1));
    left("89abcdef_old", &at(40 * DAY_MILLIS));
    left("89abcdef_later", &format!(r#"{{"v":1,"at":{},"event":{{}}}}"#, outbox.now.wall + 900 * DAY_MILLIS));
    left("89abcdef_format", r#"{"v":2,"at":1,"event":{}}"#);
    let next = Outbox::on(outbox.shelf.clone(), outbox.now);
    assert_eq!(next.dropped, [DropReason::Expired; 2]);
    let keys = |outbox: &Outbox| outbox.shelf.0.borrow().keys().map(|key| key[14..].to_string()).collect::<Vec<_>>();
    let others: Vec<_> = keys(&next).into_iter().filter(|key| !key.ends_with("_own")).collect();
    assert_eq!(others, ["01234567_young", "89abcdef_format", "89abcdef_later"]);
    assert_eq!(next.sent, [["own"]], "nothing of another is sent");
    let later = Outbox::on(next.shelf.clone(), outbox_time(next.now.wall + WEEK));
    assert_eq!(later.dropped, [DropReason::Expired; 2]);
    assert_eq!(keys(&later).iter().filter(|key| !key.ends_with("_own")).count(), 1);
}

#[test]
fn what_was_given_up_before_the_page_could_listen_is_told_after() {
    let outbox = sent(&["own"]);
    let key = "EXP_outbox_v1_01234567_old".to_string();
    outbox.shelf.0.borrow_mut().insert(key, r#"{"v":1,"at":5,"event":{"insert_id":"i"}}"#.into());
    let delivery =
        experiment_wasm::delivery::Delivery::new(("k".into(), "u".into()), &*outbox.shelf, 7, to_iso, outbox.now);
    assert_eq!(delivery.next_timeout(), Some(0), "in a run of its own");
}

#[test]
fn an_endpoint_that_refuses_is_told_of_once_and_asked_less_and_less() {
    for status in [401, 403, 404, 405, 410] {
        let mut outbox = sent(&["a"]);
        let mut waits = Vec::new();
        for _ in 0..20 {
            outbox.respond(outbox.sent.len() as u32 - 1, status, HTML);
            outbox.flush();
            outbox.online();
            waits.push(outbox.wait());
        }
        assert_eq!(outbox.said, [Some(Error::Http { status })]);
        assert_eq!(outbox.sent.len(), 21, "neither a page that goes nor a network that is back helps");
        assert!(waits[19] >= 1_800_000, "{waits:?}");
        outbox.answer(200, TAKEN);
        outbox.track("b");
        outbox.wait();
        outbox.answer(status, HTML);
        assert_eq!(outbox.said.len(), 2, "it took events in between");
    }
}

#[test]
fn an_unreadable_answer_is_told_of_once() {
    let mut outbox = sent(&["a"]);
    for _ in 0..5 {
        outbox.answer(200, HTML);
    }
    assert_eq!(outbox.said, [Some(Error::Decode)]);
}

#[test]
fn being_offline_and_a_server_that_is_down_are_nobodys_news() {
    let mut outbox = sent(&["a"]);
    for status in [500, 502, 503, 408, 425, 429] {
        assert!(outbox.answer(status, "") <= 64_000);
    }
    assert_eq!(outbox.said, []);
}

#[test]
fn a_page_that_goes_sends_all_that_waits_and_nothing_twice() {
    let mut outbox = many(200);
    outbox.wait();
    outbox.flush();
    let ids: Vec<_> = outbox.sent.iter().flatten().collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (200, 200));
    let requests = outbox.sent.len();
    outbox.flush();
    outbox.pass(1);
    assert_eq!(outbox.sent.len(), requests, "pagehide comes after visibilitychange");
    let outlive: Vec<_> =
        outbox.bodies.iter().filter(|(.., keepalive)| *keepalive).map(|(_, bytes, _)| *bytes).collect();
    let bytes: usize = outlive.iter().sum();
    assert!((48 << 10..=64 << 10).contains(&bytes), "{bytes} bytes may outlive the page");
    assert!(outbox.bodies[..outlive.len()].iter().all(|(.., keepalive)| *keepalive), "the oldest first");
    for request in 0..requests {
        outbox.respond(request as u32, 200, TAKEN);
    }
    assert_eq!((outbox.delivery.pending(), outbox.sent.len()), (0, requests));
}

#[test]
fn a_page_that_goes_sends_also_after_a_failure_but_not_where_the_server_asked_to_wait() {
    let mut outbox = sent(&["a"]);
    outbox.respond(0, 500, "");
    outbox.flush();
    assert_eq!((outbox.sent.len(), outbox.bodies[1].2), (2, true));
    outbox.respond_after(1, 503, "", Some(60_000));
    outbox.flush();
    assert_eq!(outbox.sent.len(), 2);
    assert_eq!(outbox.wait(), 60_000);
}

#[test]
fn of_several_requests_that_fail_together_none_is_lost_and_the_next_wait_is_the_first() {
    let mut outbox = many(150);
    outbox.flush();
    let requests = outbox.sent.len();
    assert!(requests >= 5, "{requests}");
    for request in 0..requests {
        outbox.respond(request as u32, 500, "");
    }
    assert!(outbox.wait() <= 1_000);
    assert_eq!(outbox.delivery.pending(), 150);
}

#[test]
fn of_several_requests_each_is_answered_for_its_own_events() {
    let mut outbox = many(60);
    outbox.flush();
    assert_eq!(outbox.sent.iter().map(Vec::len).collect::<Vec<_>>(), [30, 30]);
    outbox.respond(1, 200, TAKEN);
    assert_eq!(outbox.delivery.pending(), 30);
    let mixed: Vec<_> =
        outbox.sent[0].iter().map(|id| (id.as_str(), if id == "3" { "rejected" } else { "stored" })).collect();
    let mixed = verdicts(&mixed);
    outbox.respond(0, 200, &mixed);
    assert_eq!((outbox.delivery.pending(), outbox.dropped.clone()), (0, vec![DropReason::ServerRejected]));
}

#[test]
fn when_the_network_is_back_events_leave_within_two_seconds_and_not_all_pages_at_once() {
    let mut waits = BTreeSet::new();
    for seed in 0..20_u64 {
        let mut outbox = Outbox::new();
        outbox.now.mono = seed * 977;
        outbox.track("a");
        outbox.wait();
        for _ in 0..8 {
            outbox.delivery.handle_response(last(&outbox), Err(Error::Network), outbox.now);
            outbox.wait();
        }
        outbox.delivery.handle_response(last(&outbox), Err(Error::Network), outbox.now);
        for _ in 0..seed {
            outbox.online();
        }
        outbox.online();
        let wait = outbox.wait();
        assert!(wait < 2_000, "{wait}");
        waits.insert(wait);
        outbox.delivery.handle_response(last(&outbox), Err(Error::Network), outbox.now);
        assert!(outbox.wait() <= 1_000, "a network that is not quite there yet is tried again soon");
    }
    assert!(waits.len() > 10, "{waits:?}");
}

fn last(outbox: &Outbox) -> experiment_wasm::client::RequestId {
    experiment_wasm::client::RequestId(outbox.sent.len() as u32 - 1)
}

#[test]
fn a_request_that_was_lost_with_the_network_is_not_waited_for() {
    let mut outbox = sent(&["a"]);
    outbox.pass(3_000);
    outbox.online();
    assert_eq!(outbox.aborted, [0], "nothing is under way twice");
    assert!(outbox.wait() < 2_000);
    assert_eq!(outbox.sent.len(), 2);
}

#[test]
fn each_request_says_what_time_the_page_has_when_it_leaves() {
    let mut outbox = sent(&["a"]);
    assert_eq!(text(&outbox.bodies[0].0, "client_upload_time"), "2023-11-14T22:13:20.200Z");
    outbox.respond_after(0, 503, "", Some(3_600_000));
    outbox.wait();
    assert_eq!(text(&outbox.bodies[1].0, "client_upload_time"), "2023-11-14T23:13:20.200Z");
}
