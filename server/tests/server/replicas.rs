//! Two servers on one database are one server: whoever of them is asked, things count once and nobody is two people.

use serde_json::{Value, json};

use crate::database::Database;
use crate::running::{Running, until};

fn pair() -> (Running, Running) {
    let first = Running::on(Database::lasting(), &[]);
    let second = Running::beside(&first);
    (first, second)
}

fn exposed(n: usize, variant: &Value) -> Value {
    json!({
        "user_id": "alice", "event_type": "$exposure", "insert_id": n.to_string(), "time": 1_000 + n,
        "event_properties": { "flag_key": "button", "variant": variant },
    })
}

#[test]
fn a_user_whom_both_evaluate_is_assigned_and_exposed_once() {
    let (first, second) = pair();
    let user = json!({ "user_id": "alice", "device_id": "phone" });
    for server in [&first, &second, &first, &second] {
        let asking = server.vardata(&user).header("x-amp-exp-exposure-track", "track");
        let asking = asking.header("x-amp-exp-flag-keys", "WyJidXR0b24iXQ");
        assert_eq!(asking.send().expect(200)["button"]["key"], "treatment");
    }
    // Each tells in its own order: when the next user's assignment is there, all before it are.
    for (server, user_id) in [(&first, "after-first"), (&second, "after-second")] {
        server.vardata(&json!({ "user_id": user_id })).send().expect(200);
        server.assignments(user_id, 1);
    }
    let mut kinds: Vec<_> = first.events("user_id=alice").iter().map(|event| event["event_type"].to_string()).collect();
    kinds.sort();
    assert_eq!(kinds, ["\"[Experiment] Assignment\"", "\"[Experiment] Exposure\""]);
}

#[test]
fn events_that_take_turns_are_of_one_person_with_one_state() {
    let (first, second) = pair();
    let variants = [json!("a"), json!("b"), json!(null), json!("c")];
    for (n, variant) in variants.iter().cycle().take(24).enumerate() {
        let (here, there) = if n % 2 == 0 { (&first, &second) } else { (&second, &first) };
        here.store(json!([exposed(n, variant)]));
        let expected = variant.as_str().map_or(json!({}), |variant| json!({ "[Experiment] button": variant }));
        assert_eq!(there.properties("user_id=alice"), expected);
        assert_eq!(there.ingest(json!([exposed(n, variant)])).expect(200)["verdicts"][0]["verdict"], "duplicate");
    }
    // A visitor of one is the user whom the other knows.
    first.store(json!([{ "device_id": "laptop", "event_type": "Visit", "user_properties": { "from": "ad" } }]));
    second.store(json!([{ "user_id": "alice", "device_id": "laptop", "event_type": "Visit" }]));
    let person = until(|| Some(first.read("/api/users?device_id=laptop"))).expect(200);
    assert_eq!((&person["user_id"], &person["user_properties"]["from"]), (&json!("alice"), &json!("ad")));
    assert_eq!(first.database.number("SELECT count(*) FROM person WHERE merged_into IS NULL"), 1);
}
