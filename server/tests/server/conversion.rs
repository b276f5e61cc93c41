//! Rows of the version before become this version's while the server serves.

pub mod answers;
pub mod rows;

use std::process::Stdio;

use experiment_ingestion::unique_key::unique_key;
use experiment_wasm::user::Identity;
use serde_json::json;

use crate::database::Database;
use crate::migrations::{answers_as_before, is_stored_twice, old};
use crate::test_server::{TestServer, poll_until};
use rows::{OldRows, Shown, event_id, object, person_id};

const NOT_CONVERTED: &str = "SELECT count(*) FROM event WHERE unique_key IS NULL AND id <= (SELECT last FROM conversion WHERE name = 'event_keys')";

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

const LEFT: &str = "SELECT CAST(coalesce(sum(last - position), 0) AS BIGINT) FROM conversion";

/// Waits until all is converted, for as long as it goes on.
#[track_caller]
pub fn is_done(server: &TestServer) {
    loop {
        let left = server.database.number(LEFT);
        if left == 0 {
            break;
        }
        poll_until(|| (server.database.number(LEFT) < left).then_some(()));
    }
    assert_eq!(server.database.number(NOT_CONVERTED), 0);
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

/// Where the conversion stops until a trigger is gone: in the middle of each of its parts. A person of this index is left
/// alone.
const HALTS: [&str; 3] = ["event_keys", "people", "event_states"];
const HALTED_PERSON: usize = 251;
const HALTED_EVENT: usize = 1_500;

fn halt(database: &Database) {
    let (event, person) = (event_id(HALTED_EVENT), person_id(HALTED_PERSON));
    let readable = "SELECT count(*) FROM event, person WHERE event.id = 2501 AND person.id = 1252 \
                    AND user_properties LIKE '{\"%' AND properties LIKE '{\"p\":{\"%'";
    assert_eq!(database.number(readable), 1, "what cannot be read is not changed");
    let parts = [
        ("event_keys", "UPDATE ON event", event),
        ("people", "UPDATE ON person", person),
        ("event_states", "UPDATE OF user_properties ON event", event),
    ];
    if database.is_postgres() {
        database.run(
            "CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'halted'; END $$",
        );
    }
    for (name, change, id) in parts {
        database.run(if database.is_postgres() {
            format!("CREATE TRIGGER {name} BEFORE {change} FOR EACH ROW WHEN (OLD.id = {id}) EXECUTE FUNCTION halt()")
        } else {
            format!("CREATE TRIGGER {name} BEFORE {change} WHEN OLD.id = {id} BEGIN SELECT RAISE(ABORT, 'halted'); END")
        });
    }
}

fn go_on(database: &Database, name: &str) {
    let table = if name == "people" { "person" } else { "event" };
    database.run(match database.is_postgres() {
        true => format!("DROP TRIGGER {name} ON {table}"),
        false => format!("DROP TRIGGER {name}"),
    });
}

/// Until the step that fails is the next, or nearly: no step has more than 200 rows.
fn is_halted(database: &Database, part: &str) {
    let near = match part {
        "event_keys" => "SELECT count(*) FROM conversion WHERE name = 'event_keys' AND position >= 2300",
        "people" => "SELECT count(*) FROM conversion WHERE name = 'people' AND position >= 1051",
        _ => "SELECT count(*) FROM conversion WHERE name = 'event_states' AND position >= 2300",
    };
    while database.number(near) == 0 {
        let left = database.number(LEFT);
        poll_until(|| (database.number(LEFT) < left).then_some(()));
    }
}

/// What people have who are asked for by a user id.
#[track_caller]
fn people_are_as_stored(server: &TestServer, rows: &OldRows, when: &str) {
    for (index, person) in rows.users().filter(|(index, _)| index % 3 == 0) {
        let shown = || answers::shown(&object(&person.shown));
        let expected = person.unreadable.map_or_else(shown, |text| json!(text).to_string());
        assert_eq!(answers::person(server, &format!("user_id=old-{index}")), expected, "{index} {when}");
    }
}

/// Events come for people of every state, old ones come again, and a visitor logs in.
fn meanwhile(server: &TestServer, rows: &mut OldRows, round: usize) {
    let users: Vec<_> = rows.users().filter(|(index, one)| index % 7 == round && one.unreadable.is_none()).collect();
    let users: Vec<_> = users.into_iter().map(|(index, _)| index).filter(|index| *index != HALTED_PERSON).collect();
    for index in users {
        change(server, &mut rows.people[index].shown, &format!("old-{index}"), round);
    }
    for old in rows.events.iter().skip(round).step_by(97) {
        let answer = server.ingest(json!([old.sent_again()])).expect(200);
        assert_eq!(answer["verdicts"][0]["verdict"], "duplicate", "{answer}");
    }
    log_in(server, rows, round);
}

/// An event that sets something, one that is too late to set something, and one that sets nothing for others.
fn change(server: &TestServer, shown: &mut Shown, user_id: &str, round: usize) {
    let one = |event_type: &str, properties: serde_json::Value| json!({ "user_id": user_id, "event_type": event_type, "user_properties": properties });
    let own = shown.keys().find(|name| name.starts_with("own")).unwrap().clone();
    let mut late = one("Late", json!({ (own): "too late", format!("late {round}"): round }));
    late["time"] = json!(1);
    let mut quiet = one("Quiet", json!({ "plan": "none" }));
    quiet["$skip_user_properties_sync"] = json!(true);
    server.store(json!([one("New", json!({ "fresh": round })), late, quiet]));
    assert_eq!(answers::newest(server, user_id), r#"{"plan":"none"}"#);
    shown.insert("fresh".into(), round.to_string());
    shown.insert(format!("late {round}"), round.to_string());
    assert_eq!(answers::person(server, &format!("user_id={user_id}")), answers::shown(&object(shown)), "{user_id}");
    server.store(json!([one("New", json!({}))]));
    assert_eq!(answers::newest(server, user_id), answers::shown(&object(shown)), "{user_id}");
}

/// A visitor turns out to be a user, and brings what that one has not.
fn log_in(server: &TestServer, rows: &mut OldRows, round: usize) {
    let visitors: Vec<_> = (0..rows.people.len()).step_by(10).filter(|index| rows.is_visitor(*index)).collect();
    // Lists and numbers that both have are put together by the operations that came later.
    let visitors: Vec<_> = visitors
        .into_iter()
        .filter(|index| ["list", "n"].iter().all(|name| !rows.people[*index].shown.contains_key(*name)))
        .collect();
    let users: Vec<_> = rows.users().filter(|(index, one)| index % 7 == 5 && one.unreadable.is_none()).collect();
    let (visitor, user) = (visitors[0], users[round].0);
    let device_id = rows.people[visitor].device_id.clone();
    server.store(json!([{ "user_id": format!("old-{user}"), "device_id": device_id, "event_type": "Login" }]));
    rows.log_in(visitor, user);
    let expected = answers::shown(&object(&rows.people[user].shown));
    for query in [format!("user_id=old-{user}"), format!("device_id={device_id}")] {
        assert_eq!(answers::person(server, &query), expected, "{query}");
    }
    assert_eq!(answers::newest(server, &format!("old-{user}")), expected);
}

/// Pages that something is in.
fn used(database: &Database) -> i64 {
    database.number("SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count")
}

#[test]
fn answers_are_the_same_before_the_conversion_in_the_middle_of_it_and_after_it() {
    let mut rows = OldRows::new(1, 300, 3_000);
    let database = old();
    database.run(rows.statements());
    halt(&database);
    let mut server = TestServer::on(database, &[]);
    let before = answers::events(&server, &rows);
    answers::are_as_stored(&before, &rows);
    people_are_as_stored(&server, &rows, "before");
    let pages = (!server.database.is_postgres()).then(|| used(&server.database));
    for (round, part) in HALTS.into_iter().enumerate() {
        is_halted(&server.database, part);
        meanwhile(&server, &mut rows, round);
        answers::are_same(&answers::events(&server, &rows), &before, part);
        people_are_as_stored(&server, &rows, part);
        go_on(&server.database, part);
    }
    is_done(&server);
    meanwhile(&server, &mut rows, 3);
    answers::are_same(&answers::events(&server, &rows), &before, "after");
    people_are_as_stored(&server, &rows, "after");
    let left = [
        "SELECT count(*) FROM event WHERE user_properties <> ''",
        "SELECT count(*) FROM person WHERE properties <> ''",
    ];
    let (events, people) = rows.unreadable();
    assert_eq!(left.map(|left| server.database.number(left)), [events as i64, people as i64]);
    if let Some(pages) = pages {
        let (now, free) = (used(&server.database), server.database.number("PRAGMA freelist_count"));
        println!("{pages} pages before, {now} after, {free} free");
    }
    server.terminate();
    server.restart();
    answers::are_same(&answers::events(&server, &rows), &before, "after a restart");
}
