//! Answers that are larger than a piece: streamed in bounded memory, broken off where they cannot be whole, and no burden
//! while nobody reads them.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Map, Value, json};

use crate::client::{TestResponse, connected};
use crate::database::Database;
use crate::process::most_memory;
use crate::test_server::{ADMIN, TestServer, poll_until};

/// How much a long answer may add to the server's memory, in bytes: less than the answer has.
const MOST_ADDED: u64 = 48 << 20;

/// Stores so many events of a user with 60 KB of properties, each in a state of its own.
fn store_large(server: &TestServer, events: usize) {
    let properties: Map<String, Value> = (0..60).map(|n| (format!("property-{n}"), "x".repeat(1_000).into())).collect();
    server.store(json!([{ "user_id": "large", "event_type": "$identify", "user_properties": { "$set": properties } }]));
    let event = |n: usize| json!({ "user_id": "large", "event_type": "Buy", "insert_id": n.to_string(), "user_properties": { "count": n } });
    let body = json!({ "api_key": "shop-api-key", "events": (0..events).map(event).collect::<Vec<_>>() });
    server.request("POST", "/batch").body(body.to_string()).send().expect(200);
}

fn ask(server: &TestServer, path: &str) -> TcpStream {
    let mut socket = connected(server.port);
    let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: {ADMIN}\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

/// The beginning of an answer, and nothing more.
fn begun(server: &TestServer, path: &str) -> TcpStream {
    let mut socket = ask(server, path);
    let mut start = [0; 1_000];
    socket.read_exact(&mut start).unwrap();
    assert!(start.starts_with(b"HTTP/1.1 200 OK\r\n"));
    socket
}

fn lines(answer: &TestResponse) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), Some("application/jsonl"));
    let text = std::str::from_utf8(&answer.body).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_thousand_events_of_a_user_with_sixty_kilobytes_of_properties() {
    let server = TestServer::on(Database::lasting(), &[]);
    store_large(&server, 1_000);
    let before = most_memory(server.child.id());
    for format in ["json", "jsonl"] {
        let answer = server.read(&format!("/api/events?event_type=Buy&limit=1000&format={format}"));
        assert_eq!((answer.status, answer.header("content-length")), (200, None));
        assert!(answer.body.len() > 60_000_000);
        let events = if format == "json" { answer.json().as_array().unwrap().clone() } else { lines(&answer) };
        for (n, event) in events.iter().enumerate() {
            assert_eq!(event["insert_id"], n.to_string());
            assert_eq!(event["user_properties"]["count"], n);
            assert_eq!(event["user_properties"].as_object().unwrap().len(), 61);
        }
        assert_eq!(events.len(), 1_000);
    }
    let added = most_memory(server.child.id()) - before;
    println!("{} MiB before, {} MiB more", before >> 20, added >> 20);
    assert!(added < MOST_ADDED, "{added} bytes");
}

#[test]
fn lines_are_the_elements_of_the_list() {
    let server = TestServer::start();
    let same = |query: &str, count: usize| {
        let list = server.read(&format!("/api/events?{query}"));
        assert_eq!(list.header("content-type"), Some("application/json"));
        let lines = lines(&server.read(&format!("/api/events?{query}&format=jsonl")));
        assert_eq!((list.json(), lines.len()), (json!(lines), count));
    };
    same("limit=10", 0);
    let note = "}\n],[{\u{2028}\"";
    let event = |n: usize| json!({ "user_id": "alice", "event_type": "Buy", "insert_id": n.to_string(), "event_properties": { "note": note, "}": {} } });
    server.store(json!([event(0)]));
    same("limit=10", 1);
    server.store((1..700).map(event).collect());
    same("limit=2", 2);
    // Of more than one piece.
    same("limit=1000", 700);
    same("limit=0", 0);
}

#[test]
fn the_largest_events_come_one_by_one() {
    let server = TestServer::on(Database::lasting(), &[]);
    let event = |n: usize| json!({ "user_id": "alice", "event_type": "Buy", "insert_id": n.to_string(), "event_properties": { "note": "x".repeat(3_000_000) } });
    for first in [0, 6, 12, 18, 24, 30] {
        let body = json!({ "api_key": "shop-api-key", "events": (first..first + 6).map(event).collect::<Vec<_>>() });
        server.request("POST", "/batch").body(body.to_string()).send().expect(200);
    }
    let before = most_memory(server.child.id());
    let events = server.read("/api/events?format=jsonl");
    assert_eq!(lines(&events).len(), 36);
    let added = most_memory(server.child.id()).saturating_sub(before);
    // A fifth less than the answer has.
    assert!(added < 2 * MOST_ADDED, "{added} bytes");
}

#[test]
fn readers_who_stop_hold_no_transaction_and_hinder_nobody() {
    let server = TestServer::on(Database::lasting(), &[]);
    store_large(&server, 300);
    let before = most_memory(server.child.id());
    let mut stopped: Vec<_> = (0..40).map(|_| begun(&server, "/api/events?limit=300&user_id=large")).collect();
    server.store(json!([{ "user_id": "alice", "event_type": "Visit" }]));
    assert_eq!(server.events("event_type=Visit").len(), 1);
    let held = if server.database.is_postgres() {
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    } else {
        // 1 where somebody reads what is in it.
        "PRAGMA wal_checkpoint(TRUNCATE)"
    };
    // Some still make the piece that nobody will take.
    poll_until(|| (server.database.number(held) == 0).then_some(()));
    let added = most_memory(server.child.id()).saturating_sub(before);
    println!("{} MiB before, {} MiB more", before >> 20, added >> 20);
    assert!(added < MOST_ADDED, "{added} bytes");
    // Who reads on has all of it. The last one has not stopped for so long that it was given up.
    let mut rest = Vec::new();
    stopped.pop().unwrap().read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"}]\r\n0\r\n\r\n"));
}

#[test]
fn an_answer_that_the_database_fails_is_broken_off_and_never_looks_whole() {
    let server = TestServer::on(Database::lasting(), &[]);
    store_large(&server, 300);
    for format in ["json", "jsonl"] {
        let mut socket = begun(&server, &format!("/api/events?limit=300&user_id=large&format={format}"));
        server.database.run("ALTER TABLE property_state RENAME TO elsewhere");
        let mut rest = Vec::new();
        let _reset = socket.read_to_end(&mut rest);
        assert!(!rest.ends_with(b"0\r\n\r\n"));
        // Nor where a proxy ends it well.
        let text = String::from_utf8_lossy(&rest);
        let last = text.trim_end().lines().last().unwrap();
        assert!(!last.ends_with('}') && !last.ends_with(']'), "{}", &last[last.len() - 20..]);
        server.read("/api/events?limit=300").refused(503);
        server.database.run("ALTER TABLE elsewhere RENAME TO property_state");
        assert_eq!(server.events("limit=1").len(), 1);
    }
}
