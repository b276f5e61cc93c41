//! Every budget of memory full at the same moment, from real sockets: bodies of each kind that are read, that come slowly
//! and that wait for the store, answers and stored events that nobody takes, and the cache. The process stays under
//! 256 MiB, and who is well-behaved is served. A part of `make test-faults`: without optimization it takes minutes.
//!
//! Not with all 4,096 connections in use besides: each has buffers of up to 50 KB, which are 200 MiB by themselves. They
//! have a flood of their own.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Scope, scope, sleep};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::background_load::{StopOnDrop, flooded};
use crate::process::most_memory;
use crate::test_server::{ADMIN, CLIENT, SERVER, TestServer};
use crate::turns::writers;

/// How often nothing can be stored, and for how long each time: for less than the server waits for a lock.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

/// How long a connection stays that takes no answer, or sends slowly: for less than the server lets it.
const PATIENCE: Duration = Duration::from_secs(8);

/// How many bytes an unread answer has: more than the system takes off the server's hands.
const UNREAD_BYTES: usize = 900_000;

/// How many bytes the largest event has.
const LARGEST_EVENT: usize = 15 << 20;

/// Of a kind of body: to which route, how long, with how many events (none is a user), how many properties in all, and
/// how many are sent at once.
struct Kind {
    path: &'static str,
    bytes: usize,
    events: usize,
    properties: usize,
    at_once: usize,
}

const KINDS: [Kind; 4] = [
    Kind { path: "/2/httpapi", bytes: 16_000, events: 4, properties: 1_300, at_once: 60 },
    Kind { path: "/2/httpapi", bytes: 1_000_000, events: 250, properties: 82_000, at_once: 8 },
    Kind { path: "/batch", bytes: 20_000_000, events: 2_000, properties: 44_000, at_once: 3 },
    Kind { path: "/sdk/v2/vardata", bytes: 250_000, events: 0, properties: 22_000, at_once: 20 },
];

#[test]
fn everything_is_full_at_once() {
    if std::env::var_os("EXPERIMENT_FAULTS").is_none() {
        return;
    }
    flooded("everything", |server| {
        fill_cache(server);
        store_large(server);
        let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
        scope(|scope| {
            let _over = StopOnDrop(&over);
            for kind in &KINDS {
                send_all(scope, server, kind, (&over, &answered));
                dribble_all(scope, server.port, kind, &over);
            }
            unread_all(scope, server.port, &over);
            for _ in 0..ROUNDS {
                sleep(Duration::from_secs(2));
                server.database.held(writers(&server.database), || sleep(ROUND));
                println!("{} MiB so far", most_memory(server.child.id()) >> 20);
            }
        });
        assert!(answered.into_inner() > 0);
    });
}

/// The cache of answers, as full as it gets: each user's answer is a large one.
fn fill_cache(server: &TestServer) {
    let put = |key: &str, flag: serde_json::Value| {
        let put = server.request("PUT", &format!("/api/flags/{key}")).header("authorization", ADMIN);
        put.body(flag.to_string()).send().expect(200);
    };
    let variant = json!({ "key": "on", "payload": "x".repeat(60_000) });
    put("large", json!({ "variants": { "on": variant }, "segments": [{ "variant": "on" }] }));
    for number in 0..1_200 {
        let user = json!({ "user_id": format!("cached-{number}") });
        server.vardata(&user).header("x-amp-exp-track", "no-track").send().expect(200);
    }
    put("unread", json!({ "metadata": { "note": "x".repeat(UNREAD_BYTES) }, "variants": {}, "segments": [] }));
}

/// An event of the largest size, and many that fill the usual pieces of an answer.
fn store_large(server: &TestServer) {
    let one = |event_type: &str, bytes: usize| json!({ "user_id": "large", "event_type": event_type, "event_properties": { "note": "x".repeat(bytes) } });
    for events in [vec![one("Largest", LARGEST_EVENT)], vec![one("Large", 100_000); 150]] {
        let body = json!({ "api_key": "shop-api-key", "events": events }).to_string();
        server.request("POST", "/batch").body(body).waiting(Duration::from_secs(120)).send().expect(200);
    }
}

/// Sends bodies of a kind until it is over.
fn send_all<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    server: &'env TestServer,
    kind: &'static Kind,
    (over, answered): (&'scope AtomicBool, &'scope AtomicUsize),
) {
    for number in 0..kind.at_once {
        scope.spawn(move || {
            let body = kind.body(number);
            while !over.load(Ordering::Acquire) {
                let request = server.request("POST", kind.path).header("authorization", CLIENT).body(body.clone());
                // Where it takes this long, the machine is too slow for all of them.
                let Ok(answer) = request.waiting(Duration::from_secs(120)).attempt() else { continue };
                // The store was away, or the pace of a body was too slow beside all the others.
                assert!([200, 408, 503].contains(&answer.status), "{}", answer.status);
                answered.fetch_add(usize::from(answer.status == 200), Ordering::Relaxed);
            }
        });
    }
}

impl Kind {
    /// A body of this kind.
    fn body(&self, number: usize) -> String {
        let Self { bytes, events, properties, .. } = *self;
        let own = (10_000..10_000 + properties / events.max(1)).map(|name| format!(r#""{name}a":0"#));
        let own = own.collect::<Vec<_>>().join(",");
        if events == 0 {
            return format!(r#"{{"user_id":"dense-{number}","user_properties":{{{own}}}}}"#);
        }
        let note = "x".repeat((bytes / events).saturating_sub(own.len() + 200));
        let event = |n: usize| {
            format!(
                r#"{{"user_id":"dense-{bytes}-{number}-{n}","event_type":"Dense","event_properties":{{"note":"{note}"}},"user_properties":{{{own}}}}}"#
            )
        };
        let events = (0..events).map(event).collect::<Vec<_>>().join(",");
        format!(r#"{{"api_key":"shop-api-key","events":[{events}]}}"#)
    }
}

/// Bodies that come slowly: the most of them at once, the rest at a pace that is just accepted.
fn dribble_all<'scope>(scope: &'scope Scope<'scope, '_>, port: u16, kind: &'static Kind, over: &'scope AtomicBool) {
    for _ in 0..kind.at_once {
        scope.spawn(move || {
            while !over.load(Ordering::Acquire) {
                // Who has no room is sent away, and comes again.
                let _sent_away = dribble(port, kind, over);
            }
        });
    }
}

fn dribble(port: u16, Kind { path, bytes, .. }: &Kind, over: &AtomicBool) -> std::io::Result<()> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_write_timeout(Some(Duration::from_secs(1)))?;
    let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: {CLIENT}\r\ncontent-length: {bytes}\r\n\r\n");
    let most = [head.as_bytes(), &vec![b' '; bytes - bytes / 10]].concat();
    // What the server has no room for does not leave.
    let _stuck = socket.write_all(&most);
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE && !over.load(Ordering::Acquire) {
        sleep(Duration::from_millis(200));
        socket.write_all(&[b' '; 3_000])?;
    }
    Ok(())
}

/// Answers that nobody reads: flags for one reader, and stored events.
fn unread_all<'scope>(scope: &'scope Scope<'scope, '_>, port: u16, over: &'scope AtomicBool) {
    let asked = [
        (60, "/sdk/v2/flags?flag_keys=unread", SERVER),
        (4, "/api/events?event_type=Largest&limit=1", ADMIN),
        (60, "/api/events?event_type=Large&limit=150", ADMIN),
    ];
    for (count, path, key) in asked {
        for _ in 0..count {
            scope.spawn(move || {
                let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: {key}\r\n\r\n").repeat(20);
                while !over.load(Ordering::Acquire) {
                    let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)) else { return };
                    let _sent_away = socket.write_all(request.as_bytes());
                    let begin = Instant::now();
                    while begin.elapsed() < PATIENCE && !over.load(Ordering::Acquire) {
                        sleep(Duration::from_millis(100));
                    }
                }
            });
        }
    }
}
