//! `experiment-server copy`: the database that is copied answers as the one that it was copied from, whatever the
//! engines, and goes on from there. What cannot be copied is refused, and nothing is changed.

pub mod answers;

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::database::{Database, postgres};
use crate::migrations::old;
use crate::process::output_of;
use crate::property_states::{Checked, Stream, now};
use crate::starting::{CONFIG, refusal};
use crate::test_server::{ADMIN, ASSIGNMENT, SERVER, TestServer, poll_until};

pub fn command(from: &str, to: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
    command.args(["copy", from, to]);
    command
}

/// What is said of the rows of each table.
#[track_caller]
pub fn copy(from: &Database, to: &Database) -> String {
    let Output { status, stdout, stderr } = output_of(&mut command(&from.url(), &to.url()));
    assert!(status.success() && stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// What is said of a copy that is refused.
#[track_caller]
fn refused(from: &str, to: &str) -> String {
    let Output { status, stderr, .. } = output_of(&mut command(from, to));
    assert_eq!(status.code(), Some(1));
    String::from_utf8(stderr).unwrap()
}

/// All rows that are copied.
pub fn rows(database: &Database) -> BTreeMap<String, Vec<String>> {
    let mut rows = database.rows();
    // When it was migrated.
    rows.remove("_sqlx_migrations");
    rows
}

/// Where the databases of a test are, one after another: each is copied to the next.
fn ways() -> Vec<Vec<Database>> {
    let mut ways = vec![vec![Database::file(), Database::file()]];
    if let [Some(first), Some(second), Some(third), Some(fourth)] = [(); 4].map(|()| postgres()) {
        ways.push(vec![Database::file(), first, second, Database::file()]);
        ways.push(vec![third, Database::file(), fourth]);
    }
    ways
}

/// Copies what a server has from database to database; returns a server on the last.
fn moved(first: &mut TestServer, targets: Vec<Database>) -> TestServer {
    // The newest event is deleted, and its number is not given again.
    first.store(json!([{ "user_id": "deleted", "event_type": "Before" }]));
    first.request("DELETE", "/api/users?user_id=deleted").header("authorization", ADMIN).send().expect(200);
    let before = answers::all(first);
    first.terminate();
    // A name that was freed, and is being removed; it is older than every property.
    first.database.run(
        "INSERT INTO freed_property (project, name, position, last, freed) VALUES (1, '[Experiment] button', 2, 3, 1)",
    );
    let mut from = &first.database;
    for to in &targets {
        let said = copy(from, to);
        let events = from.number("SELECT count(*) FROM event");
        assert!(said.contains(&format!("\nevent: {events} rows\ncopied ")), "{said}");
        from = to;
    }
    let all: Vec<_> =
        std::iter::once(&first.database).chain(&targets).map(|one| (one.is_postgres(), rows(one))).collect();
    for engine in [false, true] {
        let mut same = all.iter().filter(|one| one.0 == engine).map(|one| &one.1);
        let one = same.next();
        assert!(same.all(|other| Some(other) == one));
    }
    let mut last = None;
    for to in targets {
        if let Some(server) = last.take() {
            goes_on(&server);
        }
        let server = TestServer::on(to, &[]);
        let freeing = "SELECT count(*) FROM freed_property";
        poll_until(|| (server.database.number(freeing) == 0).then_some(()));
        answers::are_same(&answers::all(&server), &before, &server.database.url());
        last = Some(server);
    }
    last.unwrap()
}

/// New events have the ids after the old ones, and what was stored before is recognised.
#[track_caller]
fn goes_on(server: &TestServer) {
    let last = server.database.number(
        "SELECT max(id) FROM (SELECT id FROM event UNION ALL SELECT id FROM highest_id WHERE name = 'event') AS given",
    );
    let event = json!([{ "user_id": "newcomer", "event_type": "After", "insert_id": "after" }]);
    server.store(event.clone());
    assert_eq!(server.database.number("SELECT id FROM event WHERE insert_id = 'after'"), last + 1);
    assert_eq!(server.ingest(event).expect(200)["verdicts"][0]["verdict"], "duplicate");
}

#[test]
fn events_people_and_what_they_are_become_later_are_the_same_on_every_way() {
    for (seed, mut way) in (1..).zip(ways()) {
        let targets = way.split_off(1);
        let (mut checked, mut stream) = (Checked::on(way.remove(0)), Stream::new(seed, now()));
        checked.send(stream.beginning());
        checked.send(stream.half());
        checked.server = moved(&mut checked.server, targets);
        checked.check_all();
        // Old events come again, late ones and new ones come, of the same users.
        checked.send(stream.half());
        checked.check_all();
    }
}

/// One of everything that the streams have not.
fn fill(server: &TestServer) {
    let put = |key: &str, flag: Value| {
        let request = server
            .request("PUT", &format!("/api/flags/{}", key.replace("ключ", "%D0%BA%D0%BB%D1%8E%D1%87")))
            .header("authorization", ADMIN);
        assert_eq!(request.body(flag.to_string()).send().status, 200);
    };
    let of = |key: &str| json!({ "key": key, "variants": { "on": { "key": "on" } }, "segments": [{ "variant": "on" }], "deployments": ["client-key"] });
    put("ключ", of("ключ"));
    put("gone", of("gone"));
    let delete = server.request("DELETE", "/api/flags/gone").header("authorization", ADMIN);
    delete.send().expect(200);
    let mut event = json!({
        "user_id": "robin", "device_id": "phone", "event_type": "Buy", "insert_id": "before", "time": 5_000,
        "event_properties": { "nul": "a\u{0}b", "quote": "'\"\\", "text": "ü".repeat(40_000) },
        "groups": { "company": ["Lamps"] }, "session_id": 1_700_000_000_000_u64, "price": 49.9, "revenue": -0.0,
    });
    event["user_properties"] = json!({ "nul": "\u{0}", "long": "x".repeat(5_000) });
    server.store(json!([event]));
    server.store((0..300).map(|n| json!({ "user_id": format!("user-{}", n % 40), "event_type": "Visit", "user_properties": { "n": n } })).collect());
    server.vardata(&json!({ "user_id": "casey" })).header("x-amp-exp-exposure-track", "track").send().expect(200);
    server
        .request("GET", "/sdk/v2/vardata")
        .header("authorization", SERVER)
        .header("x-amp-exp-user", "eyJ1c2VyX2lkIjoicm9iaW4ifQ")
        .send()
        .expect(200);
    let made = server.assignments("casey", 1);
    assert!(made.iter().all(|one| one["made_by_server"] == true && one["event_type"] == ASSIGNMENT));
    server.assignments("robin", 1);
}

#[test]
fn flags_assignments_and_every_field_of_an_event_are_the_same_on_every_way() {
    for mut way in ways() {
        let targets = way.split_off(1);
        let mut first = TestServer::on(way.remove(0), &[]);
        fill(&first);
        let last = moved(&mut first, targets);
        goes_on(&last);
        let again = json!([{ "user_id": "robin", "device_id": "phone", "event_type": "Buy", "insert_id": "before" }]);
        assert_eq!(last.ingest(again).expect(200)["verdicts"][0]["verdict"], "duplicate");
        let assigned = last.database.number("SELECT count(*) FROM event WHERE made_by_server = 1");
        last.vardata(&json!({ "user_id": "casey" })).send().expect(200);
        last.vardata(&json!({ "user_id": "someone else" })).send().expect(200);
        last.assignments("someone%20else", 1);
        assert_eq!(last.database.number("SELECT count(*) FROM event WHERE made_by_server = 1"), assigned + 1);
    }
}

/// A database of this version, without a server.
fn filled(database: Database) -> Database {
    let mut server = TestServer::on(database, &[]);
    server.store(json!([{ "user_id": "alice", "event_type": "Buy", "user_properties": { "plan": "pro" } }]));
    server.terminate();
    std::mem::replace(&mut server.database, Database::Memory)
}

#[test]
fn what_postgres_cannot_hold_is_named_and_nothing_is_copied() {
    let from = filled(Database::file());
    from.run(
        "INSERT INTO flag (project, flag_key, config) VALUES (2, 'bytes', x'ff00'), (2, 'text', CAST(x'ff' AS TEXT))",
    );
    from.run("UPDATE event SET rest = 'a' || char(0) || 'b', time = 'later'");
    let to = Database::file();
    copy(&from, &to);
    assert_eq!(rows(&to), rows(&from));
    let Some(to) = postgres() else { return };
    let said = refused(&from.url(), &to.url());
    assert!(said.contains("it has 4 values that PostgreSQL cannot hold"), "{said}");
    for named in ["config of flag, project 2", "rest of event, id 1", "time of event, id 1"] {
        assert!(said.contains(&format!("\n  {named}\n")), "{said}");
    }
    is_unfinished(&to);
    from.run("DELETE FROM flag WHERE flag_key IN ('bytes', 'text')");
    from.run("UPDATE event SET rest = NULL, time = 5");
    copy(&from, &to);
    TestServer::on(to, &[]).events("user_id=alice");
}

/// A server does not start on it, and says what to do.
#[track_caller]
pub fn is_unfinished(database: &Database) {
    let said = refusal(&["--config", CONFIG, "--database", &database.url()]);
    assert!(said.contains("a copy into it was begun and is not finished"), "{said}");
    assert!(refused(&database.url(), "/tmp").contains("a copy into it was begun and is not finished"));
}

/// Refused because of the source, which is as it was. The target is not touched.
#[track_caller]
fn is_refused(from: &Database, why: &str) {
    let (before, to) = (from.rows(), Database::file());
    let said = refused(&from.url(), &to.url());
    assert!(said.starts_with("FROM ") && said.contains(why), "{said}");
    assert_eq!(from.rows(), before);
    let Database::File(directory) = &to else { return };
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0);
}

#[test]
fn a_source_of_another_version_or_program_is_refused_as_it_is() {
    is_refused(&old(), "its tables are those of an earlier version: start this version of the server on it once");
    let newer = filled(Database::lasting());
    newer.run("UPDATE conversion SET last = 7, position = 4 WHERE name = 'people'");
    is_refused(&newer, "3 rows of an earlier version are not converted yet");
    newer.run(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT version + 1000, description, success, checksum, 1 FROM _sqlx_migrations ORDER BY version DESC LIMIT 1",
    );
    is_refused(&newer, "made by a newer version");
    let other = Database::lasting();
    if let Database::File(directory) = &other {
        std::fs::File::create(directory.join("events.db")).unwrap();
    }
    is_refused(&other, "it has no tables of experiment-server");
    other.run("CREATE TABLE orders (id BIGINT)");
    is_refused(&other, "tables of another program");
}

#[test]
fn a_target_with_tables_is_refused_as_it_is() {
    let from = filled(Database::lasting());
    let foreign = Database::lasting();
    if let Database::File(directory) = &foreign {
        std::fs::File::create(directory.join("events.db")).unwrap();
    }
    foreign.run("CREATE TABLE orders (id BIGINT)");
    let served = TestServer::on(Database::lasting(), &[]);
    for to in [&from, &foreign, &served.database] {
        let before = to.rows();
        let said = refused(&from.url(), &to.url());
        assert!(said.starts_with("TO ") && said.contains("it has tables already, and was left as it is"), "{said}");
        assert_eq!(to.rows(), before);
    }
}

#[test]
fn an_address_that_leads_nowhere_is_named_without_its_password() {
    let from = filled(Database::file());
    let nowhere = std::env::temp_dir().join("nowhere").join("events.db");
    for (from, to, said) in [
        ("/nowhere/events.db", "other.db", "FROM /nowhere/events.db: "),
        ("sqlite::memory:", "other.db", "FROM in memory: "),
        (from.url().as_str(), "sqlite::memory:", "TO in memory: "),
        (from.url().as_str(), nowhere.to_str().unwrap(), "TO /"),
        (from.url().as_str(), "postgres://shop:zq7x@127.0.0.1:1/events", "TO events on 127.0.0.1:1: "),
        ("mysql://shop:zq7x@db/events", "other.db", "FROM must be sqlite:PATH"),
    ] {
        let refused = refused(from, to);
        assert!(refused.starts_with(said) && !refused.contains("zq7x"), "{refused}");
    }
    assert!(!std::path::Path::new("other.db").exists());
}
