//! Deleting a person: everything that belongs to them is gone, the record says who asked, and what comes after is a new
//! person's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

use serde_json::{Value, json};

use crate::client::TestResponse;
use crate::database::Database;
use crate::test_server::{ADMIN, TestServer, poll_until};

/// Stands in everything that is about the person who is deleted.
const MARK: &str = "zq7x";

fn delete(server: &TestServer, query: &str) -> TestResponse {
    server.request("DELETE", &format!("/api/users?{query}")).header("authorization", ADMIN).send()
}

fn records(server: &TestServer) -> Vec<Value> {
    server.read("/api/deletions").expect(200)["deletions"].as_array().unwrap().clone()
}

fn usage(server: &TestServer) -> (u64, u64) {
    let usage = server.read("/api/usage").expect(200);
    (usage["events"].as_u64().unwrap(), usage["tracked_users"].as_u64().unwrap())
}

/// A visitor on two devices who logs in, with properties and an exposure.
fn life_of_marked(server: &TestServer) {
    for (user_id, device_id, event_type) in [
        (Value::Null, "zq7x-phone", "Visit"),
        (Value::Null, "zq7x-laptop", "Visit"),
        (json!("zq7x-user"), "zq7x-phone", "Buy"),
        (json!("zq7x-user"), "zq7x-laptop", "$exposure"),
    ] {
        server.store(json!([{
            "user_id": user_id, "device_id": device_id, "event_type": event_type,
            "event_properties": { "flag_key": "button", "variant": "zq7x-variant" },
            "user_properties": { "$set": { "plan": "zq7x-gold" }, "$setOnce": { "first": device_id } },
        }]));
    }
}

#[test]
fn deletion_everything_of_a_person_goes_and_nothing_of_others() {
    let server = TestServer::on(Database::lasting(), &[]);
    let other =
        json!({ "user_id": "robin", "device_id": "tablet", "event_type": "Buy", "user_properties": { "a": 1 } });
    server.store(json!([other]));
    let before = server.database.rows();
    life_of_marked(&server);
    let record = delete(&server, "user_id=zq7x-user&requested_by=ticket%2017").expect(200);
    assert_eq!((&record["events"], &record["requested_by"]), (&json!(4), &json!("ticket 17")));
    assert!(record["finished"].as_u64() >= record["requested"].as_u64());
    assert_eq!(records(&server), [record]);
    server.read("/api/users?user_id=zq7x-user").refused(404);
    server.read("/api/users?device_id=zq7x-phone").refused(404);
    assert_eq!(server.events("").len(), 1);
    assert_eq!(server.properties("user_id=robin"), json!({ "a": 1 }));
    let after = server.database.rows();
    assert!(!format!("{after:?}").contains(MARK));
    for (table, rows) in after {
        let is_about_deletion =
            ["deletion", "kept_usage", "highest_id", "experiment_property"].contains(&table.as_str());
        assert!(is_about_deletion || before[&table] == rows, "{table}: {rows:?}");
    }
}

#[test]
fn nothing_of_a_person_stays_in_the_file() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    let Database::File(directory) = &server.database else { return };
    let directory = directory.clone();
    life_of_marked(&server);
    let contains = || {
        let files = std::fs::read_dir(&directory).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.fold(false, |found, bytes| found | bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()))
    };
    assert!(contains());
    delete(&server, "user_id=zq7x-user").expect(200);
    assert!(!contains());
    server.terminate();
    assert!(!contains());
}

#[test]
fn what_comes_after_is_a_new_person() {
    let server = TestServer::start();
    life_of_marked(&server);
    delete(&server, "device_id=zq7x-laptop").expect(200);
    let event = |insert_id: &str, device_id: &str| {
        json!([{
            "user_id": "zq7x-user", "device_id": device_id, "event_type": "Buy", "insert_id": insert_id,
            "user_properties": { "$setOnce": { "first": "new" } },
        }])
    };
    server.store(event("1", "zq7x-phone"));
    assert_eq!(server.properties("user_id=zq7x-user"), json!({ "first": "new" }));
    assert_eq!(server.properties("device_id=zq7x-phone"), json!({ "first": "new" }));
    server.read("/api/users?device_id=zq7x-laptop").refused(404);
    delete(&server, "user_id=zq7x-user").expect(200);
    // What was stored and deleted is not known to have been stored.
    server.store(event("1", "zq7x-phone"));
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn only_the_deletion_of_a_person_of_the_project_by_its_admin_is_made() {
    let server = TestServer::start();
    life_of_marked(&server);
    let other = |method: &str, path: &str| {
        server.request(method, path).header("authorization", "Bearer older-admin-key").send()
    };
    other("DELETE", "/api/users?user_id=zq7x-user").refused(404);
    server.request("DELETE", "/api/users?user_id=zq7x-user").send().refused(401);
    for (query, status) in [
        ("user_id=nobody", 404),
        ("device_id=%00", 404),
        ("", 400),
        ("user_id=", 400),
        ("requested_by=me", 400),
        ("user=zq7x-user", 400),
        ("user_id=zq7x-user&user_id=nobody", 400),
        ("user_id=zq7x-user&dry_run=true", 400),
    ] {
        delete(&server, query).refused(status);
    }
    delete(&server, &format!("user_id=zq7x-user&requested_by={}", "x".repeat(257))).refused(400);
    assert_eq!((records(&server).len(), server.events("").len()), (0, 4));
    delete(&server, "user_id=zq7x-user").expect(200);
    delete(&server, "user_id=zq7x-user").refused(404);
    assert_eq!(other("GET", "/api/deletions").expect(200), json!({ "deletions": [] }));
}

#[test]
fn records_are_listed_newest_first() {
    let server = TestServer::start();
    for n in 0..3 {
        server.store(json!([{ "user_id": format!("user-{n}"), "event_type": "Buy" }]));
        delete(&server, &format!("user_id=user-{n}")).expect(200);
    }
    let ids = |query: &str| {
        let listed = server.read(&format!("/api/deletions?{query}")).expect(200);
        listed["deletions"].as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(""), ids("limit=2"), ids("cursor=2"), ids("limit=0")),
        (vec![3, 2, 1], vec![3, 2], vec![1], vec![])
    );
    for query in ["limit=x", "cursor=-1", "page=2"] {
        server.read(&format!("/api/deletions?{query}")).refused(400);
    }
    // The key that asked, not in a form that opens anything.
    let key = records(&server)[0]["admin_key"].as_str().unwrap().to_owned();
    assert!(key.len() == 8 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn assignments_that_wait_are_gone_and_answers_are_not_kept() {
    let server = TestServer::start();
    let user = json!({ "user_id": "zq7x-user", "device_id": "zq7x-phone" });
    let cached = |user: &Value| server.vardata(user).send().header("x-cache").unwrap().to_owned();
    let other = json!({ "user_id": "robin" });
    assert_eq!((cached(&user), cached(&other)), ("MISS".into(), "MISS".into()));
    let is_stored = |user_id: &str| !server.events(&format!("user_id={user_id}")).is_empty();
    // The assignment is on its way still, or stored already.
    poll_until(|| {
        let answer = delete(&server, "user_id=zq7x-user");
        (answer.status != 404).then(|| answer.expect(200))
    });
    server.assignments("robin", 1);
    assert!(!is_stored("zq7x-user"));
    assert_eq!((cached(&user), cached(&other)), ("MISS".into(), "HIT".into()));
    server.assignments("zq7x-user", 1);
}

#[test]
fn an_assignment_that_was_answered_is_never_stored_after_the_deletion() {
    let server = TestServer::start();
    let user = json!({ "user_id": "zq7x-user" });
    for round in 0..20 {
        // A key of its own each time, so that it is no answer of the cache.
        let user = json!({ "user_id": "zq7x-user", "version": round.to_string() });
        server.vardata(&user).send().expect(200);
        delete(&server, "user_id=zq7x-user").expect(200);
        assert_eq!(server.events("user_id=zq7x-user"), Vec::<Value>::new());
    }
    server.vardata(&user).send().expect(200);
    server.assignments("zq7x-user", 1);
}

/// Events of one person, in requests of 1,000.
fn store_many(server: &TestServer, count: usize) {
    for request in 0..count / 1_000 {
        let events: Vec<_> = (0..1_000)
            .map(|n| {
                json!({
                    "user_id": "zq7x-user", "event_type": "Buy", "device_id": format!("zq7x-{}", (request * 1_000 + n) % 2_500),
                    "insert_id": format!("{request}-{n}"), "user_properties": { "count": n },
                })
            })
            .collect();
        let body = json!({ "api_key": "shop-api-key", "events": events }).to_string();
        server.request("POST", "/batch").body(body).send().expect(200);
    }
}

#[test]
fn a_person_with_many_events_goes_in_steps_while_the_same_id_is_a_new_person() {
    let server = TestServer::on(Database::lasting(), &[]);
    store_many(&server, 6_000);
    let before = usage(&server);
    let record = delete(&server, "user_id=zq7x-user").expect(202);
    assert!(record["finished"].is_null() && record["events"].as_u64().unwrap() < 6_000, "{record}");
    server.store(
        json!([{ "user_id": "zq7x-user", "device_id": "zq7x-1", "event_type": "Buy", "user_properties": { "a": 1 } }]),
    );
    assert_eq!(server.properties("user_id=zq7x-user"), json!({ "a": 1 }));
    poll_until(|| records(&server)[0]["finished"].is_u64().then_some(()));
    assert_eq!(records(&server)[0]["events"], 6_000);
    let left = server.events("");
    assert_eq!((left.len(), &left[0]["user_properties"]), (1, &json!({ "a": 1 })));
    assert_eq!(server.properties("device_id=zq7x-1"), json!({ "a": 1 }));
    for count in ["SELECT count(*) FROM device", "SELECT count(*) FROM person", "SELECT count(*) FROM property_state"] {
        assert_eq!(server.database.number(count), 1, "{count}");
    }
    // A new person is another tracked user.
    assert_eq!(usage(&server), (before.0 + 1, before.1 + 1));
}

#[test]
fn a_server_that_is_killed_goes_on_and_two_share_the_work() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    store_many(&server, 8_000);
    delete(&server, "user_id=zq7x-user").expect(202);
    server.kill_and_restart();
    let beside = TestServer::beside(&server);
    poll_until(|| records(&beside)[0]["finished"].is_u64().then_some(()));
    assert_eq!(records(&server)[0]["events"], 8_000);
    assert!(!format!("{:?}", server.database.rows()).contains(MARK));
    assert_eq!(usage(&server), (8_000, 1));
}

#[test]
fn a_visitor_and_the_user_they_turned_out_to_be_are_one_tracked_user_still() {
    let server = TestServer::start();
    life_of_marked(&server);
    server
        .store(json!([{ "user_id": "robin", "event_type": "Buy" }, { "user_id": "robin", "event_type": "$identify" }]));
    assert_eq!(usage(&server), (4, 2));
    delete(&server, "user_id=zq7x-user").expect(200);
    assert_eq!(usage(&server), (4, 2));
    delete(&server, "user_id=robin").expect(200);
    assert_eq!(usage(&server), (4, 2));
}

#[test]
fn no_number_is_given_twice() {
    let server = TestServer::on(Database::lasting(), &[]);
    let next = |query: &'static str| server.database.number(query);
    let (mut events, mut people) = (0, 0);
    for _ in 0..3 {
        server.store(json!([{ "user_id": "zq7x-user", "event_type": "Buy" }]));
        let (event, person) = (next("SELECT max(id) FROM event"), next("SELECT max(id) FROM person"));
        assert!(event > events && person > people);
        (events, people) = (event, person);
        delete(&server, "user_id=zq7x-user").expect(200);
    }
}

#[test]
fn who_reads_meanwhile_sees_whole_events_or_none() {
    let server = TestServer::start();
    let over = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            for n in 0..60 {
                let user_id = format!("user-{n}");
                server.store(json!([
                    { "user_id": user_id, "event_type": "Buy", "user_properties": { "a": "1", "b": "2" } },
                    { "user_id": user_id, "event_type": "Buy", "user_properties": { "a": "2" } },
                ]));
                delete(&server, &format!("user_id={user_id}")).expect(200);
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            for event in server.events("") {
                assert_eq!(event["user_properties"]["b"], "2", "{event}");
            }
            for n in 0..60 {
                let person = server.read(&format!("/api/users?user_id=user-{n}"));
                assert!(person.status == 404 || person.json()["user_properties"]["b"] == "2");
            }
        }
    });
}
