//! The command line and the configuration: what is taken, and what is said of what is not.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::client::TestRequest;
use crate::database::{Database, name};
use crate::process::{ended, lines_of, output_of, signal};
use crate::test_server::{SERVER, TestServer, poll_until, spawn_with_log};

pub const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/config.json");

/// A file that is gone when the test is.
struct TestFile(PathBuf);

impl TestFile {
    fn with(content: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("{}.json", name()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
    command.args(arguments);
    command
}

/// What a server says that does not start.
#[track_caller]
pub fn refusal(arguments: &[&str]) -> String {
    let output = output_of(&mut server(arguments));
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_server_without_a_readable_configuration_says_so_and_ends() {
    assert!(refusal(&["--config", "/nowhere"]).contains("/nowhere"));
}

#[test]
fn a_configuration_that_is_not_understood_is_refused_by_its_place() {
    let project =
        r#""name":"p","api_key":"a","admin_key":"b","deployments":[{"key":"c","name":"web","kind":"client"}]"#;
    let flag = |flag: &str| format!(r#"{{"projects":[{{{project},"flags":[{flag}]}}]}}"#);
    let cases = [
        (
            flag(r#"{"key":"f","variants":{"on":{}},"segments":[]}"#).replace("api_key", "api-key"),
            "`projects[0].api-key` is not known",
        ),
        ("{}".into(), "nothing to serve"),
        (
            flag(r#"{"key":"f","variants":{},"segments":[{"variant":"on"}]}"#),
            "`projects[0].flags[0].segments[0].variant` names",
        ),
        (
            flag(r#"{"key":"f","variants":{},"segments":[],"deployments":"c"}"#),
            "`projects[0].flags[0].deployments` must be",
        ),
        (
            flag(r#"{"key":"f","variants":{},"segments":[],"dependencies":["f"]}"#),
            "`projects[0].flags[0].dependencies[0]` makes",
        ),
    ];
    for (text, said) in cases {
        let file = TestFile::with(text);
        assert!(refusal(&["--config", file.path()]).contains(said), "{said}");
    }
    let mut latin1 = std::fs::read(CONFIG).unwrap();
    let at = latin1.iter().position(|byte| *byte == b's').unwrap();
    latin1[at] = 0xFC;
    let file = TestFile::with(latin1);
    assert!(refusal(&["--config", file.path()]).contains(&format!("no UTF-8 at byte {at} (line ")));
}

#[test]
fn flags_that_break_a_rule_are_no_matter_where_the_database_has_its_own() {
    let mut first = TestServer::on(Database::lasting(), &[]);
    first.terminate();
    let text = std::fs::read_to_string(CONFIG).unwrap().replacen(r#""variant": "off" }"#, r#""variant": "of" }"#, 1);
    let file = TestFile::with(text);
    assert!(refusal(&["--config", file.path()]).contains("names a variant that the flag does not have"));
    let mut again = spawn_with_log(&first.database, &["--config", file.path()], Stdio::null());
    assert!(lines_of(&mut again).recv_timeout(Duration::from_secs(60)).unwrap().starts_with("listening on"));
    signal(&again, "TERM");
    assert!(ended(&mut again).success());
}

#[test]
fn the_version_is_told() {
    let output = output_of(&mut server(&["--version"]));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("experiment-server {}\n", env!("CARGO_PKG_VERSION")));
    assert!(output.status.success());
}

#[test]
fn a_server_whose_output_cannot_be_written_serves() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let arguments = ["--config", CONFIG, "--port", &port.to_string()];
    let mut child = server(&arguments).stdout(full()).stderr(full()).spawn().unwrap();
    poll_until(|| TcpStream::connect(("127.0.0.1", port)).ok());
    TestRequest::new(port, "GET", "/healthz").send().expect(200);
    signal(&child, "TERM");
    assert!(ended(&mut child).success());
    for (arguments, code) in [(&["--help"][..], 0), (&["--version"], 0), (&["--prot"], 1), (&["--config", "/none"], 1)]
    {
        let mut child = server(arguments).stdout(full()).stderr(full()).spawn().unwrap();
        assert_eq!(ended(&mut child).code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn a_database_that_holds_something_else_is_named() {
    let mut first = TestServer::on(Database::lasting(), &[]);
    first.terminate();
    first.database.run("ALTER TABLE flag RENAME COLUMN flag_key TO shop");
    let said = refusal(&["--config", CONFIG, "--database", &first.database.url()]);
    assert!(said.contains("\n--database ") || said.starts_with("--database "), "{said}");
    assert!(said.contains("tables that are not as expected"), "{said}");
    assert!(!said.contains("flag_key"), "{said}");
}

#[test]
fn a_name_is_listened_on_at_every_address_it_has() {
    let arguments = ["--config", CONFIG, "--host", "localhost", "--port", "0"];
    let mut child = server(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let line = lines_of(&mut child).recv_timeout(Duration::from_secs(60)).unwrap();
    let port = line.strip_prefix("listening on http://127.0.0.1:").unwrap().parse().unwrap();
    TestRequest::new(port, "GET", "/healthz").send().expect(200);
    let addresses = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", port)).unwrap();
    assert!(addresses.into_iter().all(|address| std::net::TcpStream::connect(address).is_ok()));
    signal(&child, "TERM");
    assert!(ended(&mut child).success());
}

#[test]
fn a_host_that_is_nowhere_is_named() {
    let said = refusal(&["--config", CONFIG, "--host", "nowhere.invalid"]);
    assert!(said.contains("--host nowhere.invalid"), "{said}");
}

#[test]
fn a_folder_of_pages_that_is_not_there_is_named() {
    let said = refusal(&["--config", CONFIG, "--www", "/nowhere/pages"]);
    assert!(said.starts_with("--www /nowhere/pages: "), "{said}");
    assert!(refusal(&["--config", CONFIG, "--www", CONFIG]).starts_with(&format!("--www {CONFIG}: ")));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refusal(&["--config", CONFIG, "--port", &port]);
    assert!(said.contains(&format!("--port {port} ")) && said.contains("in use"), "{said}");
    let said = refusal(&["--config", CONFIG, "--port", "0", "--metrics-port", &port]);
    assert!(said.contains(&format!("--metrics-port {port} ")) && said.contains("in use"), "{said}");
}

#[test]
fn a_database_that_cannot_be_opened_is_named_without_its_password() {
    let said = refusal(&["--config", CONFIG, "--database", "sqlite:/nowhere/events.db"]);
    assert!(said.contains("/nowhere/events.db"), "{said}");
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let said = refusal(&["--config", CONFIG, "--database", &format!("postgres://shop:zq7x@127.0.0.1:{free}/events")]);
    assert!(said.contains(&format!("events on 127.0.0.1:{free}")) && !said.contains("zq7x"), "{said}");
    assert!(said.contains("connection refused"), "{said}");
    for url in ["sqlite:", "mysql://shop:zq7x@localhost/events", "postgres://shop:zq7x@localhost:port/events"] {
        let said = refusal(&["--config", CONFIG, "--database", url]);
        assert!(said.contains("--database must be") && !said.contains("zq7x"), "{said}");
    }
}

#[test]
fn a_server_that_forgets_everything_says_so_at_its_start() {
    let forgets = |database: &[&str]| {
        let arguments = [&["--config", CONFIG, "--port", "0"], database].concat();
        let mut child = server(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        lines_of(&mut child).recv_timeout(Duration::from_secs(60)).unwrap();
        signal(&child, "TERM");
        ended(&mut child);
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stderr).unwrap().contains("everything is forgotten")
    };
    assert!(forgets(&[]));
    assert!(forgets(&["--database", "sqlite::memory:"]));
    let database = Database::lasting();
    assert!(!forgets(&["--database", &database.url()]));
}

#[test]
fn flags_of_the_file_are_served_as_they_are_written() {
    let odd =
        r#"{"key":"odd","variants":{"on":{"key":"on","payload":"\ud83d"}},"segments":[{"variant":"on","x":1e400}]}"#;
    let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(CONFIG).unwrap()).unwrap();
    config["projects"][0]["flags"] = json!(["HERE"]);
    let file = TestFile::with(config.to_string().replace(r#""HERE""#, odd));
    let server = TestServer::on(Database::new(), &["--config", file.path()]);
    let given = server.request("GET", "/sdk/v2/flags").header("authorization", SERVER).send();
    assert_eq!(String::from_utf8(given.body).unwrap(), format!("[{odd}]"));
}
