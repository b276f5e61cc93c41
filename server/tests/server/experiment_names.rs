//! The names of experiment properties: those of flags come first, and an admin frees those that nobody needs.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Value, json};

use crate::database::Database;
use crate::exposition::Exposition;
use crate::property_states::SHOP_FLAGS;
use crate::test_server::{ADMIN, TestServer, poll_until};

/// What there is room for beside the flags of the project.
const ROOM_OF_OTHERS: usize = 1_500 - SHOP_FLAGS.len();

const FREED: &str = "[Experiment] freed";
const FREED_TOO: &str = "[Experiment] freed, too/é";

const LEFT: &str = "SELECT count(*) FROM freed_property";

fn exposed(user_id: &str, flag: &str, variant: &Value) -> Value {
    json!({
        "user_id": user_id, "event_type": "$exposure", "event_properties": { "flag_key": flag, "variant": variant },
    })
}

/// Sends events, and returns the reasons in their verdicts.
#[track_caller]
fn send(server: &TestServer, events: &[Value]) -> Vec<Option<String>> {
    let all = events.chunks(2_000).flat_map(|events| {
        let body = json!({ "api_key": "shop-api-key", "events": events });
        let answer = server.request("POST", "/batch").body(body.to_string()).send().expect(200);
        answer["verdicts"].as_array().unwrap().clone()
    });
    let reason = |verdict: Value| {
        assert_eq!(verdict["verdict"], "stored");
        verdict["reason"].as_str().map(str::to_owned)
    };
    all.map(reason).collect()
}

/// Exposures of flags that the project does not have.
fn forged(numbers: Range<usize>) -> Vec<Value> {
    numbers.map(|n| exposed(&format!("user-{}", n / 20), &format!("forged-{n}"), &json!("on"))).collect()
}

fn names(server: &TestServer) -> Value {
    server.read("/api/experiment-properties").expect(200)
}

fn escaped(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[track_caller]
fn free(server: &TestServer, name: &str) {
    let path = format!("/api/experiment-properties/{}", escaped(name));
    assert_eq!(server.request("DELETE", &path).header("authorization", ADMIN).send().expect(200), json!({}));
}

#[track_caller]
fn put_flag(server: &TestServer, key: &str) {
    let flag = json!({ "variants": {}, "segments": [] }).to_string();
    let put = server.request("PUT", &format!("/api/flags/{key}")).header("authorization", ADMIN).body(flag);
    put.send().expect(200);
}

#[track_caller]
fn is_full(server: &TestServer) {
    let over = Some("experiment_property_limit".to_owned());
    assert_eq!(send(server, &[exposed("mallory", "one-more", &json!("on"))]), [over]);
    assert_eq!(server.properties("user_id=mallory").get("[Experiment] one-more"), None);
}

#[test]
fn property_limit_forged_names_keep_no_flag_of_the_project_out() {
    let server = TestServer::start();
    assert!(send(&server, &forged(0..ROOM_OF_OTHERS)).iter().all(Option::is_none));
    is_full(&server);
    for flag in SHOP_FLAGS {
        assert_eq!(send(&server, &[exposed("alice", flag, &json!("on"))]), [None]);
    }
    assert_eq!(server.properties("user_id=alice").as_object().unwrap().len(), SHOP_FLAGS.len());
    let listed = names(&server);
    assert_eq!((&listed["count"], &listed["limit"], &listed["freeing"]), (&json!(1_500), &json!(1_500), &json!(0)));
    let all = listed["names"].as_array().unwrap();
    let of_flags: Vec<_> = all.iter().filter(|one| one["is_flag"] == true).map(|one| &one["name"]).collect();
    let mut expected = SHOP_FLAGS.map(|flag| format!("[Experiment] {flag}"));
    expected.sort();
    assert_eq!((all.len(), json!(of_flags)), (1_500, json!(expected)));
    // A flag that is made now is set too, and there is no more room for others. One batch knows both.
    put_flag(&server, "late");
    let late = [exposed("alice", "late", &json!("on")), exposed("alice", "no-flag", &json!("on"))];
    assert_eq!(send(&server, &late), [None, Some("experiment_property_limit".to_owned())]);
    assert_eq!(server.properties("user_id=alice")["[Experiment] late"], "on");
    let listed = names(&server);
    assert_eq!((&listed["count"], listed["names"].as_array().unwrap().len()), (&json!(1_501), 1_500));
}

#[test]
fn a_name_that_is_freed_is_free_at_once_and_removed_from_users() {
    let server = TestServer::start();
    send(&server, &[exposed("alice", "freed", &json!("on")), exposed("alice", "button", &json!("on"))]);
    assert!(send(&server, &forged(1..ROOM_OF_OTHERS)).iter().all(Option::is_none));
    is_full(&server);
    free(&server, FREED);
    assert_eq!(send(&server, &[exposed("robin", "other", &json!("on"))]), [None]);
    is_full(&server);
    let left = json!({ "[Experiment] button": "on" });
    poll_until(|| (server.properties("user_id=alice") == left).then_some(()));
    poll_until(|| (names(&server)["freeing"] == 0).then_some(()));
    assert!(!names(&server)["names"].to_string().contains(FREED));
    // What was stored keeps it, later events do not show it, and without room it is not set again.
    assert_eq!(send(&server, &[json!({ "user_id": "alice", "event_type": "Buy" })]), [None]);
    let again = send(&server, &[exposed("alice", "freed", &json!("again"))]);
    assert_eq!(again, [Some("experiment_property_limit".to_owned())]);
    let shown: Vec<_> =
        server.events("user_id=alice").iter().map(|event| event["user_properties"][FREED].clone()).collect();
    assert_eq!(shown, [json!("on"), json!("on"), json!(null), json!(null)]);
    assert_eq!(server.properties("user_id=alice"), left);
    // Where the name is taken again, it is.
    free(&server, "[Experiment] other");
    assert_eq!(send(&server, &[exposed("alice", "freed", &json!("again"))]), [None]);
    assert_eq!(server.properties("user_id=alice")[FREED], "again");
    poll_until(|| (server.properties("user_id=robin") == json!({})).then_some(()));
    assert_eq!(server.properties("user_id=alice")[FREED], "again");
}

#[test]
fn only_a_name_of_the_project_is_freed() {
    let server = TestServer::start();
    send(&server, &[exposed("alice", "freed", &json!("on"))]);
    let ask = |name: &str, key: &str| {
        let path = format!("/api/experiment-properties/{name}");
        server.request("DELETE", &path).header("authorization", key).send()
    };
    ask(&escaped(FREED), "Bearer older-admin-key").refused(404);
    for name in ["freed", "button", "%5BExperiment%5D%20button", "%00", "%ff", "'%20OR%201=1%20--"] {
        ask(name, ADMIN).refused(404);
    }
    assert_eq!(names(&server)["names"], json!([{ "name": FREED, "is_flag": false }]));
    free(&server, FREED);
    ask(&escaped(FREED), ADMIN).refused(404);
    assert_eq!(names(&server)["count"], 0);
}

#[test]
fn a_warning_comes_before_the_limit_and_metrics_have_what_is_left() {
    let (server, metrics) = TestServer::with_metrics(Database::new(), &[]);
    let left = |left: usize| {
        let series = r#"experiment_property_names_left{project="shop"}"#;
        poll_until(|| (Exposition::of(metrics).value(series) == left as f64).then_some(()));
    };
    left(ROOM_OF_OTHERS);
    let near = ROOM_OF_OTHERS * 9 / 10 + 1;
    send(&server, &forged(0..near - 1));
    assert_eq!(server.read("/api/usage").expect(200).get("warnings"), None);
    send(&server, &forged(near - 1..near));
    let warning = json!([{ "reason": "experiment_properties_nearly_full", "field": "experiment_properties" }]);
    assert_eq!(server.read("/api/usage").expect(200)["warnings"], warning);
    left(ROOM_OF_OTHERS - near);
    let taken = r#"experiment_property_names{project="shop"}"#;
    assert_eq!(Exposition::of(metrics).value(taken), near as f64);
}

/// How many users there are, of many kinds: fifteen steps.
const USERS: usize = 3_000;

const OLD: [&str; 2] = [
    "DELETE FROM property_bucket WHERE person IN (SELECT id FROM person WHERE user_id LIKE 'user-%7' AND buckets = 1)",
    r#"UPDATE person SET properties = '{"p":{"[Experiment] freed":{"v":"old","t":5,"p":0,"i":"x"},"plan":{"v":7,"t":5,"p":0,"i":"x"}}}',
       buckets = 0, property_names = 0, property_bytes = 0 WHERE user_id LIKE 'user-%7' AND buckets = 1"#,
];

/// Users who have the properties, had them, have them and much else, have another one, or are known in the form of the
/// first schema.
fn fill(server: &TestServer) {
    let mut events = Vec::new();
    for n in 0..USERS {
        let user = format!("user-{n:04}");
        let on = exposed(&user, "freed", &json!("on"));
        let many: serde_json::Map<_, _> = (0..200).map(|k| (format!("name {k}"), json!("x".repeat(50)))).collect();
        match n % 8 {
            0 => events.push(on),
            1 => events.extend([on, exposed(&user, "freed", &json!(null))]),
            2 => events.push(exposed(&user, "freed, too/é", &json!(n.to_string()))),
            3 if n % 40 == 3 => {
                events.push(json!({ "user_id": user, "event_type": "$identify", "user_properties": many }));
                events.extend([on, exposed(&user, "freed, too/é", &json!("b"))]);
            }
            4 => {
                let mut visitor = on;
                let device = format!("device-{n}");
                visitor["device_id"] = json!(device);
                visitor.as_object_mut().unwrap().remove("user_id");
                let login = json!({ "user_id": user, "device_id": device, "event_type": "Login" });
                events.extend([exposed(&user, "button", &json!("on")), visitor, login]);
            }
            5 => {
                let mut skipped = on;
                skipped["$skip_user_properties_sync"] = json!(true);
                events.extend([skipped, exposed(&user, "button", &json!("on"))]);
            }
            6 => events.extend([on, exposed(&user, "freed", &json!("later")), exposed(&user, "button", &json!("on"))]),
            7 => events.push(json!({ "user_id": user, "event_type": "Visit", "user_properties": { "plan": n } })),
            _ => events.push(json!({ "user_id": user, "event_type": "Buy" })),
        }
    }
    assert!(send(server, &events).iter().all(Option::is_none));
}

/// Some users are as the first schema stored them, which an event of theirs would change.
fn make_old(server: &TestServer) {
    for statement in OLD {
        server.database.run(statement);
    }
}

/// What everybody has, as their next event shows it.
fn everybody(server: &TestServer) -> BTreeMap<String, Value> {
    let visit = |n: usize| json!({ "user_id": format!("user-{n:04}"), "event_type": "Look" });
    send(server, &(0..USERS).map(visit).collect::<Vec<_>>());
    let events = server.events(&format!("event_type=Look&limit={USERS}"));
    let shown = |event: &Value| (event["user_id"].as_str().unwrap().to_owned(), event["user_properties"].clone());
    events.iter().map(shown).collect()
}

/// The same without the names that were freed, and how many have lost one.
fn without_freed(mut all: BTreeMap<String, Value>) -> (BTreeMap<String, Value>, usize) {
    let mut count = 0;
    for properties in all.values_mut() {
        let properties = properties.as_object_mut().unwrap();
        let found = [FREED, FREED_TOO].map(|name| properties.remove(name));
        count += usize::from(found.iter().any(Option::is_some));
    }
    (all, count)
}

#[test]
fn freeing_is_killed_in_the_middle_and_comes_to_its_end() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    fill(&server);
    make_old(&server);
    let (expected, found) = without_freed(everybody(&server));
    assert!(found > USERS / 2, "{found}");
    let before = server.events(&format!("event_type=Look&limit={USERS}"));
    make_old(&server);
    free(&server, FREED);
    free(&server, FREED_TOO);
    let mut kills = 0;
    while server.database.number(LEFT) > 0 {
        let in_the_middle = "SELECT count(*) FROM freed_property WHERE position > 0";
        if kills < 20 && server.database.number(in_the_middle) > 0 {
            server.kill_and_restart();
            kills += 1;
        }
    }
    assert!(kills > 0);
    assert_eq!(server.events(&format!("event_type=Look&limit={USERS}")), before);
    let after = everybody(&server);
    assert_eq!(after.len(), USERS);
    for (user, properties) in after {
        assert_eq!(properties, expected[&user], "{user}");
    }
}

#[test]
fn two_replicas_remove_a_property_once() {
    let first = TestServer::on(Database::lasting(), &[]);
    let second = TestServer::beside(&first);
    let on = |n: usize| exposed(&format!("user-{n:04}"), "freed", &json!("on"));
    send(&first, &(0..2_000).map(on).collect::<Vec<_>>());
    let states = "SELECT count(*) FROM property_state";
    assert_eq!(first.database.number(states), 2_000);
    free(&first, FREED);
    // The other one knows it at once, and takes it again while it is still removed.
    assert_eq!(names(&second)["count"], 0);
    send(&second, &[exposed("newcomer", "freed", &json!("on"))]);
    poll_until(|| (first.database.number(LEFT) == 0).then_some(()));
    assert_eq!(first.database.number(states), 4_001);
    assert_eq!(second.properties("user_id=user-1999"), json!({}));
    assert_eq!(first.properties("user_id=newcomer"), json!({ FREED: "on" }));
}
