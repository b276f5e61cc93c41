//! Timelines of the client: its effects, to the exact list, on a clock that the test moves.
#![cfg(all(feature = "client", feature = "native", not(target_arch = "wasm32")))]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "timeline/exposures.rs"]
mod exposures;
#[path = "timeline/identity.rs"]
mod identity;
#[path = "timeline/page.rs"]
mod page;

use experiment_wasm::client::{Change, DedupScope, DropReason};
use experiment_wasm::error::Error;
use experiment_wasm::exposure::Tracking;
use experiment_wasm::machine::Machine;
use page::{Page, VARIANTS, answer};

const ON: &str = r#"{"checkout":{"key":"treatment","value":"treatment","metadata":{"experimentKey":"exp-1"}}}"#;
const OFF: &str = r#"{"checkout":{"key":"control","value":"control"}}"#;

#[test]
fn a_fetch_sends_the_user_stores_the_answer_and_settles() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"u"}"#);
    assert_eq!(page.log(), ["save user", "notify User", "send 0 GET http://h/sdk/v2/vardata?v=0"]);
    page.respond(0, 200, ON);
    assert_eq!(
        page.log(),
        [
            "save amp-exp-$default_instance-client",
            "save amp-exp-$default_instance-client-identity",
            "notify Variants",
            "settle 1 ok"
        ]
    );
    assert_eq!(page.variant("checkout"), ("treatment".into(), "storage"));
}

#[test]
fn starting_asks_for_flags_and_variants_and_polls_flags() {
    let mut page = Page::new(r#"{"flagConfigPollingIntervalMillis":1}"#);
    page.start(r#"{"user_id":"u"}"#);
    assert_eq!(
        page.log(),
        [
            "save running",
            "save user",
            "notify User",
            "send 0 GET http://f/sdk/v2/flags",
            "send 1 GET http://h/sdk/v2/vardata?v=0"
        ]
    );
    page.respond(0, 200, "[]");
    page.respond(1, 200, "{}");
    assert_eq!(page.log().last().unwrap(), "settle 1 ok");
    page.pass(59_999);
    assert_eq!(page.log(), [""; 0]);
    page.pass(1);
    assert_eq!(page.log(), ["send 2 GET http://f/sdk/v2/flags"]);
    page.client.stop();
    page.respond(2, 200, "[]");
    assert_eq!(page.client.next_timeout(), None);
}

#[test]
fn a_request_that_is_not_answered_in_time_is_aborted_and_tried_again() {
    let mut page = Page::new(r#"{"fetchTimeoutMillis":1000}"#);
    page.fetch(r#"{"user_id":"u"}"#);
    page.log();
    page.pass(1_000);
    assert_eq!(page.log(), ["abort 0", "log the request timed out", "settle 1 ok"]);
    page.pass(500);
    assert_eq!(page.log(), ["send 1 GET http://h/sdk/v2/vardata?v=0"]);
    page.respond(0, 200, OFF);
    assert_eq!(page.log(), [""; 0], "an answer that comes after its request was given up is nobody's");
    page.respond(1, 200, ON);
    assert_eq!(page.variant("checkout").0, "treatment");
    assert_eq!(page.client.next_timeout(), None);
}

#[test]
fn retries_wait_half_as_long_again_each_time_and_end_after_eight() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 503, "");
    let mut waits = Vec::new();
    while let Some(due) = page.client.next_timeout() {
        waits.push(due - page.now.mono);
        page.pass(due - page.now.mono);
        page.respond(waits.len() as u32, 500, "");
    }
    assert_eq!(waits, [500, 750, 1125, 1687, 2531, 3796, 5695, 8542]);
}

#[test]
fn a_refusal_is_not_retried_and_rejects_only_with_throw_on_error() {
    let mut page = Page::new(r#"{"throwOnError":true}"#);
    page.fetch(r#"{"user_id":"u"}"#);
    page.log();
    page.respond(0, 401, "");
    assert_eq!(page.log(), ["log the server answered with an error status", "settle 1 HTTP_STATUS"]);
    assert_eq!(page.client.next_timeout(), None);
}

#[test]
fn retry_after_is_not_undercut() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond_after(0, 429, 120_000);
    assert_eq!(page.client.next_timeout(), Some(page.now.mono + 120_000));
}

#[test]
fn a_response_for_another_identity_is_ignored() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"anna"}"#);
    page.fetch(r#"{"user_id":"bob"}"#);
    assert!(page.log().contains(&"abort 0".into()));
    page.respond(1, 200, OFF);
    page.respond(0, 200, ON);
    assert_eq!(page.variant("checkout").0, "control");
}

#[test]
fn identity_change_ends_retries() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"anna"}"#);
    page.respond(0, 500, "");
    assert!(page.client.next_timeout().is_some());
    page.set_user(r#"{"user_id":"bob"}"#);
    assert_eq!(page.client.next_timeout(), None);
}

#[test]
fn identity_change_ends_serving_and_exposing_earlier_variants() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    page.fetch(r#"{"user_id":"anna"}"#);
    page.respond(0, 200, ON);
    page.set_user(r#"{"user_id":"bob"}"#);
    page.log();
    assert_eq!(page.variant("checkout"), (String::new(), "none"));
    assert_eq!(page.log(), [""; 0]);
    page.set_user(r#"{"user_id":"anna","user_properties":{"plan":"pro"}}"#);
    assert_eq!(page.variant("checkout").0, "treatment", "a change of properties keeps the variants");
}

#[test]
fn identity_change_by_a_log_in() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"device_id":"d"}"#);
    page.respond(0, 200, ON);
    page.set_user(r#"{"device_id":"d","user_id":"u"}"#);
    assert_eq!(page.variant("checkout").1, "none");
}

#[test]
fn the_next_page_serves_what_this_one_stored_to_the_same_person_only() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"anna"}"#);
    page.respond(0, 200, ON);
    let mut again = page.reload();
    assert_eq!(again.variant("checkout").0, "treatment", "before anybody is known");
    again.set_user(r#"{"user_id":"anna"}"#);
    assert_eq!(again.variant("checkout").0, "treatment");
    again.set_user(r#"{"user_id":"bob"}"#);
    assert_eq!(again.variant("checkout").1, "none");
}

#[test]
fn storage_that_the_reference_wrote_is_served_until_the_person_changes() {
    let mut page = Page::new("{}");
    page.stored(VARIANTS, r#"{"checkout":{"key":"treatment","value":"treatment"}}"#);
    let mut page = page.reload();
    page.set_user(r#"{"user_id":"anna"}"#);
    assert_eq!(page.variant("checkout").0, "treatment");
    page.set_user(r#"{"user_id":"bob"}"#);
    assert_eq!(page.variant("checkout").1, "none");
}

#[test]
fn a_fetch_of_some_flags_replaces_these_and_leaves_the_others() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, r#"{"a":{"key":"1","value":"1"},"b":{"key":"1","value":"1"},"c":{"key":"1","value":"1"}}"#);
    page.fetch_keys(&["a", "b"]);
    page.respond(1, 200, r#"{"a":{"key":"2","value":"2"}}"#);
    let answers = ["a", "b", "c"].map(|key| page.variant(key).0);
    assert_eq!(answers, ["2", "", "1"]);
}

#[test]
fn the_answer_to_an_older_request_changes_nothing_that_a_later_one_answered() {
    let mut page = Page::new("{}");
    page.fetch(r#"{"user_id":"u"}"#);
    page.fetch_keys(&["a"]);
    page.respond(1, 200, r#"{"a":{"key":"new","value":"new"}}"#);
    page.respond(0, 200, r#"{"a":{"key":"old","value":"old"},"b":{"key":"old","value":"old"}}"#);
    assert_eq!(["a", "b"].map(|key| page.variant(key).0), ["new", "old"]);
}

#[test]
fn exposure_once_until_the_variant_changes() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    let mut ids = Vec::new();
    for body in [ON, ON, OFF, ON] {
        page.fetch(r#"{"user_id":"u"}"#);
        page.answer_last(body);
        page.log();
        page.variant("checkout");
        page.variant("checkout");
        ids.extend(page.tracked());
    }
    assert_eq!(ids.len(), 3);
    assert_ne!(ids[0], ids[2], "the third is a turn later");
}

#[test]
fn a_provider_that_refuses_is_offered_it_again_after_one_five_and_twenty_five_seconds() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    page.provider = Tracking::Refused;
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, ON);
    page.variant("checkout");
    let tracked_at = page.now.mono;
    let mut offers = Vec::new();
    loop {
        offers.extend(page.tracked().iter().map(|_| page.now.mono - tracked_at));
        let Some(due) = page.client.next_timeout() else { break };
        page.pass(due - page.now.mono);
    }
    assert_eq!(offers, [0, 1_000, 6_000, 31_000]);
    assert_eq!(page.notified().last(), Some(&Change::Dropped(DropReason::ProviderRefused)));
}

#[test]
fn a_provider_that_takes_the_second_offer_gets_no_third() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    page.provider = Tracking::Refused;
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, ON);
    page.variant("checkout");
    page.provider = Tracking::Taken;
    page.pass(1_000);
    let tracked = page.tracked();
    assert_eq!(tracked.len(), 2);
    assert_eq!(tracked[0], tracked[1], "the same event, not another");
    assert_eq!(page.client.next_timeout(), None);
}

#[test]
fn an_exposure_that_was_not_taken_survives_a_trap() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    page.provider = Tracking::Pending;
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, ON);
    page.variant("checkout");
    let first = page.tracked();
    let mut after = page.trap();
    after.provider = Tracking::Taken;
    after.pass(0);
    assert_eq!(after.tracked(), first);
    assert_eq!(after.variant("checkout").0, "treatment");
    assert_eq!(after.tracked().len(), 0, "the record survived too");
}

#[test]
fn the_days_window_outlives_the_page_and_ends_with_the_day() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, ON);
    page.variant("checkout");
    let first = page.tracked();
    page.pass(100);
    let mut page = page.reload();
    page.set_user(r#"{"user_id":"u"}"#);
    page.variant("checkout");
    assert_eq!(page.tracked().len(), 0);
    page.pass(86_400_000);
    page.variant("checkout");
    let next_day = page.tracked();
    assert_eq!(next_day.len(), 1);
    assert_ne!(first, next_day);
}

#[test]
fn exposure_tracking_skips_a_fallback_and_sends_a_default_without_a_variant() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, r#"{"checkout":{"key":"off","metadata":{"default":true}}}"#);
    page.log();
    page.variant("unknown");
    assert_eq!(page.exposures(), [""; 0]);
    page.variant("checkout");
    assert_eq!(page.exposures(), [r#"{"flag_key":"checkout","metadata":{"default":true}}"#]);
}

#[test]
fn closing_leaves_nothing_behind_and_settles_promises() {
    let mut page = Page::with_scope(r#"{"throwOnError":true}"#, DedupScope::Day);
    page.start(r#"{"user_id":"u"}"#);
    page.log();
    page.client.close();
    let log = page.log();
    assert!(log.contains(&"abort 0".into()) && log.contains(&"abort 1".into()), "{log:?}");
    assert!(log.contains(&"settle 1 CLOSED".into()), "{log:?}");
    assert_eq!(page.client.next_timeout(), None);
}

#[test]
fn a_closed_client_sends_and_tracks_nothing_and_reports_what_it_drops() {
    let mut page = Page::with_scope(r#"{"throwOnError":true}"#, DedupScope::Page);
    page.provider = Tracking::Refused;
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, ON);
    page.variant("checkout");
    page.client.close();
    page.log();
    assert_eq!(page.notified().last(), Some(&Change::Dropped(DropReason::ProviderRefused)));
    page.set_user(r#"{"user_id":"u","device_id":"d"}"#);
    assert_eq!(page.variant("checkout").0, "treatment");
    page.fetch(r#"{"user_id":"u"}"#);
    page.start(r#"{"user_id":"u"}"#);
    let log = page.log();
    assert!(log.contains(&"settle 2 CLOSED".into()) && log.contains(&"settle 3 CLOSED".into()), "{log:?}");
    assert!(!log.iter().any(|line| line.starts_with("send")), "{log:?}");
    assert_eq!((page.tracked().len(), page.client.next_timeout()), (1, None));
}

#[test]
fn consent_exposures_that_wait_outlive_a_closed_client() {
    let mut page = Page::with_scope(r#"{"awaitsConsent":true}"#, DedupScope::Page);
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, ON);
    assert_eq!(page.variant("checkout").0, "treatment");
    page.client.close();
    page.log();
    let is_dropped = |change: &Change| matches!(change, Change::Dropped(_));
    assert!(!page.notified().iter().any(is_dropped), "nobody refused it");
    assert!(page.tracked().is_empty());
}

#[test]
fn the_history_of_a_user_is_forgotten_at_the_exposure_of_the_next() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    let meet = |page: &mut Page, user: &str| {
        page.fetch(&format!(r#"{{"user_id":"{user}"}}"#));
        page.answer_last(ON);
        page.variant("checkout");
    };
    meet(&mut page, "a");
    meet(&mut page, "b");
    let pending = |page: &Page| page.kept("pending ").len();
    assert_eq!((page.history_entries(), pending(&page)), (3, 0));
    page.provider = Tracking::Refused;
    meet(&mut page, "c");
    page.provider = Tracking::Taken;
    meet(&mut page, "d");
    assert_eq!((page.history_entries(), pending(&page)), (3, 1), "the exposure of c was not taken");
    page.pass(1_000);
    assert_eq!((page.tracked().len(), page.history_entries(), pending(&page)), (5, 3, 0));
    let mut after = page.trap();
    after.variant("checkout");
    assert_eq!(after.tracked().len(), 0, "the exposure of d is recorded");
}

#[test]
fn without_a_key_nothing_is_sent() {
    let mut page = Page::without_key();
    page.fetch(r#"{"user_id":"u"}"#);
    assert_eq!(page.log(), ["save user", "notify User", "log the deployment key is empty", "settle 1 ok"]);
}

#[test]
fn an_answer_that_is_no_json_is_a_failure_and_keeps_what_there_was() {
    let mut page = Page::new(r#"{"retryFetchOnFailure":false}"#);
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(0, 200, ON);
    page.fetch(r#"{"user_id":"u"}"#);
    page.respond(1, 200, "<html>");
    page.fetch(r#"{"user_id":"u"}"#);
    page.client.handle_response(answer(2), Err(Error::Network), page.now);
    assert_eq!(page.variant("checkout").0, "treatment");
}

#[test]
fn an_id_that_is_a_number_is_the_same_as_its_text() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    page.fetch(r#"{"user_id":1,"device_id":7.5}"#);
    page.respond(0, 200, ON);
    page.variant("checkout");
    let ids = page.identities();
    assert_eq!(ids, [(Some("1".into()), Some("7.5".into()))]);
    page.set_user(r#"{"user_id":2}"#);
    assert_eq!(page.variant("checkout").1, "none", "2 is not served what 1 was assigned");
    page.set_user(r#"{"user_id":"1"}"#);
    assert_eq!(page.variant("checkout").0, "treatment", "as a text it is the same id");
}

#[test]
fn an_id_that_is_neither_text_nor_number_counts_as_absent_and_is_named() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    for (id, field) in [("user_id", "user.user_id"), ("device_id", "user.device_id")] {
        for odd in ["true", "{}", "[]", r#"["u"]"#] {
            page.set_user(&format!(r#"{{"{id}":{odd},"country":"DE"}}"#));
            assert!(
                page.log().contains(&format!("log an argument or an option cannot be used: {field}")),
                "{id} {odd}"
            );
            assert_eq!(page.client.user().unwrap().to_json(), r#"{"country":"DE"}"#);
        }
    }
    page.log();
    page.set_user(r#"{"user_id":null,"device_id":""}"#);
    assert!(!page.log().iter().any(|line| line.starts_with("log")), "these are absent and nobody meant somebody");
}

#[test]
fn what_a_provider_says_fills_in_for_an_id_that_cannot_be_used() {
    let mut page = Page::with_scope("{}", DedupScope::Page);
    page.provide(r#"{"user_id":8,"device_id":[]}"#);
    assert!(page.log().iter().any(|line| line.ends_with("user.device_id")));
    page.fetch(r#"{"user_id":{}}"#);
    page.respond(0, 200, ON);
    page.variant("checkout");
    assert_eq!(page.identities(), [(Some("8".into()), None)]);
}

const SHOP: &str = "shop-client-prod";
const BLOG: &str = "blog-client-prod";
const SHARED: &str = "amp-exp-$default_instance-t-prod";
const FLAG: &str = r#"[{"key":"local","metadata":{"evaluationMode":"local"},"variants":{"on":{"key":"on"}},"segments":[{"variant":"on"}]}]"#;

#[test]
fn two_deployments_whose_keys_end_alike_do_not_serve_each_others_variants_flags_and_options() {
    let mut shop = Page::new("{}").beside(SHOP);
    shop.start(r#"{"user_id":"u"}"#);
    shop.respond(0, 200, FLAG);
    shop.respond(1, 200, ON);
    shop.client.set_tracks_assignment(false);
    shop.log();
    let mut blog = shop.beside(BLOG);
    blog.set_user(r#"{"user_id":"u"}"#);
    assert_eq!((blog.variant("checkout").1, blog.variant("local").1), ("none", "none"));
    blog.fetch(r#"{"user_id":"u"}"#);
    assert_eq!(blog.last_header("X-Amp-Exp-Track"), None);
    let mut shop = blog.beside(SHOP);
    shop.set_user(r#"{"user_id":"u"}"#);
    assert_eq!((shop.variant("checkout").1, shop.variant("local").1), ("storage", "local-evaluation"));
    shop.fetch(r#"{"user_id":"u"}"#);
    assert_eq!(shop.last_header("X-Amp-Exp-Track"), Some("no-track".into()));
}

#[test]
fn two_deployments_that_write_in_turn_keep_their_own_answers_and_the_last_one_lies_in_storage() {
    let mut shop = Page::new("{}").beside(SHOP);
    shop.fetch(r#"{"user_id":"u"}"#);
    shop.answer_last(ON);
    let mut blog = shop.beside(BLOG);
    blog.fetch(r#"{"user_id":"u"}"#);
    blog.answer_last(OFF);
    assert_eq!((shop.variant("checkout").0, blog.variant("checkout").0), ("treatment".into(), "control".into()));
    shop.set_user(r#"{"user_id":"u","country":"DE"}"#);
    assert_eq!(shop.variant("checkout").0, "treatment");
    assert_eq!(shop.reload().variant("checkout").1, "none");
    assert_eq!(blog.reload().variant("checkout").0, "control");
}

#[test]
fn what_the_reference_wrote_over_a_mark_or_without_one_is_served_to_either_deployment() {
    let mut shop = Page::new("{}").beside(SHOP);
    shop.fetch(r#"{"user_id":"u"}"#);
    shop.answer_last(ON);
    shop.stored(SHARED, OFF);
    for key in [SHOP, BLOG] {
        shop = shop.beside(key);
        assert_eq!(shop.variant("checkout").0, "control", "{key}");
    }
}

#[test]
fn a_mark_contains_neither_the_deployment_key_nor_an_id() {
    let mut shop = Page::new("{}").beside(SHOP);
    shop.fetch(r#"{"user_id":"mira.holt"}"#);
    shop.answer_last(ON);
    let mark = shop.in_storage(&format!("{SHARED}-identity")).unwrap();
    assert!(mark.iter().all(u8::is_ascii_hexdigit) && mark.len() == 48, "{mark}");
}

#[test]
fn storage_that_cannot_be_read_is_no_variant_and_is_said_once() {
    for key in [VARIANTS.to_owned(), format!("{VARIANTS}-flags"), format!("{VARIANTS}-variants-options")] {
        for text in [r#"{"checkout":{"key":"on""#, "5", "\u{fffd}"] {
            let mut page = Page::new("{}");
            page.stored(&key, text);
            let mut page = page.reload();
            let said = "log an argument or an option cannot be used: storage";
            assert_eq!(page.log().iter().filter(|line| *line == said).count(), 1, "{key} {text}");
            assert_eq!(page.variant("checkout").1, "none");
        }
    }
    let mut fresh = Page::new("{}");
    assert!(fresh.log().is_empty() && fresh.reload().log().is_empty());
}
