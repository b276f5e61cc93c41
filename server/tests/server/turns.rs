//! Whose events are stored next while many wait, and what becomes of a request that is too large for a transaction: that
//! takes a minute without optimization, so it is a part of `make test-faults`.

use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::TestResponse;
use crate::database::Database;
use crate::test_server::TestServer;

/// How long requests have to line up while nothing can be written. One that comes later finds fewer who wait; none fails.
const LINE_UP: Duration = Duration::from_millis(1_200);

/// As many as one answer shows.
const LARGE: usize = 4;
const EVENTS: usize = 2_000;

fn batch(server: &TestServer, events: &[Value]) -> TestResponse {
    let body = json!({ "api_key": "shop-api-key", "events": events });
    server.request("POST", "/batch").body(body.to_string()).send()
}

/// Nobody can write while it is held.
pub fn writers(database: &Database) -> &'static str {
    if database.is_postgres() { "BEGIN; SELECT pg_advisory_xact_lock(4715)" } else { "BEGIN IMMEDIATE" }
}

#[test]
fn a_small_request_is_stored_before_the_large_ones_of_others_that_came_before_it() {
    let server = TestServer::on(Database::lasting(), &[]);
    server.store(json!([{ "user_id": "honest", "event_type": "Start" }]));
    let large = |number: usize| {
        let event = json!({ "user_id": format!("large-{number}"), "event_type": "Large" });
        batch(&server, &vec![event; EVENTS]).expect(200)
    };
    scope(|scope| {
        server.database.held(writers(&server.database), || {
            (0..LARGE).for_each(|number| {
                drop(scope.spawn({
                    let large = &large;
                    move || large(number)
                }))
            });
            sleep(LINE_UP);
            scope.spawn(|| server.store(json!([{ "user_id": "honest", "event_type": "Buy" }])));
            sleep(LINE_UP);
        });
    });
    let stored = server.events("limit=10000");
    assert_eq!(stored.len(), LARGE * EVENTS + 2);
    let before = stored.iter().position(|event| event["event_type"] == "Buy").unwrap();
    println!("{before} events were stored before the small request");
    assert!(before <= 1 + EVENTS, "{before} events were stored before it");
}

/// People whose properties are larger than any may be now: together more than a transaction may load.
const LARGE_PEOPLE: usize = 66;

fn fill_large(database: &Database) {
    let text =
        if database.is_postgres() { "repeat('x', 4194304)" } else { "replace(hex(zeroblob(2097152)), '0', 'x')" };
    for person in 0..LARGE_PEOPLE {
        let id = 1_000 + person;
        database.run(format!(
            "INSERT INTO person (id, project, user_id, properties, buckets, property_names, property_bytes) \
             VALUES ({id}, 1, 'large-{person}', '', 1, 1, 4194400)"
        ));
        database.run(format!(
            "INSERT INTO property_bucket (person, bucket, properties) \
             VALUES ({id}, 0, '{{\"t\":[[1,0,\"a\"]],\"p\":{{\"long\":\"' || {text} || '\"}}}}')"
        ));
    }
}

#[test]
fn a_request_that_loads_more_than_a_transaction_may_is_refused_and_others_of_its_group_are_stored() {
    if std::env::var_os("EXPERIMENT_FAULTS").is_none() {
        return;
    }
    let server = TestServer::on(Database::lasting(), &[]);
    fill_large(&server.database);
    let one = |person: usize| json!({ "user_id": format!("large-{person}"), "event_type": "Large", "user_properties": { "plan": "pro" } });
    let large: Vec<_> = (0..LARGE_PEOPLE).map(one).collect();
    let small = |number: usize| json!([{ "user_id": format!("small-{number}"), "event_type": "Small" }]);
    scope(|scope| {
        server.database.held(writers(&server.database), || {
            scope.spawn(|| server.store(small(0)));
            sleep(LINE_UP);
            scope.spawn(|| batch(&server, &large).refused(413));
            (1..4).for_each(|number| {
                drop(scope.spawn({
                    let (server, small) = (&server, &small);
                    move || server.store(small(number))
                }))
            });
            sleep(LINE_UP);
        });
    });
    assert_eq!(server.events("").len(), 4);
    assert_eq!(server.events("event_type=Large").len(), 0);
    assert_eq!(server.database.number("SELECT count(*) FROM property_state"), 0);
    // Clients divide what is too large.
    let (first, second) = large.split_at(LARGE_PEOPLE / 2);
    for half in [first, second] {
        batch(&server, half).expect(200);
    }
}
