//! Answers of flags and evaluation that a client has already, and answers in the codings that it takes.

use std::io::{Read, Write};

use experiment_wasm::api::base64url;
use serde_json::{Value, json};

use crate::client::{TestRequest, TestResponse, connected};
use crate::flags::{put, simple};
use crate::process::most_memory;
use crate::test_server::{CLIENT, SERVER, TestServer};

/// A server whose flags are long enough to be compressed.
fn server() -> TestServer {
    let server = TestServer::start();
    let mut flag = simple("long", "on");
    flag["variants"]["on"]["payload"] = json!("all the same ".repeat(500));
    put(&server, &flag).send().expect(200);
    server
}

fn flags(server: &TestServer) -> TestRequest {
    server.request("GET", "/sdk/v2/flags").header("authorization", SERVER)
}

fn inflated(answer: &TestResponse) -> Vec<u8> {
    let (mut plain, body) = (Vec::new(), answer.body.as_slice());
    match answer.header("content-encoding") {
        None => plain.extend(body),
        Some("gzip") => drop(flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap()),
        Some("br") => drop(brotli::Decompressor::new(body, 4_096).read_to_end(&mut plain).unwrap()),
        Some("zstd") => plain = zstd::stream::decode_all(body).unwrap(),
        Some(other) => panic!("{other}"),
    }
    plain
}

#[test]
fn a_poll_of_flags_that_did_not_change_is_answered_without_them() {
    let server = server();
    let first = flags(&server).send();
    let tag = first.header("etag").unwrap().to_owned();
    for path in ["/sdk/v2/flags", "/v1/flags"] {
        let poll = server.request("GET", path).header("authorization", SERVER).header("if-none-match", &tag).send();
        assert_eq!((poll.status, poll.body.len(), poll.header("etag")), (304, 0, Some(tag.as_str())));
    }
    // Whatever coding it came in.
    let poll = flags(&server).header("accept-encoding", "br").header("if-none-match", &tag).send();
    assert_eq!((poll.status, poll.header("content-encoding")), (304, None));
    assert_eq!(poll.header("cache-control"), Some("no-store"));
    // Of other flags, or of a page, it is another.
    let of_a_page =
        server.request("GET", "/sdk/v2/flags").header("authorization", CLIENT).header("if-none-match", &tag);
    assert_eq!(of_a_page.send().status, 200);
    put(&server, &simple("button", "new")).send().expect(200);
    let changed = flags(&server).header("if-none-match", &tag).send();
    assert!(changed.status == 200 && changed.header("etag") != Some(tag.as_str()));
    let some = |tag: &str| {
        let some = server.request("GET", "/sdk/v2/flags?flag_keys=button").header("authorization", SERVER);
        some.header("if-none-match", tag).send()
    };
    let tag = some("\"none\"").header("etag").unwrap().to_owned();
    assert_eq!(some(&tag).status, 304);
}

#[test]
fn an_evaluation_that_a_client_has_is_answered_without_it_and_still_tracked() {
    let server = server();
    let asked = |user: &str| server.vardata(&json!({ "user_id": user }));
    let first = asked("alice").send();
    let tag = first.header("etag").unwrap().to_owned();
    let again = asked("bob").header("if-none-match", &tag).send();
    assert_eq!((again.status, again.header("x-cache")), (304, Some("MISS")));
    server.assignments("bob", 1);
    let again = asked("bob").header("if-none-match", &tag).send();
    assert_eq!((again.status, again.header("x-cache")), (304, Some("HIT")));
    // A POST has no 304.
    let posted =
        server.request("POST", "/sdk/v2/vardata").header("authorization", CLIENT).header("if-none-match", &tag);
    posted.body(r#"{"user_id":"alice"}"#).send().expect(200);
}

#[test]
fn an_answer_comes_in_the_coding_that_a_client_takes() {
    let server = server();
    let plain = flags(&server).send();
    let evaluated = server.vardata(&json!({ "user_id": "alice" })).send();
    assert!(plain.header("content-encoding").is_none() && plain.header("vary").unwrap().contains("accept-encoding"));
    for (accepted, coding) in [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd")] {
        let all = flags(&server).header("accept-encoding", accepted);
        let some = server.request("GET", "/sdk/v2/flags?flag_keys=long").header("authorization", SERVER);
        let some = some.header("accept-encoding", accepted);
        let user = server.vardata(&json!({ "user_id": "alice" })).header("accept-encoding", accepted);
        for (request, expected) in [(all, Some(&plain.body)), (some, None), (user, Some(&evaluated.body))] {
            let answer = request.send();
            assert_eq!((answer.status, answer.header("content-encoding")), (200, Some(coding)));
            assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
            assert!(answer.body.len() < 3_000, "{}", answer.body.len());
            let inflated = inflated(&answer);
            assert!(expected.is_none_or(|expected| *expected == inflated), "{coding}");
            let _json: Value = serde_json::from_slice(&inflated).unwrap();
        }
        // A HEAD says what the GET would.
        let [get, head] = ["GET", "HEAD"].map(|method| {
            server
                .request(method, "/sdk/v2/flags")
                .header("authorization", SERVER)
                .header("accept-encoding", accepted)
                .send()
        });
        for name in ["content-length", "content-encoding", "etag", "vary"] {
            assert_eq!(get.header(name), head.header(name), "{name}");
        }
    }
}

#[test]
fn small_answers_refusals_and_those_of_the_admin_stay_plain() {
    let server = server();
    let asked = |path: &str, key: &str| {
        server.request("GET", path).header("authorization", key).header("accept-encoding", "gzip").send()
    };
    for answer in [
        asked("/sdk/v2/flags?flag_keys=banner", SERVER),
        asked("/sdk/v2/flags", "Api-Key wrong"),
        asked("/api/flags", crate::test_server::ADMIN),
        asked("/healthz", ""),
    ] {
        assert_eq!(answer.header("content-encoding"), None);
    }
}

/// How much memory the server may have had with all readers, in bytes: under what it is allowed in all.
const MOST_MEMORY: u64 = 192 << 20;

#[test]
fn a_thousand_slow_readers_of_compressed_answers_cost_no_encoder_each() {
    let server = TestServer::start();
    let mut flag = simple("long", "on");
    // Text that is neither random nor all the same: a megabyte, of which a fifth is left.
    let text = |seed: u64| {
        (0..60_000).scan(seed, |x, _| {
            *x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(["red", "green", "blue", "yellow", "white", "black", "grey", "orange"][(*x >> 61) as usize])
        })
    };
    for seed in 0..2 {
        flag["key"] = json!(format!("long-{seed}"));
        flag["variants"]["on"]["payload"] = json!(text(seed).collect::<Vec<_>>().join(" "));
        put(&server, &flag).send().expect(200);
    }
    let user = base64url(br#"{"user_id":"alice"}"#);
    let readers: Vec<_> = (0..1_000).map(|n| {
        // Evaluations are compressed for each reader anew, which takes a while without optimization.
        let evaluates = n % 20 == 0;
        let path = if evaluates { "/sdk/v2/vardata" } else { "/sdk/v2/flags" };
        let coding = ["gzip", "br", "zstd"][n % 3];
        let mut socket = connected(server.port);
        let user = if !evaluates { String::new() } else { format!("x-amp-exp-user: {}\r\n", user.to_str()) };
        write!(socket, "GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: {SERVER}\r\naccept-encoding: {coding}\r\n{user}connection: close\r\n\r\n").unwrap();
        (socket, coding)
    }).collect();
    for (mut socket, coding) in readers {
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        assert!(head.starts_with("HTTP/1.1 200") && head.contains(&format!("content-encoding: {coding}")), "{head}");
    }
    let memory = most_memory(server.child.id());
    println!("{} MiB at most", memory >> 20);
    assert!(memory < MOST_MEMORY, "{} MiB", memory >> 20);
}
