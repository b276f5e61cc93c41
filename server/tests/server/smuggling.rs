//! Requests that two readers could understand in two ways: none hides another one in its body.

use std::io::{Read, Write};
use std::net::Shutdown;

use crate::running::Running;

/// What would be answered by 404 if it were read as a request.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n";

/// What follows each time, so that a connection that goes on comes to an end.
const END: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

/// The statuses of all answers to these bytes.
fn statuses(server: &Running, bytes: &[u8]) -> Vec<u16> {
    let mut socket = crate::asking::connected(server.port);
    // The server may have closed it before the end.
    let _refused_early = socket.write_all(bytes);
    if !bytes.ends_with(END.as_bytes()) {
        let _closed = socket.shutdown(Shutdown::Write);
    }
    let mut answers = Vec::new();
    let _closed = socket.read_to_end(&mut answers);
    let answers = String::from_utf8_lossy(&answers).into_owned();
    answers.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

#[test]
fn two_requests_in_one_piece_are_two() {
    let server = Running::start();
    let first = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(statuses(&server, format!("{first}{HIDDEN}{END}").as_bytes()), [200, 404, 200]);
}

#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused() {
    let server = Running::start();
    let length = HIDDEN.len();
    for headers in [
        format!("content-length: 0\r\ncontent-length: {length}"),
        format!("content-length: {length}\r\ncontent-length: 0"),
        "content-length: +0".to_owned(),
        "content-length: -1".to_owned(),
        "content-length: 0x0".to_owned(),
        format!("content-length: 0, {length}"),
        "content-length: 0 0".to_owned(),
        "content-length:".to_owned(),
        "content-length: 99999999999999999999".to_owned(),
        "content-length : 0".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding: identity".to_owned(),
        "transfer-encoding : chunked".to_owned(),
        "transfer-encoding: \x0bchunked".to_owned(),
        "transfer-encoding: gzip".to_owned(),
        "transfer-encoding:\r\n chunked".to_owned(),
        "x: a\r\n folded".to_owned(),
        "x: a\0b".to_owned(),
        "x: a\rb".to_owned(),
        "x\0: a".to_owned(),
        " x: a".to_owned(),
        "x".to_owned(),
    ] {
        let bytes = format!("POST /2/httpapi HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n{HIDDEN}{END}");
        let answered = statuses(&server, bytes.as_bytes());
        assert!(answered == [400], "{headers:?}: {answered:?}");
    }
}

#[test]
fn what_follows_an_ambiguous_request_is_never_read() {
    let server = Running::start();
    let post = |headers: &str, body: &str| {
        let bytes = format!("POST /2/httpapi HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n{body}{END}");
        statuses(&server, bytes.as_bytes())
    };
    // Both lengths: the pieces count and the connection ends (RFC 9112, 6.3).
    let chunks = format!("0\r\n\r\n{HIDDEN}");
    for order in ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        assert_eq!(post(order, &chunks), [400], "{order:?}");
    }
    for size in ["fffffffffffffffff", "-1", "0x5", "5;\n", "g", "", " 5"] {
        let answered = post("transfer-encoding: chunked", &format!("{size}\r\nabcde\r\n0\r\n\r\n{HIDDEN}"));
        assert!(answered.is_empty() || answered == [400], "{size:?}: {answered:?}");
    }
    // A body of a route that reads none is a body all the same.
    let get = format!("GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{HIDDEN}{END}", HIDDEN.len());
    assert_eq!(statuses(&server, get.as_bytes()), [200, 200]);
    // Refused before its body was read.
    let put = format!("PUT /api/flags/a HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{HIDDEN}{END}", HIDDEN.len());
    assert_eq!(statuses(&server, put.as_bytes()), [401, 200]);
}

#[test]
fn what_is_no_http_1_is_refused_and_the_server_goes_on() {
    let server = Running::start();
    for bytes in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/0.9\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\n\r\n",
        b"GET /heal thz HTTP/1.1\r\n\r\n",
        b"GET /heal\0thz HTTP/1.1\r\n\r\n",
        b"G\0T /healthz HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0",
    ] {
        let answered = statuses(&server, bytes);
        assert!(answered.is_empty() || answered == [400], "{}: {answered:?}", String::from_utf8_lossy(bytes));
    }
    server.ask("GET", "/healthz").send().expect(200);
}
