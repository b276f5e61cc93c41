//! The log: what went wrong, and nothing of users, whatever they sent and whatever the database says of it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::json;

use crate::database::Database;
use crate::exposition::Exposition;
use crate::flag_rules::CHANGED;
use crate::flags::BROKEN;
use crate::process::ended;
use crate::route_matrix::{betrayed, request_every_route};
use crate::test_server::{TestServer, poll_until};

struct Log(PathBuf);

impl Log {
    /// A server that writes into a log.
    fn of(database: Database) -> (TestServer, Self) {
        let path = std::env::temp_dir().join(format!(
            "experiment_log_{}_{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let server = TestServer::with_log(database, &[], File::create(&path).unwrap().into());
        (server, Self(path))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }

    #[track_caller]
    fn says(&self, what: &str) {
        poll_until(|| self.text().contains(what).then_some(()));
    }

    #[track_caller]
    fn betrays_nobody(&self) {
        let text = self.text();
        let betrayed = betrayed(&text);
        assert!(betrayed.is_none(), "{betrayed:?}: {text}");
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn nothing_of_users_is_in_the_log_whatever_they_send() {
    let (server, log) = Log::of(Database::lasting());
    server.database.run(BROKEN);
    server.database.run(CHANGED);
    request_every_route(&server);
    // Only the stored flag that does not parse.
    log.says("a flag is skipped or faulty");
    log.betrays_nobody();
}

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut server = TestServer::with_log(Database::lasting(), &[], full.into());
    let buy = || json!([{ "user_id": "alice", "event_type": "Buy" }]);
    server.database.run("ALTER TABLE event RENAME TO away");
    server.ingest(buy()).refused(503);
    assert_eq!(server.read("/healthz").expect(200)["status"], "not storing");
    server.vardata(&json!({ "user_id": "alice" })).send().expect(200);
    server.database.run("ALTER TABLE away RENAME TO event");
    server.store(buy());
    server.terminate();
}

#[test]
fn nothing_of_users_is_in_the_log_while_the_store_fails() {
    let (server, log) = Log::of(Database::lasting());
    for (away, back) in [
        ("ALTER TABLE event RENAME TO away", "ALTER TABLE away RENAME TO event"),
        ("ALTER TABLE person RENAME TO away", "ALTER TABLE away RENAME TO person"),
        ("ALTER TABLE flag RENAME TO away", "ALTER TABLE away RENAME TO flag"),
    ] {
        server.database.run(away);
        request_every_route(&server);
        server.database.run(back);
    }
    log.says("events could not be stored");
    log.says("the store failed");
    log.says("tables that are not as expected");
    log.betrays_nobody();
}

const QUOTING_SQLITE: &str = "CREATE TRIGGER quoting BEFORE INSERT ON event \
    BEGIN SELECT raise(ABORT, 'not ' || NEW.user_id || NEW.event_properties); END";

const QUOTING_POSTGRES: &str = "CREATE FUNCTION quoting() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN RAISE EXCEPTION 'not % %', NEW.user_id, NEW.event_properties; END $$; \
    CREATE TRIGGER quoting BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION quoting()";

#[test]
fn what_the_database_says_of_a_value_is_not_in_the_log() {
    let (server, log) = Log::of(Database::lasting());
    server.database.run(if server.database.is_postgres() { QUOTING_POSTGRES } else { QUOTING_SQLITE });
    request_every_route(&server);
    log.says(if server.database.is_postgres() { "P0001" } else { "the database answered 1811" });
    log.betrays_nobody();
}

#[test]
fn a_value_that_is_there_twice_is_not_in_the_log() {
    let (server, log) = Log::of(Database::lasting());
    // PostgreSQL says which value it was.
    server.database.run(if server.database.is_postgres() {
        "CREATE UNIQUE INDEX one ON event_0 (event_type); CREATE UNIQUE INDEX two ON event_1 (event_type)"
    } else {
        "CREATE UNIQUE INDEX one ON event (event_type)"
    });
    request_every_route(&server);
    log.says("against a constraint");
    log.betrays_nobody();
}

#[test]
fn a_statement_that_takes_long_is_not_logged_with_its_values() {
    let (server, log) = Log::of(Database::lasting());
    let postgres = server.database.is_postgres();
    let lock = if postgres { "BEGIN; LOCK TABLE event IN EXCLUSIVE MODE" } else { "BEGIN IMMEDIATE" };
    scope(|scope| {
        server.database.held(lock, || {
            scope.spawn(|| server.store(json!([{ "user_id": "zq7x-alice", "event_type": "zq7x-type" }])));
            // The driver logs what takes a second.
            sleep(Duration::from_millis(1_500));
        });
    });
    if postgres {
        log.says("slow statement");
    }
    log.betrays_nobody();
}

#[test]
fn a_panic_is_logged_by_its_place_only() {
    // There is no file left for what the runtime opens first.
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/config.json");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 4 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_experiment-server")]);
    command.args(["--config", config, "--port", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = command.spawn().unwrap();
    ended(&mut server);
    let server = server.wait_with_output().unwrap();
    let said = String::from_utf8(server.stderr).unwrap();
    assert!(!server.status.success() && said.contains("a panic") && said.contains(".rs:"), "{said}");
    assert!(!said.contains("open files"), "{said}");
}

#[test]
fn nothing_of_users_is_in_the_metrics() {
    let (server, metrics) = TestServer::with_metrics(Database::lasting(), &[]);
    request_every_route(&server);
    server.database.run("ALTER TABLE event RENAME TO away");
    request_every_route(&server);
    server.database.run("ALTER TABLE away RENAME TO event");
    let shown = Exposition::of(metrics);
    assert_eq!(betrayed(&shown.text), None, "{}", shown.text);
    let closed = |label: &str, most: usize| assert!((2..=most).contains(&shown.words(label).len()), "{}", shown.text);
    closed("route", 16);
    closed("method", 7);
    closed("verdict", 3);
    closed("reason", 17);
    assert!(["older", "shop"].iter().all(|project| shown.words("project").contains(project)), "{}", shown.text);
    closed("project", 2);
}
