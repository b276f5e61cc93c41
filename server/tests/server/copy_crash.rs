//! SIGKILL at random moments of a copy: its target is refused by servers until a copy into it is finished.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::copying::{command, copy, is_unfinished, rows};
use crate::crash::{Moments, rounds};
use crate::database::{Database, postgres};
use crate::process::{ended, lines_of};
use crate::test_server::{TestServer, poll_until};

/// More than SQLite keeps in memory before it writes into the file.
const EVENTS: usize = 1_500;
const EVENT_BYTES: usize = 30_000;

/// How many times a moment of a crash it may take: a start, and a part of the rows.
const SLOWER: u32 = 8;

/// A database with rows enough to be in the middle of.
fn filled(database: Database) -> Database {
    let mut server = TestServer::on(database, &[]);
    let event =
        |n: usize| json!({ "user_id": format!("user-{n}"), "event_type": "Buy", "user_properties": { "n": n } });
    server.store((0..50).map(event).collect());
    server.terminate();
    let numbers = match server.database.is_postgres() {
        true => format!("generate_series(1, {EVENTS}) AS n"),
        false => format!(
            "(WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < {EVENTS}) SELECT n FROM one)"
        ),
    };
    server.database.run(format!(
        "INSERT INTO event (id, project, insert_id, unique_key, person, user_id, event_type, time, received, event_properties, user_properties) \
         SELECT 1000 + n, 1, 'many-' || n, n, 1, 'user-0', 'Visit', n, n, '{{\"text\":\"{}\"}}', '' FROM {numbers}",
        "x".repeat(EVENT_BYTES)
    ));
    std::mem::replace(&mut server.database, Database::Memory)
}

fn started(from: &Database, to: &Database) -> Child {
    command(&from.url(), &to.url()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// From each engine to each that there is.
fn ways() -> Vec<[Database; 2]> {
    let mut ways = vec![[Database::file(), Database::file()]];
    if let [Some(first), Some(second), Some(third)] = [(); 3].map(|()| postgres()) {
        ways.push([Database::file(), first]);
        ways.push([second, third]);
    }
    ways
}

#[test]
fn a_copy_that_is_killed_is_refused_by_servers_and_begins_again() {
    for [from, to] in ways() {
        let from = filled(from);
        for table in ["project", "person", "property_state"] {
            let mut child = started(&from, &to);
            let lines = lines_of(&mut child);
            while !lines.recv_timeout(Duration::from_secs(60)).unwrap().starts_with(&format!("{table}: ")) {}
            if table == "property_state"
                && let Database::File(directory) = &to
            {
                let bytes = || std::fs::metadata(directory.join("events.db")).unwrap().len();
                poll_until(|| (bytes() > 1 << 20).then_some(()));
                assert!(directory.join("events.db-journal").exists());
            }
            child.kill().unwrap();
            assert!(!ended(&mut child).success(), "it was killed too late");
            is_unfinished(&to);
        }
        copy(&from, &to);
        is_whole(&to, &from);
    }
}

/// On PostgreSQL the rows are compared by a server's answers elsewhere.
fn is_whole(to: &Database, from: &Database) {
    if to.is_postgres() == from.is_postgres() {
        assert_eq!(rows(to), rows(from));
    }
    assert_eq!(to.number("SELECT count(*) FROM event"), from.number("SELECT count(*) FROM event"));
}

#[test]
fn however_often_it_is_killed_a_copy_is_whole_or_not_there() {
    let (mut moments, mut kills) = (Moments::new(), 0);
    for [from, mut to] in ways() {
        let from = filled(from);
        for _ in 0..rounds().unwrap_or(5) {
            let mut child = started(&from, &to);
            sleep(moments.next() * SLOWER);
            child.kill().unwrap();
            if ended(&mut child).success() || is_finished(&to) {
                is_whole(&to, &from);
                to = if to.is_postgres() { postgres().unwrap() } else { Database::file() };
            } else {
                kills += 1;
            }
        }
        copy(&from, &to);
        is_whole(&to, &from);
    }
    println!("killed {kills} times before the end");
}

/// Whether the tables are there: the last moment of a process may come after its commit.
fn is_finished(to: &Database) -> bool {
    if let Database::File(directory) = to
        && !directory.join("events.db").exists()
    {
        return false;
    }
    to.number(match to.is_postgres() {
        true => "SELECT count(*) FROM pg_class WHERE relname = 'event'",
        false => "SELECT count(*) FROM sqlite_master WHERE name = 'event'",
    }) > 0
}
