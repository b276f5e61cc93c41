//! Bodies that come slowly: over networks that are slow, and from who wants to hold what others need.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::honest::{flooded, size};
use crate::running::Running;

fn body(user_id: &str, bytes: usize) -> Vec<u8> {
    let event = json!({ "user_id": user_id, "event_type": "Buy", "event_properties": { "note": "x".repeat(bytes) } });
    json!({ "api_key": "shop-api-key", "events": [event] }).to_string().into_bytes()
}

/// Sends so many pieces of a body, ten a second, and then what is left, until somebody hangs up; the status line.
fn drip(port: u16, body: &[u8], (bytes, pieces): (usize, usize)) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head =
        format!("POST /2/httpapi HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    socket.write_all(head.as_bytes()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (slow, rest) = body.split_at(body.len().min(bytes * pieces));
    for piece in slow.chunks(bytes) {
        if socket.write_all(piece).is_err() {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    let _refused_early = socket.write_all(rest);
    let mut answer = Vec::new();
    let _reset = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_body_that_comes_steadily_is_taken_and_one_that_trickles_is_given_up() {
    let server = Running::start();
    let start = Instant::now();
    scope(|scope| {
        // 25 KB a second for five seconds, of a megabyte; and 4 KB a second, which would take minutes.
        let steady = scope.spawn(|| drip(server.port, &body("steady", 900_000), (2_500, 50)));
        let trickling =
            scope.spawn(|| (drip(server.port, &body("trickling", 350_000), (400, usize::MAX / 400)), start.elapsed()));
        assert_eq!(steady.join().unwrap(), "HTTP/1.1 200 OK");
        let (answer, after) = trickling.join().unwrap();
        // The first 16 KB hold no room and may take their time, which four seconds of them do; the rest may not.
        assert!(answer.is_empty() || answer == "HTTP/1.1 408 Request Timeout", "{answer}");
        assert!(after < Duration::from_secs(20), "{after:?}");
    });
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn who_sends_slowly_leaves_room_for_others() {
    flooded("slow bodies", |server| {
        let large = body("slow", 900_000);
        // Each holds on for as long as it may; for all of them there is no room, however long others wait.
        scope(|scope| {
            for _ in 0..size(200, 40) {
                scope.spawn(|| drip(server.port, &large[..size(900_000, 70_000)], (1_400, 1_000)));
            }
        });
    });
}
