//! SIGKILL at random moments of a migration and of the conversion after it; and a conversion of very many rows.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

use crate::conversion::answers::{self, shown};
use crate::conversion::is_done;
use crate::conversion::rows::OldRows;
use crate::crash::{Moments, rounds};
use crate::database::Database;
use crate::migrations::old;
use crate::process::ended;
use crate::stored_bytes::stored;
use crate::test_server::{TestServer, spawn_with_log};

/// The events of each migration. Under `make test` there are fewer of everything.
const EVENTS: usize = 20_000;
const FEW_EVENTS: usize = 2_000;
const FEW_CRASHES: usize = 10;

/// How many times a moment of a crash it may take: a start, and some steps.
const SLOWER: u32 = 4;

#[test]
fn every_event_answers_as_before_however_often_its_migration_is_killed() {
    let (mut left, events) = rounds().map_or((FEW_CRASHES, FEW_EVENTS), |rounds| (rounds, EVENTS));
    let (mut moments, mut migrations, mut most) = (Moments::new(), 0, 0);
    while left > 0 {
        let rows = OldRows::new(migrations, events / 20, events);
        let database = old();
        database.run(rows.statements());
        let kills = kills(&database, &mut moments, left);
        let server = TestServer::on(database, &[]);
        is_done(&server);
        answers::are_as_stored(&answers::events(&server, &rows), &rows);
        (left, migrations, most) = (left - kills, migrations + 1, kills.max(most));
    }
    println!("{migrations} migrations of {events} events, one of them killed {most} times");
}

/// Kills servers one after another until everything is converted, or so often; returns how often.
fn kills(database: &Database, moments: &mut Moments, most: usize) -> usize {
    for kills in 1..=most {
        let mut child = spawn_with_log(database, &[], Stdio::null());
        sleep(moments.next() * SLOWER);
        child.kill().unwrap();
        ended(&mut child);
        if is_converted(database) {
            return kills;
        }
    }
    most
}

fn is_converted(database: &Database) -> bool {
    let migrated = if database.is_postgres() {
        "SELECT count(*) FROM pg_class WHERE relname = 'conversion'"
    } else {
        "SELECT count(*) FROM sqlite_master WHERE name = 'conversion'"
    };
    let left = "SELECT count(*) FROM conversion WHERE position < last";
    database.number(migrated) > 0 && database.number(left) == 0
}

/// Events of so many users, each with twenty properties of which one changes with every event.
fn many(database: &Database, events: usize, users: usize) {
    let texts: Vec<_> = (0..19).map(|n| format!(r#""name {n}":"a value of user ' || (n % {users}) || '""#)).collect();
    let properties = format!(r#"'{{"visits":' || n || ',{}}}'"#, texts.join(","));
    let values = texts.iter().map(|text| text.replacen(':', r#":{"v":"#, 1) + r#","t":1,"p":0,"i":"1"}"#);
    let stored = format!(r#"'{{"p":{{{}}}}}'"#, values.collect::<Vec<_>>().join(","));
    let numbers = |count: usize| match database.is_postgres() {
        true => format!("FROM generate_series(1, {count}) AS n"),
        false => format!(
            "FROM (WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < {count}) SELECT n FROM one)"
        ),
    };
    database.run(format!(
        "INSERT INTO person (id, project, user_id, properties) SELECT 1000 + n, 1, 'user-' || (n % {users}), {stored} {}",
        numbers(users)
    ));
    database.run(format!(
        "INSERT INTO event (id, project, insert_id, person, user_id, event_type, time, received, event_properties, \
         user_properties) SELECT 1000 + n, 1, 'many-' || n, 1000 + CASE n % {users} WHEN 0 THEN {users} ELSE n % {users} END, 'user-' || (n % {users}), 'Visit', n, n, \
         '{{}}', {properties} {}",
        numbers(events)
    ));
}

/// What an event of [`many`] shows.
fn shown_of(event: usize, users: usize) -> String {
    let texts: Vec<_> = (0..19).map(|n| format!(r#""name {n}":"a value of user {}""#, event % users)).collect();
    shown(&format!(r#"{{"visits":{event},{}}}"#, texts.join(",")))
}

#[test]
fn many_rows_are_converted_in_less_room() {
    let events = std::env::var("EXPERIMENT_EVENTS").map_or(3_000, |events| events.parse().unwrap());
    let users = events / 100;
    let database = old();
    many(&database, events, users);
    let before = stored(&database);
    let start = Instant::now();
    let mut server = TestServer::on(database, &[]);
    let started = start.elapsed();
    let migrated = stored(&server.database);
    is_done(&server);
    let took = start.elapsed();
    for user in (0..users).step_by(users.div_ceil(20)) {
        let last = events / users * users - users + user;
        let last = if last + users <= events { last + users } else { last };
        assert_eq!(answers::newest(&server, &format!("user-{user}")), shown_of(last, users));
    }
    server.terminate();
    let now = stored(&server.database);
    let file = match &server.database {
        Database::File(directory) => std::fs::metadata(directory.join("events.db")).unwrap().len(),
        _ => now,
    };
    println!(
        "{events} events of {users} users: tables after {started:?}, all after {took:?}; \
         {before} B before, {migrated} B with the new indexes, {now} B in use at the end, {file} B of files"
    );
}
