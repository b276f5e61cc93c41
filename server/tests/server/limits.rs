//! Limits: too many, too large, too slow, inflated. Each is refused by itself and harms nobody else.

use std::io::{Read, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::asking::Answer;
use crate::running::{CLIENT, Running};

fn body(count: usize, padding: usize) -> Vec<u8> {
    // A hundred users, so that none of them sends too much.
    let event = |n: usize| json!({ "user_id": format!("user-{}", n % 100), "event_type": "Buy", "insert_id": n.to_string(), "event_properties": { "note": "x".repeat(padding) } });
    json!({ "api_key": "shop-api-key", "events": (0..count).map(event).collect::<Vec<Value>>() })
        .to_string()
        .into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn post(server: &Running, path: &str, body: Vec<u8>) -> Answer {
    server.ask("POST", path).body(body).send()
}

#[test]
fn two_thousand_events_are_taken_and_one_more_is_too_many() {
    let server = Running::start();
    assert_eq!(post(&server, "/2/httpapi", body(2_000, 0)).expect(200)["events_ingested"], 2_000);
    post(&server, "/2/httpapi", body(2_001, 0)).refused(413);
    post(&server, "/batch", body(2_001, 0)).refused(413);
    assert_eq!(server.events("limit=5000").len(), 2_000);
}

#[test]
fn a_megabyte_is_the_limit_of_one_route_and_twenty_of_the_other() {
    let server = Running::start();
    post(&server, "/2/httpapi", body(2, 600_000)).refused(413);
    assert_eq!(post(&server, "/batch", body(20, 1_000_000)).expect(200)["events_ingested"], 20);
    post(&server, "/batch", body(20, 1_100_000)).refused(413);
    post(&server, "/sdk/v2/vardata", Vec::new()).refused(401);
    let large = server.ask("POST", "/sdk/v2/vardata").header("authorization", CLIENT).body(vec![b' '; 300_000]);
    large.send().refused(413);
}

#[test]
fn a_client_that_is_still_sending_hears_that_it_is_too_much_and_may_go_on() {
    let server = Running::start();
    let mut socket = crate::asking::connected(server.port);
    let mut send = |body: &[u8]| {
        let head = format!("POST /2/httpapi HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", body.len());
        // Analytics SDKs give up what is in the request when this fails.
        socket.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = [0; 4_096];
        let length = socket.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    assert!(send(&body(24, 1_000_000)).starts_with("HTTP/1.1 413"));
    assert!(send(&body(3, 300_000)).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_client_that_asks_before_it_sends_is_refused_at_once() {
    let server = Running::start();
    let mut socket = crate::asking::connected(server.port);
    let head = "POST /2/httpapi HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5000000\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn gzip_is_read_and_what_it_hides_counts() {
    let server = Running::start();
    let send = |path: &str, encoding: &str, body: Vec<u8>| {
        server.ask("POST", path).header("content-encoding", encoding).body(body).send()
    };
    assert_eq!(send("/2/httpapi", "gzip", gzip(&body(3, 10))).expect(200)["events_ingested"], 3);
    // Codings have no case and come in lists; `identity` is none.
    for encoding in ["GZIP", "X-GZip", " gzip ,", "identity, Gzip", "gzip\r\ncontent-encoding: identity"] {
        assert_eq!(send("/2/httpapi", encoding, gzip(&body(1, 0))).expect(200)["code"], 200, "{encoding:?}");
    }
    for encoding in ["Identity", "", "identity,IDENTITY"] {
        assert_eq!(send("/2/httpapi", encoding, body(1, 0)).expect(200)["code"], 200, "{encoding:?}");
    }
    for encoding in ["gzip, gzip", "gzip, br", "deflate", "gzip\r\ncontent-encoding: gzip"] {
        send("/2/httpapi", encoding, gzip(&body(1, 0))).refused(400);
    }
    let bomb = gzip(&vec![b' '; 30 << 20]);
    assert!(bomb.len() < 1 << 20);
    send("/2/httpapi", "gzip", bomb.clone()).refused(413);
    send("/batch", "gzip", bomb).refused(413);
    send("/2/httpapi", "gzip", body(1, 0)).refused(400);
    send("/2/httpapi", "br", body(1, 0)).refused(400);
}

#[test]
fn a_body_without_a_declared_length_has_the_same_limit() {
    let server = Running::start();
    let mut socket = crate::asking::connected(server.port);
    let head = "POST /2/httpapi HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    let chunk = [b"10000\r\n", vec![b' '; 0x10000].as_slice(), b"\r\n"].concat();
    // The server stops reading when it has enough.
    let _refused_early = (0..32).try_for_each(|_| socket.write_all(&chunk));
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn a_user_of_sixteen_kilobytes_fits_into_the_header_and_a_larger_one_does_not() {
    let server = Running::start();
    let user = |length: usize| json!({ "user_id": "alice", "note": "x".repeat(length) });
    server.vardata(&user(12_000)).send().expect(200);
    server.vardata(&user(13_000)).send().refused(431);
    assert_eq!(server.vardata(&user(60_000)).send().status, 431);
}

#[test]
fn a_text_nested_a_hundred_thousand_deep_harms_nobody() {
    let server = Running::start();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for field in ["event_properties", "user_properties", "groups"] {
        let event = format!(r#"{{"user_id":"alice","event_type":"Buy","{field}":{{"deep":{deep}}}}}"#);
        let good = r#"{"user_id":"alice","event_type":"Buy"}"#;
        let body = format!(r#"{{"api_key":"shop-api-key","events":[{event},{good}]}}"#);
        let answer = post(&server, "/2/httpapi", body.into_bytes()).expect(200);
        let reason = if field == "groups" { "deep_event".to_owned() } else { format!("deep_{field}") };
        assert_eq!((&answer["events_ingested"], &answer["verdicts"][0]["reason"]), (&json!(1), &json!(reason)));
    }
    // As deep as may be: other readers of JSON take it, here serde's.
    let most = format!("{}{}", "[".repeat(61), "]".repeat(61));
    server.store(serde_json::from_str(&format!(r#"[{{"user_id":"alice","event_type":"Deep","event_properties":{{"deep":{most}}},"user_properties":{{"deep":{most}}}}}]"#)).unwrap());
    let shown = server.events("event_type=Deep")[0].clone();
    for properties in [&shown["event_properties"], &shown["user_properties"], &server.properties("user_id=alice")] {
        assert_eq!(properties["deep"].to_string(), most);
    }
    let user = format!(r#"{{"user_id":"alice","deep":{}}}"#, &deep[..]);
    let asking = server.ask("POST", "/sdk/v2/vardata").header("authorization", CLIENT).body(user);
    assert_eq!(asking.send().expect(200)["button"]["key"], "treatment");
}

#[test]
fn a_number_that_only_javascript_has_passes_through_and_half_a_character_is_replaced() {
    let server = Running::start();
    let event =
        r#"{"user_id":"alice","event_type":"Buy","insert_id":"1","event_properties":{"half":"\ud83d","huge":1e400}}"#;
    let body = format!(r#"{{"api_key":"shop-api-key","events":[{event}]}}"#);
    post(&server, "/2/httpapi", body.into_bytes()).expect(200);
    let shown = String::from_utf8(server.read("/api/events").body).unwrap();
    assert!(shown.contains("\"event_properties\":{\"half\":\"\u{FFFD}\",\"huge\":1e400}"), "{shown}");
}
