//! Backup and restore while events come, as docs/running-the-server.md says.

use std::collections::HashSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;

use serde_json::{Value, json};

use crate::background_load::StopOnDrop;
use crate::copying::copy;
use crate::database::{Database, postgres};
use crate::event_pages::next;
use crate::process::output_of;
use crate::test_server::{TestServer, poll_until};

const WRITERS: usize = 4;

/// The events of a request, which is stored as a whole or not at all.
const EVENTS: usize = 3;

/// Requests of each writer before a backup begins.
const BEFORE: usize = 20;

/// Sends events to a server while a backup is made; returns how many requests of each writer were acknowledged before.
fn sent_while(server: &TestServer, backup: impl FnOnce()) -> [usize; WRITERS] {
    let over = AtomicBool::new(false);
    let acknowledged = [(); WRITERS].map(|()| AtomicUsize::new(0));
    scope(|scope| {
        for (writer, acknowledged) in acknowledged.iter().enumerate() {
            let over = &over;
            scope.spawn(move || {
                for request in 0.. {
                    server.store((0..EVENTS).map(|index| event(writer, request, index)).collect());
                    acknowledged.store(request + 1, Ordering::Release);
                    if over.load(Ordering::Acquire) {
                        return;
                    }
                }
            });
        }
        let _over = StopOnDrop(&over);
        let are_ahead = || acknowledged.iter().all(|requests| requests.load(Ordering::Acquire) >= BEFORE);
        poll_until(|| are_ahead().then_some(()));
        let before = acknowledged.each_ref().map(|requests| requests.load(Ordering::Acquire));
        backup();
        // Some come after it.
        let count = || acknowledged.iter().map(|requests| requests.load(Ordering::Acquire)).sum::<usize>();
        let now = count();
        poll_until(|| (count() > now + WRITERS).then_some(()));
        before
    })
}

fn event(writer: usize, request: usize, index: usize) -> Value {
    json!({
        "user_id": format!("user-{writer}-{}", request % 5), "event_type": "Buy",
        "insert_id": format!("{writer}-{request}-{index}"), "event_properties": { "text": "x".repeat(500 * index) },
        "user_properties": { "request": request, (format!("of {index}")): request },
    })
}

/// All events, oldest first, each as the text that is answered.
fn events(server: &TestServer) -> Vec<String> {
    let (mut pages, mut path) = (Vec::new(), Some("/api/events?limit=500&format=jsonl".to_owned()));
    while let Some(asked) = path {
        let answer = server.read(&asked);
        path = next(&answer);
        let text = String::from_utf8(answer.body).unwrap();
        pages.push(text.lines().map(str::to_owned).collect::<Vec<_>>());
    }
    pages.reverse();
    pages.concat()
}

/// A restored database has the first of the events as they are in the original, at least those that were acknowledged;
/// what is sent again is stored once.
fn is_restored(original: &TestServer, restored: Database, acknowledged: [usize; WRITERS]) {
    let server = TestServer::on(restored, &[]);
    let (all, restored) = (events(original), events(&server));
    assert_eq!(restored, &all[..restored.len()]);
    let parsed =
        |events: &[String]| -> Vec<Value> { events.iter().map(|one| serde_json::from_str(one).unwrap()).collect() };
    let ids: HashSet<String> =
        parsed(&restored).iter().map(|one| one["insert_id"].as_str().unwrap().to_owned()).collect();
    for (writer, requests) in acknowledged.into_iter().enumerate() {
        for request in 0..requests {
            assert!(
                (0..EVENTS).all(|index| ids.contains(&format!("{writer}-{request}-{index}"))),
                "{writer}-{request}"
            );
        }
    }
    assert_eq!(restored.len() % EVENTS, 0, "requests are whole");
    println!("{} of {} events are in the backup", restored.len(), all.len());
    for some in parsed(&all).chunks(200) {
        let again =
            |one: &Value| json!({ "user_id": one["user_id"], "event_type": "Buy", "insert_id": one["insert_id"] });
        server.ingest(some.iter().map(again).collect()).expect(200);
    }
    assert_eq!(server.database.number("SELECT count(*) FROM event") as usize, all.len());
}

#[test]
fn a_copy_into_a_file_is_a_backup_and_a_copy_of_it_is_the_database() {
    let server = TestServer::on(Database::lasting(), &[]);
    let (backup, restored) = (Database::file(), Database::lasting());
    let acknowledged = sent_while(&server, || drop(copy(&server.database, &backup)));
    copy(&backup, &restored);
    is_restored(&server, restored, acknowledged);
}

#[test]
fn a_dump_of_postgres_is_a_backup() {
    let (Some(database), Some(restored)) = (postgres(), postgres()) else { return };
    let file = std::env::temp_dir().join(format!("{}.dump", crate::database::name()));
    let file = file.to_str().unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let output = output_of(Command::new(program).args(arguments));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let server = TestServer::on(database, &[]);
    let dump = || run("pg_dump", &["--format=custom", &format!("--file={file}"), &server.database.url()]);
    let acknowledged = sent_while(&server, dump);
    run("pg_restore", &["--exit-on-error", "--no-owner", &format!("--dbname={}", restored.url()), file]);
    std::fs::remove_file(file).unwrap();
    is_restored(&server, restored, acknowledged);
}
