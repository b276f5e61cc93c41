//! SIGTERM and SIGINT: what was accepted is finished, what waits is stored, then the process ends well.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::database::Database;
use crate::process::{ended, lines_of, ports_of, signal};
use crate::test_server::{TestServer, poll_until};

#[test]
fn assignments_that_still_wait_are_stored_before_the_end() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    for n in 0..50 {
        server.vardata(&json!({ "user_id": format!("user-{n}") })).send().expect(200);
    }
    server.terminate();
    server.restart();
    assert_eq!(server.events("limit=1000").len(), 50);
}

#[test]
fn a_request_under_way_is_answered_and_a_new_one_is_not() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    let body =
        json!({ "api_key": "shop-api-key", "events": [{ "user_id": "alice", "event_type": "Buy" }] }).to_string();
    let mut socket = crate::client::connected(server.port);
    let head = format!(
        "POST /2/httpapi HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    // The server asks for the body: the request is under way.
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    let port = server.port;
    signal(&server.child, "TERM");
    crate::test_server::poll_until(|| TcpStream::connect(("127.0.0.1", port)).is_err().then_some(()));
    socket.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(ended(&mut server.child).success());
    server.restart();
    assert_eq!(server.events("").len(), 1);
}

#[test]
fn every_signal_that_asks_a_server_to_stop_lets_it_finish() {
    for name in ["TERM", "INT"] {
        let mut server = TestServer::on(Database::lasting(), &[]);
        for n in 0..20 {
            server.vardata(&json!({ "user_id": format!("user-{n}") })).send().expect(200);
        }
        signal(&server.child, name);
        assert!(ended(&mut server.child).success(), "{name}");
        server.restart();
        assert_eq!(server.events("limit=1000").len(), 20, "{name}");
    }
}

/// Whether a signal by this number is among those that a process handles in this way: `SigCgt`, `SigIgn`.
fn has_signal(child: &Child, line: &str, number: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let mask = status.lines().find_map(|said| said.strip_prefix(line)?.strip_prefix(':')).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() >> (number - 1) & 1 == 1
}

const HANGUP: u32 = 1;
const TERMINATE: u32 = 15;

#[test]
fn a_stop_that_is_asked_for_before_the_first_line_is_said_stops_everything() {
    // A server whose first line waits for a reader is between its first handler and that line for as long as it takes.
    let (mut reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = (&writer).write(&[b' '; 1 << 16]) {
            break error.kind();
        }
    };
    assert_eq!(full, ErrorKind::WouldBlock);
    writer.set_nonblocking(false).unwrap();
    let mut child = command(&["--metrics-port", "0"]).stdout(OwnedFd::from(writer)).spawn().unwrap();
    poll_until(|| has_signal(&child, "SigCgt", TERMINATE).then_some(()));
    signal(&child, "TERM");
    let reading = std::thread::spawn(move || {
        let mut said = Vec::new();
        reader.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let _ended = reader.read_to_end(&mut said);
    });
    assert!(ended(&mut child).success());
    reading.join().unwrap();
}

#[test]
fn a_stop_that_is_asked_for_at_the_first_line_stops_everything() {
    for _ in 0..20 {
        let mut child = command(&["--metrics-port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = lines_of(&mut child);
        lines.recv_timeout(Duration::from_secs(60)).unwrap();
        signal(&child, "TERM");
        assert!(ended(&mut child).success());
    }
}

fn command(more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
    command.args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/config.json"), "--port", "0"]);
    command.args(more).stderr(Stdio::null());
    command
}

#[test]
fn a_server_that_is_to_outlive_its_terminal_does() {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_experiment-server")]);
    command.args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/config.json"), "--port", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let [port] = ports_of(&mut child, ["listening on"]);
    let mut server = TestServer { port, child, database: Database::Memory };
    assert!(has_signal(&server.child, "SigCgt", HANGUP));
    signal(&server.child, "HUP");
    server.request("GET", "/healthz").send().expect(200);
    server.terminate();
}
