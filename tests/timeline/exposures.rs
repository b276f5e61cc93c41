//! Timelines of exposures: which are tracked, under which ids, over changes of variant, pages, tabs, clients and full storage.

use experiment_wasm::client::{Change, DedupScope, DropReason};
use experiment_wasm::exposure::{Exposure, ExposureEvent, Tracking, insert_id};
use experiment_wasm::json::{Object, Value, parse};
use experiment_wasm::machine::Machine;
use experiment_wasm::time::day;
use experiment_wasm::user::Identity;

use crate::page::Page;

const RECORD: &str = "amp-exp-$default_instance-client-exposed";
const QUEUE: &str = "EXP_queue_v1_$default_instance_";
const SENT: &str = "EXP_sent_v3_$default_instance";

/// Assigns a variant to a user, who meets it. Returns the insert ids of the tracked exposures.
fn meets(page: &mut Page, user: &str, flag: &str, variant: &str) -> Vec<String> {
    page.fetch(&format!(r#"{{"user_id":"{user}"}}"#));
    page.answer_last(&format!(r#"{{"{flag}":{{"key":"{variant}"}}}}"#));
    page.tracked();
    page.variant(flag);
    page.tracked()
}

fn identity(user: &str) -> Identity {
    Identity { user_id: Some(user.into()), device_id: None }
}

/// The id of an exposure whose variant came back so often on the page's day.
fn id(page: &Page, user: &str, variant: &str, turn: u64) -> String {
    let exposure = Exposure { flag_key: "f".into(), variant: Some(variant.into()), ..Exposure::default() };
    insert_id(&identity(user), &exposure, day(page.now.wall), turn).into_string()
}

/// The answer of so many flags, called `0`, `1` and so on.
fn many(flags: usize) -> String {
    let flags: Vec<String> = (0..flags).map(|flag| format!(r#""{flag}":{{"key":"on"}}"#)).collect();
    format!("{{{}}}", flags.join(","))
}

/// A page of a user who has so many flags.
fn with_many(scope: DedupScope, flags: usize) -> Page {
    let mut page = Page::with_scope("{}", scope);
    page.fetch(r#"{"user_id":"u"}"#);
    page.answer_last(&many(flags));
    page
}

fn object(text: &str) -> Object {
    parse(text.as_bytes()).unwrap().into_object().unwrap()
}

fn dropped(page: &Page) -> Vec<DropReason> {
    let reason = |change: &Change| if let Change::Dropped(reason) = change { Some(*reason) } else { None };
    page.notified().iter().filter_map(reason).collect()
}

#[test]
fn exposure_once_each_turn_whose_number_in_the_id_says_how_often_the_user_came_back_to_the_variant() {
    for scope in [DedupScope::Page, DedupScope::Day] {
        let mut page = Page::with_scope("{}", scope);
        for (variant, turn) in [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)] {
            assert_eq!(meets(&mut page, "u", "f", variant), [id(&page, "u", variant, turn)], "{scope:?}");
            assert_eq!(meets(&mut page, "u", "f", variant), [""; 0], "{scope:?}");
        }
    }
}

#[test]
fn another_run_of_the_experiment_is_another_variant_that_can_come_back() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    let mut tracked = Vec::new();
    for run in ["1", "2", "1"] {
        page.fetch(r#"{"user_id":"u"}"#);
        page.answer_last(&format!(r#"{{"f":{{"key":"on","metadata":{{"experimentKey":"{run}"}}}}}}"#));
        page.variant("f");
        tracked.extend(page.tracked());
    }
    assert_eq!(tracked.len(), 3);
    assert_ne!(tracked[0], tracked[2]);
}

#[test]
fn exposure_once_a_tab_that_was_open_already_does_not_repeat_what_another_tracked() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    let mut open = page.tab();
    meets(&mut page, "u", "f", "a");
    meets(&mut page, "u", "f", "b");
    assert_eq!(meets(&mut open, "u", "f", "b"), [""; 0]);
    assert_eq!(meets(&mut open, "u", "f", "a"), [id(&page, "u", "a", 1)], "that is where they came back to");
    assert_eq!(meets(&mut page, "u", "f", "b"), [id(&page, "u", "b", 1)]);
}

#[test]
fn the_next_page_knows_what_two_tabs_tracked_in_turn() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    let mut other = page.tab();
    for (flag, tab) in ["f", "g", "h", "i"].into_iter().zip([true, false, true, false]) {
        let tab = if tab { &mut page } else { &mut other };
        assert_eq!(meets(tab, "u", flag, "on").len(), 1);
    }
    let mut next = page.reload();
    for flag in ["f", "g", "h", "i"] {
        assert_eq!(meets(&mut next, "u", flag, "on"), [""; 0], "{flag}");
    }
}

#[test]
fn after_seventeen_other_users_the_days_history_still_has_the_first() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    meets(&mut page, "u", "f", "a");
    meets(&mut page, "u", "f", "b");
    for other in 0..17 {
        meets(&mut page, &format!("other {other}"), "f", "a");
    }
    assert_eq!(meets(&mut page, "u", "f", "b"), [""; 0]);
}

#[test]
fn exposure_once_the_history_stays_bounded_and_what_is_forgotten_makes_the_ids_of_before() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    meets(&mut page, "u", "f", "a");
    let before = meets(&mut page, "u", "f", "b");
    page.fetch(r#"{"user_id":"other"}"#);
    page.answer_last(&many(1_100));
    let meet_all = |page: &mut Page| (0..1_100).for_each(|flag| drop(page.variant(&flag.to_string())));
    meet_all(&mut page);
    let record = &page.shared(RECORD)[0];
    assert_eq!((page.tracked().len(), object(record).len()), (1_100, 2_048));
    assert!(record.len() < 80_000, "{}", record.len());
    page.variant("1099");
    assert_eq!(page.tracked(), [""; 0]);
    assert_eq!(meets(&mut page, "u", "f", "b"), before);
    assert_eq!(meets(&mut page, "u", "f", "a"), [id(&page, "u", "a", 0)], "one row too few, not one too many");
}

#[test]
fn yesterdays_record_is_forgotten() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    for flag in ["f", "g", "h"] {
        meets(&mut page, "u", flag, "on");
    }
    let before = page.shared(RECORD)[0].len();
    page.pass(86_400_000);
    meets(&mut page, "u", "f", "on");
    assert!(page.shared(RECORD)[0].len() < before);
}

#[test]
fn exposure_once_the_servers_own_exposure_is_the_pages_however_often_the_variant_changed_before() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    meets(&mut page, "u", "f", "a");
    let tracked = meets(&mut page, "u", "f", "b");
    let evaluated = object(r#"{"key":"b","value":"b"}"#);
    let own = ExposureEvent::of_evaluation(&identity("u"), &"f".into(), &evaluated, page.now.wall).unwrap();
    assert_eq!(tracked, [own.insert_id.into_string()]);
}

#[test]
fn exposure_once_a_day_the_next_counts_anew_also_on_a_page_that_stays_open() {
    for (scope, again) in [(DedupScope::Page, 0), (DedupScope::Day, 1)] {
        let mut page = Page::with_scope("{}", scope);
        for variant in ["a", "b", "a"] {
            meets(&mut page, "u", "f", variant);
        }
        page.pass(86_400_000);
        assert_eq!(meets(&mut page, "u", "f", "a").len(), again, "{scope:?}");
        assert_eq!(meets(&mut page, "u", "f", "b"), [id(&page, "u", "b", 0)]);
        assert_eq!(meets(&mut page, "u", "f", "a"), [id(&page, "u", "a", again as u64)], "{scope:?}");
    }
}

#[test]
fn deployments_whose_keys_end_alike_track_exposures_of_their_own() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    let mut other = page.beside("b-client");
    let tracked = meets(&mut page, "u", "f", "on");
    assert_eq!(meets(&mut other, "u", "f", "on"), tracked, "the server may be another one");
    assert_eq!(meets(&mut page, "u", "f", "on"), [""; 0]);
    assert_eq!(meets(&mut other, "u", "f", "on"), [""; 0]);
}

#[test]
fn a_record_that_cannot_be_read_is_none() {
    let damaged = ["", "[", "5", r#"{"day":5,"people":{"x":{"f":{"variant":"on","turn":3}}}}"#, r#"{"x":[]}"#];
    for text in damaged {
        let mut page = Page::with_scope("{}", DedupScope::Day);
        page.stored(RECORD, text);
        assert_eq!(meets(&mut page, "u", "f", "on"), [id(&page, "u", "on", 0)], "{text}");
        assert_eq!(meets(&mut page, "u", "f", "on"), [""; 0], "{text}");
    }
}

#[test]
fn the_days_history_lacks_what_its_provider_has_not_taken() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    page.provider = Tracking::Pending;
    let tracked = meets(&mut page, "u", "f", "on");
    assert_eq!(tracked.len(), 1);
    assert_eq!(meets(&mut page, "u", "f", "on"), [""; 0], "this page goes on asking");
    let mut next = page.reload();
    assert_eq!(meets(&mut next, "u", "f", "on"), tracked, "the page is gone, and the exposure with it");
    let mut last = next.reload();
    assert_eq!(meets(&mut last, "u", "f", "on"), [""; 0]);
}

#[test]
fn what_waits_to_be_taken_counts_for_what_comes_after_it() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    page.provider = Tracking::Pending;
    for (variant, turn) in [("a", 0), ("b", 0), ("a", 1)] {
        assert_eq!(meets(&mut page, "u", "f", variant), [id(&page, "u", variant, turn)]);
    }
}

#[test]
fn the_next_page_tracks_what_the_days_provider_never_took() {
    let mut page = Page::with_scope("{}", DedupScope::Day);
    page.provider = Tracking::Refused;
    let tracked = meets(&mut page, "u", "f", "on");
    for millis in [1_000, 5_000, 25_000] {
        page.pass(millis);
    }
    assert_eq!(dropped(&page), [DropReason::ProviderRefused]);
    assert_eq!(meets(&mut page.reload(), "u", "f", "on"), tracked);
}

#[test]
fn all_clients_share_the_history_of_a_plugin() {
    let mut page = Page::new("{}");
    let mut other = page.beside("b-client");
    page.integrate(true);
    other.integrate(true);
    assert_eq!(meets(&mut page, "u", "f", "on").len(), 1);
    assert_eq!(meets(&mut other, "u", "g", "on").len(), 1);
    assert_eq!(meets(&mut other, "u", "f", "on"), [""; 0], "the session has it");
    assert_eq!(page.session(SENT).unwrap(), r#"{"f":"on","g":"on"}"#);
    let mut next = page.reload();
    next.integrate(true);
    for flag in ["f", "g"] {
        assert_eq!(meets(&mut next, "u", flag, "on"), [""; 0], "{flag}");
    }
}

#[test]
fn what_waits_for_the_plugins_of_two_tabs_is_tracked_once() {
    let mut page = Page::new("{}");
    page.plugin = Tracking::Refused;
    page.integrate(true);
    meets(&mut page, "u", "f", "on");
    let mut tab = page.tab();
    tab.integrate(true);
    assert_eq!(tab.tracked().len(), 1);
    page.plugin = Tracking::Taken;
    page.pass(1_000);
    assert_eq!(page.tracked(), [""; 0]);
    assert_eq!(page.client.next_timeout(), None);
}

#[test]
fn what_the_queue_has_no_room_for_is_not_recorded() {
    let mut page = Page::new("{}");
    page.plugin = Tracking::Refused;
    page.integrate(true);
    page.leave_room(200);
    assert_eq!(meets(&mut page, "u", "f", "on").len(), 1);
    assert_eq!((page.shared(QUEUE).len(), page.session(SENT)), (0, None));
    assert_eq!(meets(&mut page, "u", "f", "on"), [""; 0], "it waits on the page");
    page.leave_room(None);
    let mut next = page.reload();
    next.integrate(true);
    assert_eq!(meets(&mut next, "u", "f", "on").len(), 1, "the page is gone, and the exposure with it");
}

#[test]
fn what_the_queue_has_no_room_for_is_recorded_once_the_plugin_took_it() {
    let mut page = Page::new("{}");
    page.plugin = Tracking::Refused;
    page.integrate(true);
    page.leave_room(0);
    meets(&mut page, "u", "f", "on");
    page.plugin = Tracking::Taken;
    page.pass(1_000);
    assert_eq!(page.session(SENT).unwrap(), r#"{"f":"on"}"#);
    assert_eq!(meets(&mut page, "u", "f", "on"), [""; 0]);
}

#[test]
fn what_is_taken_late_leaves_another_users_history_alone() {
    let mut page = Page::new("{}");
    page.plugin = Tracking::Refused;
    page.integrate(true);
    page.leave_room(0);
    meets(&mut page, "anna", "f", "on");
    page.leave_room(None);
    meets(&mut page, "bob", "g", "on");
    page.plugin = Tracking::Taken;
    page.pass(1_000);
    assert_eq!(page.session(SENT).unwrap(), r#"{"g":"on"}"#);
    assert_eq!(meets(&mut page, "bob", "g", "on"), [""; 0]);
}

#[test]
fn what_the_queue_has_no_room_for_survives_a_trap() {
    let mut page = Page::new("{}");
    page.plugin = Tracking::Refused;
    page.integrate(true);
    page.leave_room(0);
    let tracked = meets(&mut page, "u", "f", "on");
    let mut after = page.trap();
    after.integrate(true);
    assert_eq!(after.tracked(), tracked);
    assert_eq!(meets(&mut after, "u", "f", "on"), [""; 0]);
}

#[test]
fn what_waited_for_consent_is_offered_to_a_plugin_once() {
    let mut page = Page::new(r#"{"awaitsConsent":true}"#);
    // Nothing is stored before the visitor has said yes.
    page.leave_room(0);
    page.integrate(true);
    meets(&mut page, "u", "f", "on");
    page.leave_room(None);
    let mut granted = page.granted();
    granted.integrate(true);
    assert_eq!(granted.tracked().len(), 1);
    assert_eq!(meets(&mut granted, "u", "f", "on"), [""; 0]);
    assert_eq!(granted.session(SENT).unwrap(), r#"{"f":"on"}"#);
}

#[test]
fn of_more_than_512_that_wait_for_a_plugin_the_oldest_goes_also_where_it_was_refused_before() {
    let mut page = with_many(DedupScope::None, 520);
    page.plugin = Tracking::Refused;
    page.integrate(true);
    for flag in 0..520 {
        page.variant(&flag.to_string());
    }
    assert_eq!(dropped(&page), [DropReason::QueueFull; 8]);
    page.plugin = Tracking::Taken;
    page.tracked();
    page.pass(1_000);
    let flags: Vec<Value> =
        page.exposures().iter().map(|exposure| object(exposure).get("flag_key").unwrap().clone()).collect();
    let newest: Vec<Value> = (8..520).map(|flag: u64| flag.to_string().as_str().into()).collect();
    assert_eq!(flags, newest);
}

#[test]
fn an_exposure_on_offer_to_a_plugin_is_not_dropped_for_room() {
    let mut page = with_many(DedupScope::None, 513);
    page.plugin = Tracking::Pending;
    page.integrate(true);
    for flag in 0..513 {
        page.variant(&flag.to_string());
    }
    assert_eq!(dropped(&page), [DropReason::QueueFull]);
    let waiting = page.shared(QUEUE);
    let waits = |flag: &str| waiting.iter().any(|event| event.contains(&format!(r#""flag_key":"{flag}""#)));
    assert_eq!((waits("0"), waits("1"), waits("2")), (true, false, true));
}

#[test]
fn what_waits_for_a_provider_takes_no_room_from_what_waits_for_a_plugin() {
    let mut page = with_many(DedupScope::Page, 300);
    page.provider = Tracking::Pending;
    page.plugin = Tracking::Refused;
    page.integrate(true);
    for flag in 0..300 {
        page.variant(&flag.to_string());
    }
    assert_eq!(dropped(&page), []);
    assert_eq!(page.shared(QUEUE).len(), 300);
}

#[test]
fn a_boolean_or_number_is_handed_over_as_it_is_and_counts_and_is_sent_as_its_text() {
    let variants = r#"{"f":{"value":true},"g":{"value":3},"no":{"value":false},"zero":{"value":0},"key":{"key":1.5,"value":true},"run":{"key":"on","expKey":7}}"#;
    let options = format!(r#"{{"source":"initialVariants","initialVariants":{variants}}}"#);
    let exposures = |page: &mut Page| {
        page.set_user(r#"{"user_id":"u"}"#);
        for flag in ["f", "g", "no", "zero", "key", "run", "f"] {
            page.variant(flag);
        }
        page.exposures()
    };
    let mut page = Page::with_scope(&options, DedupScope::Page);
    let expected = [
        r#"{"flag_key":"f","variant":true}"#,
        r#"{"flag_key":"g","variant":3}"#,
        r#"{"flag_key":"no"}"#,
        r#"{"flag_key":"zero"}"#,
        r#"{"flag_key":"key","variant":1.5}"#,
        r#"{"flag_key":"run","variant":"on","experiment_key":7,"metadata":{"experimentKey":7}}"#,
    ];
    assert_eq!(exposures(&mut page), expected);
    assert_eq!(exposures(&mut page.reload()), expected);
    let mut page = Page::with_scope(&options, DedupScope::Day);
    page.set_user(r#"{"user_id":"u"}"#);
    page.variant("f");
    assert_eq!(page.tracked(), [id(&page, "u", "true", 0)]);
    let texts = [
        r#"{"flag_key":"g","variant":"3"}"#,
        r#"{"flag_key":"no"}"#,
        r#"{"flag_key":"zero"}"#,
        r#"{"flag_key":"key","variant":"1.5"}"#,
        r#"{"flag_key":"run","variant":"on","experiment_key":"7","metadata":{"experimentKey":7}}"#,
    ];
    assert_eq!(exposures(&mut page), texts, "our own provider sends texts");
    assert_eq!(exposures(&mut page.reload()), [""; 0]);
}

#[test]
fn a_plugin_is_handed_a_boolean_also_after_it_waited_over_a_page() {
    let options = r#"{"source":"initialVariants","initialVariants":{"f":{"value":true}}}"#;
    let mut page = Page::new(options);
    page.plugin = Tracking::Refused;
    page.integrate(true);
    page.set_user(r#"{"user_id":"u"}"#);
    page.variant("f");
    assert_eq!(page.session(SENT).unwrap(), r#"{"f":true}"#, "as the reference records it");
    let mut next = page.reload();
    next.integrate(true);
    assert_eq!(next.exposures(), [r#"{"flag_key":"f","variant":true}"#]);
}
