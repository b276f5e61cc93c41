//! Who is who: visitors, users and devices, as the reading API shows them.

use serde_json::{Value, json};

use crate::running::Running;

fn set(user_id: Value, device_id: Value, properties: Value) -> Value {
    json!([{ "user_id": user_id, "device_id": device_id, "event_type": "$identify", "user_properties": { "$set": properties } }])
}

#[test]
fn a_visitor_becomes_the_user_who_logs_in_first_on_the_device() {
    let server = Running::start();
    server.store(set(json!(null), json!("laptop"), json!({ "from": "ad" })));
    server.store(set(json!("alice"), json!("laptop"), json!({ "plan": "pro" })));
    let person = server.read("/api/users?user_id=alice").expect(200);
    let expected =
        json!({ "user_id": "alice", "device_ids": ["laptop"], "user_properties": { "from": "ad", "plan": "pro" } });
    assert_eq!(person, expected);
    assert_eq!(server.read("/api/users?device_id=laptop").expect(200), expected);
}

#[test]
fn a_visitor_merges_into_a_user_who_is_known_already() {
    let server = Running::start();
    server.store(set(json!("alice"), json!("phone"), json!({ "plan": "pro" })));
    server.store(set(json!(null), json!("laptop"), json!({ "from": "ad" })));
    server.store(set(json!("alice"), json!("laptop"), json!({})));
    let person = server.read("/api/users?device_id=laptop").expect(200);
    assert_eq!(person["device_ids"], json!(["laptop", "phone"]));
    assert_eq!(person["user_properties"], json!({ "from": "ad", "plan": "pro" }));
}

#[test]
fn users_of_one_device_stay_apart_and_what_follows_is_the_last_ones() {
    let server = Running::start();
    server.store(set(json!("alice"), json!("telly"), json!({ "who": "alice" })));
    server.store(set(json!("robin"), json!("telly"), json!({ "who": "robin" })));
    server.store(set(json!(null), json!("telly"), json!({ "seen": true })));
    assert_eq!(server.properties("user_id=alice"), json!({ "who": "alice" }));
    assert_eq!(server.properties("user_id=robin"), json!({ "who": "robin", "seen": true }));
}

#[test]
fn ids_are_compared_by_case_and_one_is_not_the_other_kind() {
    let server = Running::start();
    server.store(set(json!("Alice"), json!(null), json!({ "who": 1 })));
    server.store(set(json!("alice"), json!(null), json!({ "who": 2 })));
    server.store(set(json!(null), json!("alice"), json!({ "who": 3 })));
    assert_eq!(server.properties("user_id=Alice"), json!({ "who": 1 }));
    assert_eq!(server.properties("user_id=alice"), json!({ "who": 2 }));
    assert_eq!(server.properties("device_id=alice"), json!({ "who": 3 }));
}
