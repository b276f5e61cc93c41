//! Rows of the version before become this version's while the server serves.

use std::process::Stdio;

use experiment_ingestion::unique_key::unique_key;
use experiment_wasm::user::Identity;
use serde_json::json;

use crate::database::Database;
use crate::migrations::{answers_as_before, is_stored_twice, old};
use crate::test_server::{TestServer, poll_until};

const NOT_CONVERTED: &str =
    "SELECT count(*) FROM event WHERE unique_key IS NULL AND id <= (SELECT last FROM conversion)";

/// More events of the version before, of 1,000 users.
fn fill(database: &Database) {
    database.run(if database.is_postgres() {
        "INSERT INTO event (id, project, insert_id, person, user_id, event_type, time, received, event_properties, \
         user_properties) SELECT 1000 + n, 1, 'many-' || n, 1, 'user-' || n % 1000, 'Visit', n, n, '{}', '{}' \
         FROM generate_series(1, 5000) AS n"
    } else {
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
         INSERT INTO event (id, project, insert_id, person, user_id, event_type, time, received, event_properties, \
         user_properties) SELECT 1000 + n, 1, 'many-' || n, 1, 'user-' || n % 1000, 'Visit', n, n, '{}', '{}' FROM n"
    });
}

#[track_caller]
fn is_done(server: &TestServer) {
    poll_until(|| (server.database.number(NOT_CONVERTED) == 0).then_some(()));
    poll_until(|| (server.database.number("SELECT count(*) FROM conversion WHERE position < last") == 0).then_some(()));
}

#[test]
fn events_of_the_version_before_have_their_keys_and_the_log_says_so_twice() {
    let database = old();
    let log = std::env::temp_dir().join(crate::database::name());
    let mut server = TestServer::with_log(database, &[], Stdio::from(std::fs::File::create(&log).unwrap()));
    is_done(&server);
    answers_as_before(&server);
    is_stored_twice(&server);
    let made_by_server = "SELECT count(*) FROM event WHERE made_by_server = 1";
    let assignments = "SELECT count(*) FROM event WHERE event_type = '[Experiment] Assignment'";
    assert_eq!(server.database.number(made_by_server), server.database.number(assignments));
    let identity = Identity { user_id: Some("alice".into()), device_id: Some("laptop".into()) };
    let key = unique_key(&identity, &"Buy".into(), None, false);
    assert_eq!(server.database.number("SELECT unique_key FROM event WHERE insert_id = 'a1'"), key);
    server.terminate();
    let said = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert!(said.contains("rows of an earlier version are converted"), "{said}");
    assert!(said.contains("every row of an earlier version is converted"), "{said}");
}

#[test]
fn a_server_serves_and_two_replicas_take_turns_while_rows_are_converted() {
    let database = old();
    fill(&database);
    let first = TestServer::on(database, &[]);
    let second = TestServer::beside(&first);
    for n in 0..20 {
        let event = json!([{ "user_id": "newcomer", "event_type": "Buy", "insert_id": format!("new-{n}") }]);
        [&first, &second][n % 2].store(event);
    }
    is_done(&first);
    assert_eq!(second.events("user_id=newcomer").len(), 20);
    is_stored_twice(&first);
}

#[test]
fn a_conversion_that_is_killed_again_and_again_comes_to_its_end() {
    let database = old();
    fill(&database);
    let mut server = TestServer::on(database, &[]);
    let mut kills = 0;
    while server.database.number("SELECT count(*) FROM conversion WHERE position < last") > 0 && kills < 20 {
        server.kill_and_restart();
        kills += 1;
    }
    assert!(kills > 0);
    is_done(&server);
    is_stored_twice(&server);
}
