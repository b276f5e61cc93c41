//! What an operator sets of the log: levels, the form, the access log; and the ids of requests.

use std::process::Command;

use serde_json::{Value, json};

use crate::database::Database;
use crate::log_file::LogFile;
use crate::poll_until::poll_until;
use crate::process::{ended, output_of, port_of};
use crate::route_matrix::{betrayed, request_every_route};
use crate::test_server::{CLIENT, TestServer};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/config.json");

/// A server whose log this environment sets.
fn server(environment: &[(&str, &str)], more: &[&str]) -> (TestServer, LogFile) {
    let (database, log) = (Database::lasting(), LogFile::new());
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
    command.args(["--config", CONFIG, "--port", "0", "--database", &database.url()]).args(more);
    command.envs(environment.iter().copied()).stdout(std::process::Stdio::piped()).stderr(log.writer());
    let mut child = command.spawn().unwrap();
    let port = port_of(&mut child);
    (TestServer { port, child, database }, log)
}

const JSON: (&str, &str) = ("EXPERIMENT_LOG_FORMAT", "json");

#[test]
fn the_start_and_the_stop_are_a_line_each() {
    let (mut server, log) = server(&[JSON], &[]);
    server.terminate();
    let lines = log.lines();
    let [started, stopped] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&started["message"], &stopped["message"]), (&json!("started"), &json!("stopped")));
    assert_eq!((&started["level"], &started["version"]), (&json!("INFO"), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(started["address"].as_str().unwrap().contains(&format!("127.0.0.1:{}", server.port)));
    let url = server.database.url();
    let name = url.trim_start_matches("sqlite:").rsplit("127.0.0.1").next().unwrap();
    assert!(!started["database"].as_str().unwrap().is_empty() && !started.to_string().contains("test@"), "{name}");
}

#[test]
fn levels_and_form_that_are_not_understood_are_refused_at_the_start() {
    for (variable, value) in [
        ("EXPERIMENT_LOG", "inof"),
        ("EXPERIMENT_LOG", "info,experiment_server=loud"),
        ("EXPERIMENT_LOG_FORMAT", "xml"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
        let output = output_of(command.args(["--config", CONFIG, "--port", "0"]).env(variable, value));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.starts_with(variable), "{said}");
    }
}

#[test]
fn a_level_keeps_lower_lines_out() {
    let (mut server, log) = server(&[("EXPERIMENT_LOG", "warn")], &["--access-log"]);
    server.request("GET", "/healthz").send().expect(200);
    server.terminate();
    assert_eq!(log.text(), "");
}

#[test]
fn a_request_has_an_id_that_is_answered_and_logged() {
    let (server, log) = server(&[JSON, ("EXPERIMENT_LOG", "error")], &[]);
    let id = |sent: Option<&str>| {
        let request = server.request("GET", "/healthz");
        let request = match sent {
            Some(sent) => request.header("x-request-id", sent),
            None => request,
        };
        request.send().header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(id(Some("0af7651916cd43dd8448eb211c80319c-7")), "0af7651916cd43dd8448eb211c80319c-7");
    let (one, other) = (id(None), id(None));
    assert!(one.len() == 36 && one != other, "{one} {other}");
    for bad in ["", "a b", "a\"b", &"a".repeat(129)] {
        assert_eq!(id(Some(bad)).len(), 36, "{bad}");
    }
    // Refusals have one too, also of what is no route.
    for path in ["/nothing", "/api/events", "/sdk/v2/flags"] {
        assert!(server.request("GET", path).send().header("x-request-id").is_some(), "{path}");
    }
    server.database.run("ALTER TABLE flag RENAME TO away");
    server
        .request("GET", "/api/flags")
        .header("authorization", "Bearer shop-admin-key")
        .header("x-request-id", "of-this-one")
        .send()
        .refused(503);
    let failed = poll_until(|| log.lines().into_iter().find(|line| line["span"]["id"] == "of-this-one"));
    assert_eq!((&failed["level"], &failed["message"]), (&json!("ERROR"), &json!("the store failed")));
    server.database.run("ALTER TABLE away RENAME TO flag");
}

#[test]
fn the_access_log_tells_of_each_request_and_of_no_user() {
    let (mut server, log) = server(&[JSON], &["--access-log"]);
    let answer = server
        .request("GET", "/sdk/v2/flags?zq7x=zq7x")
        .header("authorization", CLIENT)
        .header("x-request-id", "one")
        .send();
    server.request("PUT", "/api/flags/zq7x").header("x-request-id", "two").send().refused(401);
    server.request("BREW", "/zq7x").header("x-request-id", "three").send().refused(404);
    let line = |id: &str| {
        let line = poll_until(|| log.lines().into_iter().find(|line| line["span"]["id"] == id));
        assert!(line["ms"].is_u64() && line["target"] == "access", "{line}");
        ["method", "route", "status", "bytes"].map(|field| line[field].clone())
    };
    assert_eq!(line("one"), [json!("GET"), json!("/sdk/v2/flags"), json!(200), json!(answer.body.len())]);
    assert_eq!(line("two")[..3], [json!("PUT"), json!("/api/flags/{key}"), json!(401)]);
    assert_eq!(line("three")[..3], [json!("other"), json!("other"), json!(404)]);
    request_every_route(&server);
    server.terminate();
    let text = log.text();
    assert!(text.lines().count() > 50);
    assert_eq!(betrayed(&text), None);
}

#[test]
fn the_finest_level_tells_nothing_of_users_either() {
    let (mut server, log) = server(&[("EXPERIMENT_LOG", "trace")], &["--access-log"]);
    request_every_route(&server);
    server.terminate();
    let text = log.text();
    let shown = betrayed(&text).map(|word| text.lines().find(|line| line.to_lowercase().contains(word)));
    assert_eq!(shown, None);
}

#[test]
fn a_line_of_a_log_in_json_is_json_whatever_went_wrong() {
    let (mut server, log) = server(&[JSON], &[]);
    server.database.run("ALTER TABLE event RENAME TO away");
    request_every_route(&server);
    server.database.run("ALTER TABLE away RENAME TO event");
    ended_well(&mut server);
    assert!(log.lines().iter().all(|line: &Value| line["timestamp"].is_string() && line["level"].is_string()));
}

fn ended_well(server: &mut TestServer) {
    crate::process::signal(&server.child, "TERM");
    assert!(ended(&mut server.child).success());
}
