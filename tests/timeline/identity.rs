//! Timelines of identities and what is stored for them: where storage has no room, and where an anonymous user comes between
//! two known ones.

use experiment_wasm::client::Change;
use experiment_wasm::exposure::Tracking;

use crate::page::{Page, VARIANTS};

const ANNA: &str = r#"{"user_id":"anna"}"#;
const BOB: &str = r#"{"user_id":"bob"}"#;
const ANONYMOUS: &str = "{}";

/// A user fetches, and is assigned these variants.
fn fetches(page: &mut Page, user: &str, answer: &str) {
    page.fetch(user);
    page.answer_last(answer);
}

/// A user is assigned a variant of a flag and meets it. Returns how many exposures were tracked.
fn meets(page: &mut Page, user: &str, flag: &str) -> usize {
    fetches(page, user, &format!(r#"{{"{flag}":{{"key":"on"}}}}"#));
    page.variant(flag);
    page.tracked().len()
}

fn assert_served_here_and_not_to_bob_on_the_next_page(page: &mut Page) {
    assert_eq!(page.variant("a").1, "storage", "on the page they are known");
    assert_eq!(page.trap().variant("a").1, "storage", "also after a trap");
    let mut next = page.reload();
    next.set_user(BOB);
    assert_eq!(next.variant("a").1, "none");
}

#[test]
fn where_the_next_users_variants_have_no_room_those_of_the_last_are_not_served_to_them() {
    let mut page = Page::new("{}");
    fetches(&mut page, ANNA, r#"{"a":{"key":"annas"}}"#);
    page.leave_room(10);
    fetches(&mut page, BOB, &format!(r#"{{"a":{{"key":"{}"}}}}"#, "bobs".repeat(20)));
    assert_served_here_and_not_to_bob_on_the_next_page(&mut page);
}

#[test]
fn where_storage_has_no_room_for_the_mark_the_variants_are_not_served() {
    let mut page = Page::new("{}");
    page.stored(VARIANTS, r#"{"checkout":{"key":"treatment","value":"treatment"}}"#);
    page.leave_room(50);
    let mut page = page.reload();
    fetches(&mut page, ANNA, r#"{"a":{"key":"annas"}}"#);
    assert_served_here_and_not_to_bob_on_the_next_page(&mut page);
}

#[test]
fn a_fetch_without_ids_of_some_flags_leaves_the_others_to_their_owner() {
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
fn after_a_log_out_without_a_new_identity_no_variants_are_served() {
    let mut page = Page::new("{}");
    fetches(&mut page, ANNA, r#"{"a":{"key":"annas"},"b":{"key":"annas"}}"#);
    page.set_user(ANONYMOUS);
    assert_eq!(page.variant("a").1, "none");
    page.set_user(ANNA);
    assert_eq!(page.variant("a").0, "annas", "they come back");
    page.set_user(ANONYMOUS);
    page.fetch_keys(&["a"]);
    page.answer_last(r#"{"a":{"key":"nobodys"}}"#);
    assert_eq!(["a", "b"].map(|flag| page.variant(flag).0), ["nobodys", ""]);
}

#[test]
fn a_plugin_gets_the_exposures_of_the_next_user_also_after_an_anonymous_one() {
    let mut page = Page::new("{}");
    page.integrate(true);
    assert_eq!(meets(&mut page, ANNA, "f"), 1);
    assert_eq!(meets(&mut page, ANONYMOUS, "g"), 1);
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
