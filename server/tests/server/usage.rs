//! Usage: what counts to volume and to tracked users, in which month, and what does not (requirements §28.7, §6).

use serde_json::{Value, json};

use crate::database::Database;
use crate::running::{ADMIN, Running};

/// The month that [`settled`] puts all events into, so that no test depends on today.
const JUNE: &str = "month=2026-06";

fn event(user_id: &str, device_id: &str, event_type: &str) -> Value {
    let id = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    json!({
        "user_id": id(user_id), "device_id": id(device_id), "event_type": event_type,
        "event_properties": { "flag_key": "button", "variant": "on" },
    })
}

/// Lets everything that is stored have been received on 15 June 2026.
fn settled(server: &Running) {
    server.database.run("UPDATE event SET received = 1781524800000");
}

#[track_caller]
fn usage(server: &Running, query: &str) -> (u64, u64) {
    let answer = server.read(&format!("/api/usage?{query}")).expect(200);
    (answer["events"].as_u64().unwrap(), answer["tracked_users"].as_u64().unwrap())
}

#[test]
fn usage_counts_a_custom_event_and_neither_exposures_nor_assignments() {
    let server = Running::on(Database::lasting(), &[]);
    server.vardata(&json!({ "user_id": "only-assigned" })).send().expect(200);
    server.assignments("only-assigned", 1);
    server.store(json!([
        event("only-exposed", "", "$exposure"),
        event("only-exposed", "", "[Experiment] Exposure"),
        event("only-exposed", "", "$impression"),
        event("only-exposed", "", "[Experiment] Assignment"),
        event("only-identified", "", "$identify"),
        event("buyer", "", "$exposure"),
        event("buyer", "", "My exposure"),
        event("buyer", "", "Buy"),
        event("visitor", "", "Visit"),
    ]));
    settled(&server);
    assert_eq!(server.events("").len(), 10);
    assert_eq!(usage(&server, JUNE), (3, 2));
}

#[test]
fn devices_of_one_person_count_once_also_when_they_merge_later() {
    let server = Running::on(Database::lasting(), &[]);
    server.store(json!([event("alice", "phone", "Visit")]));
    server.store(json!([event("", "laptop", "Visit"), event("", "tablet", "Visit"), event("", "stranger", "Visit")]));
    settled(&server);
    assert_eq!(usage(&server, JUNE), (4, 4));
    // An event that does not count itself says whose the devices are.
    server.store(json!([event("alice", "laptop", "$exposure"), event("alice", "tablet", "$exposure")]));
    assert_eq!(usage(&server, JUNE), (4, 2));
    // The first user id on a device takes the visitor over; another user on it is another.
    server.store(json!([event("robin", "stranger", "Visit"), event("casey", "stranger", "Visit")]));
    settled(&server);
    assert_eq!(usage(&server, JUNE), (6, 3));
}

#[test]
fn a_visitor_who_was_only_exposed_adds_nobody_to_the_user_they_become() {
    let server = Running::on(Database::lasting(), &[]);
    server.store(json!([event("", "laptop", "$exposure"), event("alice", "phone", "$exposure")]));
    server.store(json!([event("alice", "laptop", "$exposure")]));
    settled(&server);
    assert_eq!(usage(&server, JUNE), (0, 0));
}

#[test]
fn a_duplicate_counts_once() {
    let server = Running::on(Database::lasting(), &[]);
    let mut bought = event("alice", "", "Buy");
    bought["insert_id"] = json!("1");
    server.store(json!([bought]));
    server.ingest(json!([bought, bought])).expect(200);
    settled(&server);
    assert_eq!(usage(&server, JUNE), (1, 1));
}

#[test]
fn an_event_counts_in_the_month_it_was_received_however_late_it_is() {
    let server = Running::on(Database::lasting(), &[]);
    let at = |user_id: &str, time: u64| {
        let mut event = event(user_id, "", "Buy");
        event["time"] = json!(time);
        event
    };
    // Happened in May 2026, and by a clock that is years ahead.
    server.store(json!([at("late-one", 1_778_000_000_000), at("ahead", 1_900_000_000_000)]));
    settled(&server);
    assert_eq!(
        (usage(&server, "month=2026-05"), usage(&server, JUNE), usage(&server, "month=2030-03")),
        ((0, 0), (2, 2), (0, 0))
    );
    // The last millisecond of June and the first of July.
    server.database.run("UPDATE event SET received = 1782863999999 WHERE user_id = 'late-one'");
    server.database.run("UPDATE event SET received = 1782864000000 WHERE user_id = 'ahead'");
    assert_eq!((usage(&server, JUNE), usage(&server, "month=2026-07")), ((1, 1), (1, 1)));
}

#[test]
fn one_project_is_not_charged_for_another() {
    let server = Running::on(Database::lasting(), &[]);
    server.store(json!([event("alice", "", "Buy")]));
    let body = json!({ "api_key": "older-api-key", "events": [event("alice", "", "Buy"), event("robin", "", "Buy")] });
    server.ask("POST", "/2/httpapi").body(body.to_string()).send().expect(200);
    settled(&server);
    let older = server.ask("GET", "/api/usage?month=2026-06").header("authorization", "Bearer older-admin-key").send();
    assert_eq!(usage(&server, JUNE), (1, 1));
    assert_eq!(
        older.expect(200),
        json!({ "month": "2026-06", "events": 2, "tracked_users": 2, "experiment_properties": 0 })
    );
}

#[test]
fn without_a_month_it_is_the_current_one_and_what_is_no_month_is_refused() {
    let server = Running::start();
    server.store(json!([event("alice", "", "Buy")]));
    let now = server.read("/api/usage").expect(200);
    let named = server.read(&format!("/api/usage?month={}", now["month"].as_str().unwrap())).expect(200);
    assert_eq!((&now["events"], &now["tracked_users"], &named), (&json!(1), &json!(1), &now));
    for month in ["", "2026", "2026-13", "2026-6", "June", "2026-06-01"] {
        server.read(&format!("/api/usage?month={month}")).refused(400);
    }
}

#[test]
fn asking_changes_nothing_and_only_asking_is_possible() {
    let server = Running::start();
    server.store(json!([event("alice", "phone", "Buy"), event("", "laptop", "$exposure")]));
    let all =
        || ["/api/events", "/api/users?user_id=alice", "/api/flags", "/api/usage"].map(|path| server.read(path).body);
    let before = all();
    for _ in 0..3 {
        assert_eq!(all(), before);
    }
    for method in ["POST", "PUT", "DELETE"] {
        server.ask(method, "/api/usage").header("authorization", ADMIN).send().refused(405);
    }
}
