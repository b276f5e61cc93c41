//! Floods. Beside each are honest clients, who must all be served, and the memory stays under a number: `honest.rs`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::asking::Asking;
use crate::database::Database;
use crate::honest::{Over, flooded, places, size};
use crate::running::{ADMIN, CLIENT, Running, SERVER};

fn in_parallel(count: usize, work: impl Fn(usize) + Sync) {
    scope(|scope| {
        for number in 0..count {
            let work = &work;
            scope.spawn(move || work(number));
        }
    });
}

/// Connections on which this was sent, and nothing more; as many as the system gives files for.
fn connections(port: u16, count: usize, sent: &[u8]) -> Vec<TcpStream> {
    let connect = |_| {
        let mut socket = crate::asking::connected(port);
        // One that was sent away for a later one no longer takes it.
        let _sent_away = socket.write_all(sent);
        socket
    };
    (0..count).map(connect).collect()
}

fn bomb(megabytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    (0..megabytes).for_each(|_| encoder.write_all(&vec![b' '; 1 << 20]).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn two_hundred_gzip_bombs_at_once() {
    let bomb = bomb(21);
    flooded("gzip bombs", |server| {
        in_parallel(200, |_| {
            let asking = server.ask("POST", "/batch").header("content-encoding", "gzip").body(bomb.clone());
            asking.waiting(Duration::from_secs(120)).send().refused(413);
        });
    });
}

#[test]
fn forty_of_the_largest_bodies_at_once_are_all_read() {
    let (count, good) = (size(40, 8), size(4, 2));
    flooded("large bodies", |server| {
        let refused = AtomicUsize::new(0);
        in_parallel(count, |number| {
            let event = |n: usize| json!({ "user_id": format!("large-{number}"), "event_type": "Large", "insert_id": format!("{number}-{n}"), "event_properties": { "note": "x".repeat(1_000_000) } });
            // What it says of itself is the last field: it is not known before that whose events these are.
            let body = json!({ "events": (0..19).map(event).collect::<Vec<_>>(), "key": "", "api_key": if number < good { "shop-api-key" } else { "z" } });
            let answer = server.ask("POST", "/batch").body(body.to_string()).waiting(Duration::from_secs(120)).send();
            match answer.status {
                200 => {}
                _ => drop((answer.refused(400), refused.fetch_add(1, Ordering::Relaxed))),
            }
        });
        assert_eq!(refused.into_inner(), count - good);
        let stored = server.database.number("SELECT count(*) FROM event WHERE event_type = 'Large'");
        assert_eq!(stored, (good * 19) as i64);
    });
}

#[test]
fn text_that_becomes_a_hundred_times_larger_in_memory() {
    let wrapped = |value: String, place: &str| {
        format!(
            r#"{{"api_key":"shop-api-key","events":[{{"user_id":"alice","event_type":"Buy",{}}}]}}"#,
            place.replace("HERE", &value)
        )
    };
    let zeros = |count: usize| format!("[{}0]", "0,".repeat(count));
    let names = |count: usize| format!(r#"{{{}"":0}}"#, r#""":0,"#.repeat(count));
    let bodies = [
        ("/batch", wrapped(zeros(size(7_000_000, 700_000)), r#""event_properties":{"a":HERE}"#)),
        ("/batch", wrapped(names(size(3_000_000, 300_000)), r#""event_properties":HERE"#)),
        ("/batch", wrapped(names(size(3_000_000, 300_000)), r#""user_properties":{"$set":HERE}"#)),
        ("/batch", wrapped(names(size(3_000_000, 300_000)), r#""rest":HERE"#)),
        ("/2/httpapi", wrapped(zeros(400_000), r#""user_properties":{"$append":{"a":HERE}}"#)),
    ];
    flooded("many values", |server| {
        in_parallel(bodies.len() * size(4, 1), |number| {
            let (path, body) = &bodies[number % bodies.len()];
            let asking = server.ask("POST", path).body(body.clone()).waiting(Duration::from_secs(120));
            asking.send().refused(413);
        });
    });
}

#[test]
fn a_user_with_large_properties_whom_many_events_show() {
    let (events, bytes) = (size(2_000, 400), size(900_000, 400_000));
    flooded("large properties", |server| {
        let note = "x".repeat(bytes);
        server.store(json!([{ "user_id": "large", "event_type": "Buy", "user_properties": { "note": note } }]));
        let event = json!({ "user_id": "large", "event_type": "Buy" });
        let body = json!({ "api_key": "shop-api-key", "events": vec![event; events] }).to_string();
        server.ask("POST", "/batch").body(body).waiting(Duration::from_secs(120)).send().expect(200);
    });
}

#[test]
fn depth_in_every_place_that_reads_json() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cut = "{\"a\":".repeat(100_000);
    flooded("depth", |server| {
        let events = |events: &str| {
            server.ask("POST", "/2/httpapi").body(format!(r#"{{"api_key":"shop-api-key","events":{events}}}"#))
        };
        assert_eq!(events(&format!("[{deep}]")).send().expect(400)["verdicts"][0]["verdict"], "rejected");
        let event = format!(r#"[{{"user_id":"deeper","event_type":"Buy","user_properties":{{"deep":{deep}}}}}]"#);
        assert_eq!(events(&event).send().expect(400)["verdicts"][0]["reason"], "deep_user_properties");
        for broken in [&cut, &deep[..100_000]] {
            events(broken).send().refused(400);
            events(&format!("[{broken}]")).send().refused(400);
            server.ask("POST", "/2/httpapi").body(broken.to_owned()).send().refused(400);
            let user = server.ask("POST", "/sdk/v2/vardata").header("authorization", CLIENT);
            user.body(&broken[..100_000]).send().refused(400);
        }
        let context = "[".repeat(5_000) + &"]".repeat(5_000);
        let user = experiment_wasm::api::base64url(format!(r#"{{"user_id":"deep","a":{context}}}"#).as_bytes());
        let asking = server.ask("GET", "/sdk/v2/vardata").header("authorization", CLIENT);
        asking.header("x-amp-exp-user", user.to_str()).send().expect(200);
        let keys = experiment_wasm::api::base64url(context.as_bytes());
        let asking = server.vardata(&json!({ "user_id": "deep" })).header("x-amp-exp-flag-keys", keys.to_str());
        asking.send().refused(400);
        let flag = |body: String| server.ask("PUT", "/api/flags/deep").header("authorization", ADMIN).body(body);
        let metadata = format!(r#"{{"key":"deep","metadata":{{"a":{deep}}},"variants":{{}},"segments":[]}}"#);
        assert_eq!(flag(metadata).send().expect(400)["reason"], "deep");
        let conditions = format!(r#"{{"key":"deep","variants":{{}},"segments":[{{"conditions":{deep}}}]}}"#);
        flag(conditions).send().refused(400);
        flag(cut.clone()).send().refused(400);
        let form = format!(r#"api_key=shop-api-key&identification={{"user_id":"deep1","user_properties":{deep}}}"#);
        server.ask("POST", "/identify").body(form).send().expect(400);
    });
}

#[test]
fn a_configuration_nested_a_hundred_thousand_deep_is_refused_and_not_a_crash() {
    let file = std::env::temp_dir().join(format!("{}.json", crate::database::name()));
    for text in [format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), r#"{"projects":["#.repeat(100_000)] {
        std::fs::write(&file, text).unwrap();
        let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_experiment-server"));
        let output = crate::process::output_of(server.arg("--config").arg(&file));
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains("the configuration is wrong"));
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn header_floods() {
    let start = "GET /healthz HTTP/1.1\r\nhost: a\r\n";
    let thousands: String = (0..5_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let floods =
        [thousands, format!("x-large: {}\r\n", "x".repeat(1 << 20)), "x".repeat(1 << 20), "x: 1\r\n".repeat(200_000)];
    flooded("headers", |server| {
        in_parallel(64, |number| {
            let mut socket = crate::asking::connected(server.port);
            let flood = [start, &floods[number % floods.len()], "\r\n"].concat();
            // The server stops reading when it has enough.
            let _refused_early = socket.write_all(flood.as_bytes());
            let mut answer = Vec::new();
            let _reset = socket.read_to_end(&mut answer);
            // A reset may have overtaken the answer.
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
        });
        // Headers that never end, as many as there are connections: each is as long as it may be.
        let endless = [start, "x-endless: ", &"x".repeat(30_000)].concat();
        drop(connections(server.port, places(), endless.as_bytes()));
    });
}

/// Everybody's place is taken by one who does nothing with it, in each of the ways there are.
#[test]
fn more_connections_than_there_are_places() {
    let head = "POST /2/httpapi HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n";
    let ways = [String::new(), "GET /he".to_owned(), head.to_owned(), format!("{head}{}", " ".repeat(10_000))];
    flooded("idle connections", |server| {
        for way in ways {
            let mut held = connections(server.port, places() + 500, way.as_bytes());
            // A byte a second, and nobody gets in the way of anybody else.
            for _ in 0..2 {
                server.ask("GET", "/healthz").send().expect(200);
                held.iter_mut().for_each(|socket| drop(socket.write(b" ")));
                sleep(Duration::from_millis(300));
            }
        }
    });
}

#[test]
fn who_never_reads_what_was_answered_and_asks_on() {
    let request =
        |query: &str| format!("GET /sdk/v2/flags{query} HTTP/1.1\r\nhost: a\r\nauthorization: {SERVER}\r\n\r\n");
    flooded("answers that nobody reads", |server| {
        let large: String = "x".repeat(500_000);
        let flag = json!({ "key": "large", "metadata": { "note": large }, "variants": {}, "segments": [] });
        let put = server.ask("PUT", "/api/flags/large").header("authorization", ADMIN);
        put.body(flag.to_string()).send().expect(200);
        let all = connections(server.port, size(500, 200), request("").repeat(50).as_bytes());
        let some = connections(server.port, size(500, 200), request("?flag_keys=large").repeat(50).as_bytes());
        sleep(Duration::from_secs(2));
        drop((all, some));
    });
}

#[test]
fn a_body_that_promises_more_than_it_brings_is_given_up() {
    flooded("broken promises", |server| {
        let head = "POST /batch HTTP/1.1\r\nhost: a\r\ncontent-length: 20000000\r\n\r\n";
        let sent = [head.as_bytes(), &[b' '; 40_000]].concat();
        // Enough to take all the room there is for large bodies, and they stand still.
        let held = connections(server.port, size(20, 3), &sent);
        let body: Value = json!({ "api_key": "shop-api-key", "events": [{ "user_id": "patient", "event_type": "Large", "event_properties": { "note": "x".repeat(2_000_000) } }] });
        // Each is waited for two seconds.
        let asking = server.ask("POST", "/batch").body(body.to_string()).waiting(Duration::from_secs(100));
        asking.send().expect(200);
        drop(held);
    });
}

#[test]
fn requests_one_behind_the_other_are_answered_in_their_order() {
    let server = Running::start();
    let one = |path: &str| Asking::new(server.port, "GET", path).head.replace("connection: close\r\n", "") + "\r\n";
    let mut socket = crate::asking::connected(server.port);
    socket.write_all([one("/healthz"), one("/nowhere")].concat().repeat(50).as_bytes()).unwrap();
    socket.write_all((Asking::new(server.port, "GET", "/healthz").head + "\r\n").as_bytes()).unwrap();
    let mut answers = String::new();
    socket.read_to_string(&mut answers).unwrap();
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    let mut expected = ["200", "404"].repeat(50);
    expected.push("200");
    assert_eq!(statuses, expected);
}

/// A thousandth of the ids in `make test`, which shows only that the flood itself works.
#[test]
fn a_million_users_who_are_asked_about_once() {
    let user = |number: usize| {
        let user = experiment_wasm::api::base64url(format!(r#"{{"user_id":"visitor-number-{number}"}}"#).as_bytes());
        format!(
            "GET /sdk/v2/vardata HTTP/1.1\r\nhost: a\r\nauthorization: {CLIENT}\r\nx-amp-exp-track: no-track\r\nx-amp-exp-user: {}\r\n\r\n",
            user.to_str()
        )
    };
    let users = size(1_000_000, 1_000);
    flooded("users", |server| {
        in_parallel(2, |half| {
            let mut socket = crate::asking::connected(server.port);
            for first in (half * users / 2..(half + 1) * users / 2).step_by(20) {
                socket.write_all((first..first + 20).map(user).collect::<String>().as_bytes()).unwrap();
                read_answers(&mut socket, 20);
            }
        });
    });
}

/// Reads so many answers, all of which are good.
fn read_answers(socket: &mut TcpStream, count: usize) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 16 << 10]);
    let good = |bytes: &[u8]| bytes.windows(12).filter(|words| words == b"HTTP/1.1 200").count();
    // Each ends with an object in an object.
    while good(&bytes) < count || !bytes.ends_with(b"}}") {
        let length = socket.read(&mut piece).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..length]);
    }
}

#[test]
fn a_million_users_and_devices_with_one_event_each() {
    let event = |n: usize| json!({ "user_id": format!("user-number-{n}"), "device_id": format!("device-number-{n}"), "event_type": "Buy" });
    let users = size(1_000_000, 4_000);
    flooded("users and devices", |server| {
        in_parallel(2, |half| {
            for first in (half * users / 2..(half + 1) * users / 2).step_by(2_000) {
                server.store((first..first + 2_000).map(event).collect());
            }
        });
    });
}

#[test]
fn readers_who_overlap_do_not_make_the_log_grow() {
    let server = Running::on(Database::lasting(), &[]);
    // PostgreSQL has its own way with its log.
    let Database::File(directory) = &server.database else { return };
    let log = directory.join("events.db-wal");
    let event = |n: usize| json!({ "user_id": format!("user-{n}"), "event_type": "Buy", "event_properties": { "note": "x".repeat(4_000) } });
    let batches = size(600, 60);
    let over = AtomicBool::new(false);
    let longest = scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    assert_eq!(server.read("/api/events?limit=1000").status, 200);
                }
            });
        }
        let _over = Over(&over);
        let lengths = (0..batches).map(|batch| {
            server.store((batch * 200..batch * 200 + 200).map(event).collect());
            std::fs::metadata(&log).unwrap().len()
        });
        lengths.max().unwrap()
    });
    println!("the log had {} MiB at most", longest >> 20);
    // 16 MB, and as much again for each time that somebody read for longer than the server waits. Left alone it had all
    // that was written: over 100.
    assert!(longest < 64 << 20, "{longest}");
}
