//! What others feel of the attacks that large users make possible: an honest event of another user, a flag that is put
//! and then seen in an evaluation (the kill switch), and `/livez`. None may fail; how long the slowest took is printed, for
//! the machine decides on seconds. A part of `make test-faults`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::background_load::StopOnDrop;
use crate::database::Database;
use crate::process::most_memory;
use crate::test_server::{ADMIN, TestServer, poll_until};

/// Between two looks of one kind.
const REST: Duration = Duration::from_millis(50);

/// How large a user is whom the attacks are about: nearly as large as one may be.
const LARGE_PROPERTIES: usize = 60;
const LARGE_VALUE: usize = 1_000;

fn batch(server: &TestServer, events: &[Value]) -> usize {
    let body = json!({ "api_key": "shop-api-key", "events": events }).to_string();
    let bytes = body.len();
    let answer = server.request("POST", "/batch").body(body).waiting(Duration::from_secs(120)).send().expect(200);
    assert_eq!(answer["events_ingested"], events.len());
    bytes
}

fn properties(count: usize, bytes: usize) -> Map<String, Value> {
    (0..count).map(|number| (format!("name-{number}"), json!(format!("{number:0bytes$}")))).collect()
}

fn set(user: &str, properties: impl Into<Value>) -> Value {
    json!({ "user_id": user, "event_type": "Buy", "user_properties": properties.into() })
}

fn make_users(server: &TestServer, names: &[String], properties: &Map<String, Value>) {
    for names in names.chunks(25) {
        batch(server, &names.iter().map(|name| set(name, properties.clone())).collect::<Vec<_>>());
    }
}

/// Does something again and again; how long it took the longest time.
fn slowest(over: &AtomicBool, mut what: impl FnMut(usize)) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in 0.. {
        let begin = Instant::now();
        what(number);
        slowest = slowest.max(begin.elapsed());
        if over.load(Ordering::Acquire) {
            break;
        }
        sleep(REST);
    }
    slowest
}

fn put_and_see(server: &TestServer, number: usize) {
    let key = format!("v{number}");
    let flag = json!({ "variants": { (&key): { "key": key, "value": key } }, "segments": [{ "variant": key }] });
    server.request("PUT", "/api/flags/kill").header("authorization", ADMIN).body(flag.to_string()).send().expect(200);
    poll_until(|| {
        let shown = server.vardata(&json!({ "user_id": format!("seen-{number}") })).send().expect(200);
        (shown["kill"]["key"] == key.as_str()).then_some(())
    });
}

/// Runs an attack beside honest users, and prints what they felt.
fn beside(server: &TestServer, name: &str, attack: impl FnOnce()) {
    let over = AtomicBool::new(false);
    let begin = Instant::now();
    let felt = scope(|scope| {
        let event = scope.spawn(|| {
            slowest(&over, |number| {
                server.store(json!([{ "user_id": format!("honest-{}", number % 50), "event_type": "Honest" }]));
            })
        });
        let flag = scope.spawn(|| slowest(&over, |number| put_and_see(server, number)));
        let livez = scope.spawn(|| slowest(&over, |_| drop(server.request("GET", "/livez").send().expect(200))));
        {
            let _over = StopOnDrop(&over);
            attack();
        }
        [event, flag, livez].map(|one| one.join().unwrap().as_millis())
    });
    let [event, flag, livez] = felt;
    let (took, memory) = (begin.elapsed().as_millis(), most_memory(server.child.id()) >> 20);
    println!("{name}: {took} ms; at most {event} ms for an event, {flag} for a flag, {livez} for /livez; {memory} MiB");
}

#[test]
fn honest_users_are_served_beside_attacks_with_large_users() {
    if std::env::var_os("EXPERIMENT_FAULTS").is_none() {
        return;
    }
    let server = TestServer::on(Database::lasting(), &[]);
    let users: Vec<_> = (0..500).map(|user| format!("user-{user}")).collect();
    make_users(&server, &users, &properties(200, 20));
    beside(&server, "100,000 events of users with 200 properties", || {
        for round in 0..50 {
            let change = |user: &String, number: usize| set(user, json!({ (format!("name-{}", number % 200)): round }));
            let one = |number: usize| match number % 10 {
                0 => change(&users[(number * 7 + round) % 500], number),
                _ => json!({ "user_id": users[number % 500], "event_type": "Buy" }),
            };
            batch(&server, &(0..2_000).map(one).collect::<Vec<_>>());
        }
    });
    let large: Vec<_> = (0..600).map(|user| format!("large-{user}")).collect();
    make_users(&server, &large, &properties(LARGE_PROPERTIES, LARGE_VALUE));
    beside(&server, "batches of 40 KB that change a property of 600 large users", || {
        for round in 0..10 {
            let one = |user: &String| set(user, json!({ (format!("name-{round}")): round }));
            let bytes = batch(&server, &large.iter().map(one).collect::<Vec<_>>());
            assert!(bytes < 60_000, "{bytes}");
        }
    });
    beside(&server, "requests of 2 KB that clear 26 large users", || {
        for users in large.chunks(26) {
            let bytes =
                batch(&server, &users.iter().map(|user| set(user, json!({ "$clearAll": "-" }))).collect::<Vec<_>>());
            assert!(bytes < 2_600, "{bytes}");
        }
    });
}
