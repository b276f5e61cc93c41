//! What a start makes of a database: of none, of one that an earlier version made, of one that is a later version's or
//! another program's.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::database::Database;
use crate::process::{ended, port_of};
use crate::starting::{CONFIG, refusal};
use crate::test_server::{TestServer, poll_until, spawn_with_log};

/// What the version without migrations stored of some events, and how it answered for them.
const OLD_ROWS: &str = include_str!("migrations/rows.sql");
const OLD_ANSWERS: &str = include_str!("migrations/answers.json");

/// A database in which these were run.
fn made_by(statements: &[&'static str]) -> Database {
    let database = Database::lasting();
    if let Database::File(directory) = &database {
        std::fs::File::create(directory.join("events.db")).unwrap();
        database.run("PRAGMA journal_mode = WAL");
    }
    statements.iter().for_each(|statement| database.run(*statement));
    database
}

/// The tables of the version without migrations.
fn first_schema(database: &Database) -> &'static str {
    if database.is_postgres() {
        include_str!("../../migrations/postgres/0001_first_schema.sql")
    } else {
        include_str!("../../migrations/sqlite/0001_first_schema.sql")
    }
}

/// A database of the version without migrations.
pub fn old() -> Database {
    let database = made_by(&[]);
    database.run(first_schema(&database));
    database.run(OLD_ROWS);
    database
}

/// How many migrations there are.
fn migrations(database: &Database) -> usize {
    let engine = if database.is_postgres() { "postgres" } else { "sqlite" };
    std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine)).unwrap().count()
}

/// A running server has every table of this version.
#[track_caller]
fn is_migrated(server: &TestServer) {
    let applied = server.database.number("SELECT count(*) FROM _sqlx_migrations");
    assert_eq!(applied as usize, migrations(&server.database));
    server.request("GET", "/healthz").send().expect(200);
    server.store(json!([{ "user_id": "newcomer", "event_type": "Buy" }]));
    assert_eq!(server.events("user_id=newcomer").len(), 1);
}

/// The answers are those of before: new fields may have come.
#[track_caller]
pub fn answers_as_before(server: &TestServer) {
    let recorded: Value = serde_json::from_str(OLD_ANSWERS).unwrap();
    for (project, answers) in recorded.as_object().unwrap() {
        for (path, before) in answers.as_object().unwrap() {
            let admin = format!("Bearer {project}-admin-key");
            let now = server.request("GET", path).header("authorization", &admin).send().expect(200);
            contains(&now, before, path);
        }
    }
}

#[track_caller]
fn contains(now: &Value, before: &Value, path: &str) {
    match before {
        Value::Array(before) if before.iter().all(Value::is_object) => {
            let now = now.as_array().unwrap();
            assert_eq!(now.len(), before.len(), "{path}");
            now.iter().zip(before).for_each(|(now, before)| contains(now, before, path));
        }
        _ => before.as_object().unwrap().iter().for_each(|(field, before)| {
            assert_eq!(&now[field], before, "{path}: {field} of {now}");
        }),
    }
}

/// What a server says that does not start on this database. It changes nothing there.
#[track_caller]
fn refused(database: &Database) -> String {
    let before = database.rows();
    let said = refusal(&["--config", CONFIG, "--database", &database.url()]);
    let name = match database {
        Database::Postgres { name, .. } => format!("--database {name} on "),
        _ => format!("--database {}: ", database.url().trim_start_matches("sqlite:")),
    };
    assert!(said.lines().any(|line| line.starts_with(&name)), "{said}");
    assert_eq!(database.rows(), before);
    said
}

#[test]
fn a_new_database_is_made_with_the_tables_of_this_version() {
    let server = TestServer::on(Database::lasting(), &[]);
    is_migrated(&server);
    if let Database::File(directory) = &server.database {
        let files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap()).collect();
        let modes = files.iter().map(|file| file.metadata().unwrap().permissions().mode() & 0o777);
        assert_eq!(modes.collect::<Vec<_>>(), [0o600; 3], "{files:?}");
        // 2 is `INCREMENTAL`.
        assert_eq!(server.database.number("PRAGMA auto_vacuum"), 2);
    }
}

#[test]
fn a_database_of_the_version_before_is_taken_over_and_answers_as_before() {
    let mut server = TestServer::on(old(), &[]);
    answers_as_before(&server);
    is_migrated(&server);
    server.store(json!([{ "user_id": "alice", "event_type": "Buy", "user_properties": { "plan": "new" } }]));
    let properties = server.events("user_id=alice").pop().unwrap()["user_properties"].take();
    assert_eq!((&properties["plan"], &properties["from"]), (&json!("new"), &json!("ad")));
    server.terminate();
    server.restart();
    is_stored_twice(&server);
}

/// What was stored before migrations is recognised when it is sent again.
#[track_caller]
pub fn is_stored_twice(server: &TestServer) {
    let again = json!([{
        "user_id": "alice", "device_id": "laptop", "event_type": "Buy", "insert_id": "a1", "time": 1_767_225_603_000_u64,
    }]);
    assert_eq!(server.ingest(again).expect(200)["verdicts"][0]["verdict"], "duplicate");
}

#[test]
fn a_database_of_another_program_is_refused_as_it_is() {
    let migrated = [
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, checksum BLOB NOT NULL); \
         INSERT INTO _sqlx_migrations VALUES (20240101120000, x'00')",
        r"CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, checksum BYTEA NOT NULL);
          INSERT INTO _sqlx_migrations VALUES (20240101120000, '\x00')",
    ][usize::from(Database::lasting().is_postgres())];
    for other in ["CREATE TABLE orders (id BIGINT, name TEXT)", "CREATE TABLE event (id BIGINT, name TEXT)", migrated] {
        let database = made_by(&[other]);
        assert!(refused(&database).contains("tables of another program"), "{other}");
    }
}

#[test]
fn a_file_of_another_program_keeps_every_byte() {
    let database = Database::lasting();
    let Database::File(directory) = &database else { return };
    let file = directory.join("events.db");
    std::fs::File::create(&file).unwrap();
    database.run("CREATE TABLE orders (id BIGINT, name TEXT)");
    let before = std::fs::read(&file).unwrap();
    refused(&database);
    assert!(std::fs::read(&file).unwrap() == before);
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 1);
}

#[test]
fn a_database_of_a_newer_version_is_refused_with_what_to_do() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    server.terminate();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT version + 1000, description, success, checksum, 1 FROM _sqlx_migrations ORDER BY version DESC LIMIT 1";
    server.database.run(newer);
    let said = refused(&server.database);
    assert!(said.contains("made by a newer version of experiment-server"), "{said}");
    assert!(said.contains("run that version or restore a backup of before"), "{said}");
}

#[test]
fn a_database_whose_migrations_were_others_is_refused() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    server.terminate();
    server.database.run(if server.database.is_postgres() {
        r"UPDATE _sqlx_migrations SET checksum = '\x00' WHERE version = 2"
    } else {
        "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2"
    });
    let said = refused(&server.database);
    assert!(said.contains("migration 2 differs"), "{said}");
}

#[test]
fn servers_that_start_together_take_turns() {
    for database in [old, Database::lasting] {
        let database = database();
        let mut both = [(); 2].map(|()| spawn_with_log(&database, &[], Stdio::null()));
        let ports = both.each_mut().map(port_of);
        let [first, second] = both;
        let first = TestServer { port: ports[0], child: first, database };
        let second = TestServer { port: ports[1], child: second, database: Database::Memory };
        is_migrated(&first);
        assert_eq!(second.events("user_id=newcomer").len(), 1);
    }
}

#[test]
fn a_start_that_is_killed_in_the_middle_is_completed_by_the_next() {
    let database = old();
    if database.is_postgres() {
        kill_on_postgres(&database)
    } else {
        kill_on_sqlite(&database)
    }
    let server = TestServer::on(database, &[]);
    is_migrated(&server);
    is_stored_twice(&server);
}

/// The table of events is held, so that the migration stands still after its first statements.
fn kill_on_postgres(database: &Database) {
    let kill = || {
        let mut child = spawn_with_log(database, &[], Stdio::null());
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'event'::regclass";
        poll_until(|| (database.number(waiting) > 0).then_some(()));
        child.kill().unwrap();
        ended(&mut child);
        assert_eq!(database.number("SELECT count(*) FROM pg_class WHERE relname = 'property_state'"), 0);
    };
    database.held("BEGIN; LOCK TABLE event IN ACCESS SHARE MODE", || {
        std::thread::scope(|scope| scope.spawn(kill).join().unwrap());
    });
}

/// A migration of many rows writes ahead long before it is committed.
fn kill_on_sqlite(database: &Database) {
    database.run(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30000) \
         INSERT INTO event (id, project, insert_id, person, user_id, event_type, time, received, event_properties, \
         user_properties) SELECT 1000 + n, 1, 'many-' || n, 1, 'user-' || n, 'Visit', n, n, '{}', '{}' FROM n",
    );
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    let log = format!("{}-wal", database.url().trim_start_matches("sqlite:"));
    let mut child = spawn_with_log(database, &[], Stdio::null());
    poll_until(|| std::fs::metadata(&log).is_ok_and(|log| log.len() > 1 << 20).then_some(()));
    child.kill().unwrap();
    ended(&mut child);
    assert_eq!(database.number("SELECT count(*) FROM sqlite_master WHERE name = 'property_state'"), 0);
}
