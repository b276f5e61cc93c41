//! Timelines of whose a stored text is: where storage has no room for all of it, and where nobody in particular comes between
//! two people.

use experiment_wasm::client::Change;
use experiment_wasm::exposure::Tracking;

use crate::page::{Page, VARIANTS};

const ANNA: &str = r#"{"user_id":"anna"}"#;
const BOB: &str = r#"{"user_id":"bob"}"#;
const NOBODY: &str = "{}";

/// Somebody fetches, and is assigned these.
fn fetches(page: &mut Page, user: &str, answer: &str) {
    page.fetch(user);
    page.answer_last(answer);
}

/// Somebody is assigned a variant of a flag and meets it. How many exposures were handed over.
fn meets(page: &mut Page, user: &str, flag: &str) -> usize {
    fetches(page, user, &format!(r#"{{"{flag}":{{"key":"on"}}}}"#));
    page.variant(flag);
    page.tracked().len()
}

fn assert_known_here_and_not_served_to_bob_on_the_next_page(page: &mut Page) {
    assert_eq!(page.variant("a").1, "storage", "on the page they are known");
    assert_eq!(page.trap().variant("a").1, "storage", "also after a trap");
    let mut next = page.reload();
    next.set_user(BOB);
    assert_eq!(next.variant("a").1, "none");
}

#[test]
fn where_the_next_persons_variants_have_no_room_those_of_the_last_are_not_served_to_them() {
    let mut page = Page::new("{}");
    fetches(&mut page, ANNA, r#"{"a":{"key":"annas"}}"#);
    page.leave_room(10);
    fetches(&mut page, BOB, &format!(r#"{{"a":{{"key":"{}"}}}}"#, "bobs".repeat(20)));
    assert_known_here_and_not_served_to_bob_on_the_next_page(&mut page);
}

#[test]
fn where_it_has_no_room_for_whose_they_are_nobody_is_served_them() {
    let mut page = Page::new("{}");
    page.stored(VARIANTS, r#"{"checkout":{"key":"treatment","value":"treatment"}}"#);
    page.leave_room(50);
    let mut page = page.reload();
    fetches(&mut page, ANNA, r#"{"a":{"key":"annas"}}"#);
    assert_known_here_and_not_served_to_bob_on_the_next_page(&mut page);
}

#[test]
fn what_nobody_in_particular_fetched_of_some_flags_leaves_the_others_to_whom_they_belong() {
    let mut page = Page::new("{}");
    fetches(&mut page, ANNA, r#"{"a":{"key":"annas"},"b":{"key":"annas"}}"#);
    let mut page = page.reload();
    page.fetch_keys(&["a"]);
    page.answer_last(r#"{"a":{"key":"anybodys"}}"#);
    page.set_user(BOB);
    assert_eq!(page.variant("b").1, "none");
    page.set_user(ANNA);
    assert_eq!(page.variant("b").0, "annas");
}

#[test]
fn who_logs_out_to_nobody_leaves_no_variants_to_them() {
    let mut page = Page::new("{}");
    fetches(&mut page, ANNA, r#"{"a":{"key":"annas"},"b":{"key":"annas"}}"#);
    page.set_user(NOBODY);
    assert_eq!(page.variant("a").1, "none");
    page.set_user(ANNA);
    assert_eq!(page.variant("a").0, "annas", "they come back");
    page.set_user(NOBODY);
    page.fetch_keys(&["a"]);
    page.answer_last(r#"{"a":{"key":"nobodys"}}"#);
    assert_eq!(["a", "b"].map(|flag| page.variant(flag).0), ["nobodys", ""]);
}

#[test]
fn what_a_plugin_was_told_of_somebody_is_told_of_the_next_one_also_where_nobody_came_between() {
    let mut page = Page::new("{}");
    page.integrate(true);
    assert_eq!(meets(&mut page, ANNA, "f"), 1);
    assert_eq!(meets(&mut page, NOBODY, "g"), 1);
    assert_eq!(meets(&mut page, BOB, "f"), 1);
}

#[test]
fn a_queue_of_an_instance_whose_name_begins_alike_takes_no_room() {
    let mut page = Page::new(r#"{"instanceName":"a"}"#);
    let mut other = page.named(r#"{"instanceName":"a_b"}"#);
    for (page, flags) in [(&mut page, 1), (&mut other, 511)] {
        page.plugin = Tracking::Refused;
        page.integrate(true);
        for flag in 0..flags {
            assert_eq!(meets(page, ANNA, &flag.to_string()), 1, "the first one is offered again");
        }
    }
    let mut next = page.reload();
    next.plugin = Tracking::Refused;
    next.integrate(true);
    meets(&mut next, ANNA, "more");
    assert!(!next.notified().iter().any(|change| matches!(change, Change::Dropped(_))));
    assert_eq!(next.shared("EXP_queue_v1_a_").len(), 513);
}
