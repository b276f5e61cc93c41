//! Timelines of the outbox: what is sent, kept and forgotten, on a clock that the test moves.
#![cfg(all(feature = "client", not(target_arch = "wasm32")))]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "timeline/outbox.rs"]
mod outbox;

use experiment_wasm::client::{DropReason, RequestId};
use experiment_wasm::error::Error;
use experiment_wasm::machine::Machine;
use outbox::{Outbox, TAKEN, verdicts};

#[test]
fn events_gather_for_a_moment_and_leave_together() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.pass(199);
    assert!(outbox.sent.is_empty());
    outbox.track("b");
    outbox.pass(1);
    assert_eq!(outbox.sent, [["a", "b"]]);
    assert_eq!(outbox.stored(), 2, "kept until the verdict");
    outbox.respond(0, 200, &verdicts(&[("a", "stored"), ("b", "duplicate")]));
    assert_eq!((outbox.stored(), outbox.delivery.pending()), (0, 0));
    assert_eq!(outbox.delivery.next_timeout(), None);
}

#[test]
fn two_hundred_without_verdicts_means_all_of_them() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.wait();
    outbox.respond(0, 200, r#"{"code":200}"#);
    assert_eq!(outbox.stored(), 0);
}

#[test]
fn only_the_rejected_event_of_a_batch_is_dropped_and_counted() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.track("b");
    outbox.wait();
    outbox.respond(0, 200, &verdicts(&[("a", "rejected"), ("b", "stored")]));
    assert_eq!(outbox.dropped, [DropReason::ServerRejected]);
    assert_eq!(outbox.stored(), 0);
}

#[test]
fn delivery_repeats_an_event_without_a_verdict() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.track("b");
    outbox.wait();
    outbox.respond(0, 200, &verdicts(&[("a", "stored")]));
    assert!(outbox.wait() >= 500, "not at once: a server that never answers for it would be asked without end");
    assert_eq!(outbox.sent.last().unwrap(), &["b"]);
}

#[test]
fn failures_wait_longer_each_time_with_jitter_and_lose_nothing() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.wait();
    for (round, longest) in
        [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000].iter().enumerate()
    {
        outbox.respond(round as u32, 500, "");
        let wait = outbox.wait();
        assert!((longest / 2..=*longest).contains(&wait), "{wait} of {longest}");
    }
    assert_eq!((outbox.stored(), outbox.dropped.len()), (1, 0));
    outbox.respond(11, 200, TAKEN);
    assert_eq!(outbox.stored(), 0);
}

#[test]
fn retry_after_is_not_undercut_and_does_not_last_for_ever() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.wait();
    outbox.respond_after(0, 429, "", Some(120_000));
    assert_eq!(outbox.wait(), 120_000);
    outbox.respond_after(1, 503, "", Some(u64::MAX));
    assert_eq!(outbox.wait(), 86_400_000);
}

#[test]
fn a_batch_that_is_too_large_is_halved_and_one_event_that_is_too_large_goes() {
    let mut outbox = Outbox::new();
    for id in ["a", "b", "c", "d"] {
        outbox.track(id);
    }
    outbox.wait();
    let too_large = r#"{"code":413,"error":"Payload too large"}"#;
    outbox.respond(0, 413, too_large);
    outbox.respond(1, 413, too_large);
    assert_eq!(outbox.sent[1..], [vec!["a", "b"], vec!["a"]]);
    outbox.respond(2, 413, too_large);
    assert_eq!(outbox.dropped, [DropReason::TooLarge]);
    outbox.respond(3, 200, TAKEN);
    assert_eq!(outbox.sent[3..], [vec!["b"], vec!["c", "d"]], "and batches grow again");
}

#[test]
fn a_throttled_batch_is_kept_whole_and_comes_again_later_in_halves() {
    let mut outbox = Outbox::new();
    for id in ["a", "b", "c"] {
        outbox.track(id);
    }
    outbox.wait();
    let refused = r#"{"code":429,"eps_threshold":30,"throttled_users":{"u":31},"throttled_events":[0,1,2]}"#;
    for request in 0..3 {
        outbox.respond_after(request, 429, refused, Some(2_000));
        assert_eq!((outbox.stored(), outbox.dropped.len()), (3, 0));
        assert!(outbox.wait() >= 2_000);
    }
    assert_eq!(outbox.sent, [vec!["a", "b", "c"], vec!["a"], vec!["a"], vec!["a"]]);
    outbox.respond(3, 200, &verdicts(&[("a", "stored")]));
    assert_eq!(outbox.sent.last().unwrap(), &["b", "c"], "and batches grow again");
    outbox.respond(4, 200, &verdicts(&[("b", "stored"), ("c", "duplicate")]));
    assert_eq!((outbox.stored(), outbox.dropped.len()), (0, 0));
}

#[test]
fn a_batch_has_no_more_events_than_amplitude_takes_of_a_user_in_a_second() {
    let mut outbox = Outbox::new();
    for id in 0..70 {
        outbox.track(&id.to_string());
    }
    outbox.wait();
    outbox.respond(0, 200, TAKEN);
    outbox.respond(1, 200, TAKEN);
    assert_eq!(outbox.sent.iter().map(Vec::len).collect::<Vec<_>>(), [30, 30, 10]);
}

#[test]
fn one_poisoned_event_does_not_hold_up_the_others() {
    let mut outbox = Outbox::new();
    for id in ["a", "poison", "c"] {
        outbox.track(id);
    }
    outbox.wait();
    let mut answered = 0;
    while answered < outbox.sent.len() {
        let bad = outbox.sent[answered].contains(&"poison".to_string());
        let refused = r#"{"code":400,"error":"Request missing required field"}"#;
        outbox.respond(answered as u32, if bad { 400 } else { 200 }, if bad { refused } else { TAKEN });
        answered += 1;
    }
    assert_eq!(outbox.dropped, [DropReason::ServerRejected]);
    assert_eq!(outbox.stored(), 0);
}

#[test]
fn a_wrong_key_stops_this_page_and_keeps_the_events_for_the_next() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.wait();
    outbox.respond(0, 400, r#"{"code":400,"error":"Invalid API key"}"#);
    outbox.track("b");
    outbox.delivery.flush(outbox.now);
    assert_eq!((outbox.delivery.next_timeout(), outbox.stored(), outbox.sent.len()), (None, 2, 1));
    let next = Outbox::on(outbox.shelf.clone(), outbox.now);
    assert_eq!(next.sent, [["a", "b"]]);
}

#[test]
fn a_page_that_goes_sends_what_waits_and_forgets_nothing() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.delivery.flush(outbox.now);
    outbox.perform();
    assert_eq!(outbox.sent, [["a"]]);
    assert_eq!(outbox.stored(), 1);
}

#[test]
fn an_answer_that_does_not_come_is_a_failure() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.wait();
    outbox.pass(30_000);
    assert_eq!(outbox.aborted, [0]);
    outbox.wait();
    assert_eq!(outbox.sent.len(), 2);
    outbox.delivery.handle_response(RequestId(0), Err(Error::Network), outbox.now);
    assert_eq!(outbox.delivery.pending(), 1);
}

#[test]
fn the_same_event_is_kept_once() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    outbox.track("a");
    outbox.wait();
    outbox.track("a");
    assert_eq!(outbox.delivery.pending(), 1);
}

#[test]
fn the_oldest_goes_when_too_many_wait_and_is_counted() {
    let mut outbox = Outbox::new();
    for id in 0..2_001 {
        outbox.track(&id.to_string());
    }
    assert_eq!(outbox.dropped, [DropReason::QueueFull]);
    assert_eq!((outbox.stored(), outbox.delivery.pending()), (2_000, 2_000));
}

#[test]
fn records_of_another_format_are_left_alone() {
    let mut outbox = Outbox::new();
    outbox.track("a");
    let key = outbox.shelf.0.borrow().keys().next().cloned().unwrap();
    let prefix = key.strip_suffix('a').unwrap();
    let shelf = outbox.shelf.clone();
    for (name, text) in [("x1", r#"{"v":2,"event":{}}"#), ("x2", "{broken"), ("x3", "")] {
        shelf.0.borrow_mut().insert(format!("{prefix}{name}"), text.into());
    }
    let next = Outbox::on(shelf, outbox.now);
    assert_eq!(next.sent, [["a"]]);
}
