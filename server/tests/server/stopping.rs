//! SIGTERM: what was accepted is finished, what waits is stored, then the process ends well.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::database::Database;
use crate::running::Running;

#[test]
fn assignments_that_still_wait_are_stored_before_the_end() {
    let mut server = Running::on(Database::lasting(), &[]);
    for n in 0..50 {
        server.vardata(&json!({ "user_id": format!("user-{n}") })).send().expect(200);
    }
    server.terminate();
    server.restart();
    assert_eq!(server.events("limit=1000").len(), 50);
}

#[test]
fn a_request_under_way_is_answered_and_a_new_one_is_not() {
    let mut server = Running::on(Database::lasting(), &[]);
    let body =
        json!({ "api_key": "shop-api-key", "events": [{ "user_id": "alice", "event_type": "Buy" }] }).to_string();
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let head = format!(
        "POST /2/httpapi HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    // The server asks for the body: the request is under way.
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    let (port, id) = (server.port, server.child.id().to_string());
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    crate::running::until(|| TcpStream::connect(("127.0.0.1", port)).is_err().then_some(()));
    socket.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(server.child.wait().unwrap().success());
    server.restart();
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn a_server_without_a_readable_configuration_says_so_and_ends() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_experiment-server"))
        .args(["--config", "/nowhere"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("/nowhere"));
}
