//! PostgreSQL knows nothing of a table that is new, and keeps plans that it made while it was empty: what is looked up by
//! a key is read all the same, and nothing else of the project.
//!
//! It counts what the server's own statements read, so that a new statement is counted too.

use serde_json::{Value, json};

use crate::config_file::ConfigFile;
use crate::database::Database;
use crate::test_server::{ADMIN, EXPOSURE, TestServer, poll_until};

/// People, devices and events of one project that are there already.
const STORED: i64 = 20_000;

/// Rows and index entries that may be read for each person. PostgreSQL's own tables are not counted.
const MOST_READ: i64 = 500;

/// No table is analyzed, so that the planner has nothing but the size of the files.
const NEVER_ANALYZED: &str = "DO $$ DECLARE name regclass; BEGIN \
     FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP \
     EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', name); END LOOP; END $$";

/// Without looking up what they refer to. Everybody has properties in two buckets, and two states: a whole one and a
/// difference to it.
const FILL: [&str; 5] = [
    "SET session_replication_role = replica; INSERT INTO person (id, project, user_id, properties, buckets, \
     property_names, property_bytes, state, state_base, difference_bytes) \
     SELECT 1000 + n, 1, 'stored-' || n, '', 2, 2, 600, 2, 1, 90 FROM generate_series(1, 20000) AS n",
    "INSERT INTO property_bucket (person, bucket, properties) SELECT 1000 + n, bucket, \
     '{\"t\":[[1,0,\"x\"]],\"p\":{\"name ' || bucket || '\":\"ad\"}}' \
     FROM generate_series(1, 20000) AS n, generate_series(0, 1) AS bucket",
    "INSERT INTO property_state (person, number, base, properties) SELECT 1000 + n, number, 1, \
     '{\"s\":{\"name ' || (number - 1) || '\":\"ad\"}}' FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS number",
    "SET session_replication_role = replica; INSERT INTO device (project, device_id, person) \
     SELECT 1, 'stored-' || n, 1000 + n FROM generate_series(1, 20000) AS n",
    "SET session_replication_role = replica; INSERT INTO event (id, project, insert_id, unique_key, person, user_id, \
     device_id, event_type, time, received, flag_key, variant, event_properties, user_properties, state) \
     SELECT 1000 + n, 1, 'stored-' || n, n, 1000 + n, 'stored-' || n, 'stored-' || n, '[Experiment] Exposure', n, n, \
     'button', 'treatment', '{}', '', 2 FROM generate_series(1, 20000) AS n",
];

const READ: &str = "SELECT ((SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables) + \
     (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes))::bigint";

/// Requests of every kind that looks something up by a key, about these people.
fn requests(server: &TestServer, people: &[String]) {
    for (n, person) in people.iter().enumerate() {
        let (time, variant) = (1_000 * n, ["on", "off"][n % 2]);
        server.store(json!([
            { "user_id": person, "device_id": person, "event_type": "Buy", "time": time, "user_properties": { "plan": n } },
            { "user_id": person, "event_type": "Buy", "insert_id": format!("{person}-{n}"), "time": time },
            { "device_id": format!("new-{person}"), "event_type": "Visit", "time": time },
            { "user_id": person, "device_id": format!("new-{person}"), "event_type": "$exposure", "time": time,
              "event_properties": { "flag_key": "button", "variant": variant } },
        ]));
        let user = json!({ "user_id": person, "device_id": person });
        let request = server.vardata(&user).header("x-amp-exp-exposure-track", "track");
        request.send().expect(200);
        let told = |events: &[Value]| events.iter().filter(|event| event["event_type"] == EXPOSURE).count() > 1;
        poll_until(|| Some(server.events(&format!("user_id={person}&limit=10"))).filter(|events| told(events)));
        server.properties(&format!("user_id={person}"));
        server.properties(&format!("device_id={person}"));
    }
    for person in people {
        let path = format!("/api/users?user_id={person}");
        server.request("DELETE", &path).header("authorization", ADMIN).send().expect(200);
    }
}

fn people(first: i64, count: i64) -> Vec<String> {
    (first..first + count).map(|n| format!("stored-{n}")).collect()
}

/// What is read during some requests. PostgreSQL adds up what a connection read when it ends.
fn read_during(server: &mut TestServer, work: impl FnOnce(&TestServer)) -> i64 {
    let before = server.database.number(READ);
    work(server);
    server.terminate();
    wait_for_the_end_of_connections(&server.database);
    server.database.number(READ) - before
}

fn wait_for_the_end_of_connections(database: &Database) {
    let connections =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    poll_until(|| (database.number(connections) == 0).then_some(()));
}

#[test]
fn a_lookup_reads_what_it_looks_up_whatever_postgres_knows_of_the_table() {
    let database = Database::lasting();
    if !database.is_postgres() {
        return;
    }
    let mut server = TestServer::on(database, &[]);
    server.database.run(NEVER_ANALYZED);
    // Every connection has its plans while the tables are empty.
    requests(&server, &people(STORED + 1, 20));
    FILL.iter().for_each(|fill| server.database.run(*fill));
    let read = read_during(&mut server, |server| requests(server, &people(1, 20)));
    println!("plans of empty tables: {} rows for each person", read / 20);
    assert!(read < 20 * MOST_READ, "{read} rows were read for 20 people");
    server.restart();
    let read = read_during(&mut server, |server| requests(server, &people(101, 20)));
    println!("plans of full tables: {} rows for each person", read / 20);
    assert!(read < 20 * MOST_READ, "{read} rows were read for 20 people");
}

#[test]
fn what_expires_is_found_and_deleted_without_reading_what_stays() {
    let database = Database::lasting();
    if !database.is_postgres() {
        return;
    }
    let mut server = TestServer::on(database, &[]);
    server.database.run(NEVER_ANALYZED);
    // One of a thousand is old: who read the project once would have read twice as much as may be.
    let received = "CASE WHEN n % 1000 = 0 THEN n ELSE 4000000000000 END";
    for fill in FILL {
        server.database.run(fill.replace("n, n, 'button'", &format!("n, {received}, 'button'")));
    }
    server.terminate();
    wait_for_the_end_of_connections(&server.database);
    let (file, mut config) = (ConfigFile::of_tests(), ConfigFile::json_of_tests());
    config["projects"][0]["settings"]["retention_days"] = json!(60);
    file.write(&config.to_string());
    let mut server =
        TestServer::on(std::mem::replace(&mut server.database, Database::Memory), &["--config", file.path()]);
    let is_gone =
        |server: &TestServer, person: &str| server.read(&format!("/api/users?user_id={person}")).status == 404;
    let read = read_during(&mut server, |server| {
        for person in people(1, STORED).iter().rev().filter(|person| person.ends_with("000")) {
            poll_until(|| is_gone(server, person).then_some(()));
        }
    });
    println!("{} rows for each event that expired", read / (STORED / 1_000));
    assert!(read < STORED / 1_000 * MOST_READ, "{read} rows were read");
}
