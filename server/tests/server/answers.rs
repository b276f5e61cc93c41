//! The answers of every route, byte for byte, as `answers/recorded.txt` has them: statuses, headers and bodies of the
//! answers to good and bad requests. `UPDATE=1` records them anew; the difference is reviewed with the change that made
//! it.

mod requests;

use std::fmt::Write;
use std::path::PathBuf;

use crate::client::{TestRequest, TestResponse};
use crate::database::Database;
use crate::test_server::{ADMIN, TestServer};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/answers/recorded.txt");

/// How much of a request is shown in the record, in bytes.
const SHOWN: usize = 300;

/// The record in the making.
struct Record<'a> {
    server: &'a TestServer,
    text: String,
}

#[test]
fn answers_are_as_they_were_recorded() {
    let www = Www::new();
    let (server, metrics) = TestServer::with_metrics(Database::lasting(), &["--www", www.0.to_str().unwrap()]);
    let mut record = Record { server: &server, text: String::new() };
    requests::ask_all(&mut record, metrics);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, &record.text).unwrap();
    }
    compare(&record.text, &std::fs::read_to_string(FILE).unwrap());
}

fn compare(now: &str, recorded: &str) {
    for (line, (now, recorded)) in (1..).zip(now.lines().zip(recorded.lines())) {
        assert!(now == recorded, "line {line} of recorded.txt is\n{recorded}\nand the answer is\n{now}");
    }
    assert_eq!(now.len(), recorded.len(), "an answer is new or gone");
}

impl Record<'_> {
    fn ask(&mut self, request: TestRequest) {
        let own = self.server.port.to_string();
        let lines = request.head.lines().filter(|line| !line.starts_with("host: ") && *line != "connection: close");
        let shown: Vec<_> = lines.map(shortened).collect();
        let mut shown = format!("# {}\n", shown.join("\n# "));
        if !request.body.is_empty() {
            writeln!(shown, "# {}", shortened(&String::from_utf8_lossy(&request.body))).unwrap();
        }
        self.text += &shown.replace(&own, "PORT");
        let TestResponse { head, body, .. } = request.send();
        for line in head.lines() {
            let name = line.split(": ").next().unwrap();
            let is_another = ["date", "last-modified", "x-request-id"].contains(&name);
            writeln!(self.text, "{}", if is_another { name } else { line }).unwrap();
        }
        let body = without_moments(&String::from_utf8(body).unwrap());
        writeln!(self.text, "\n{body}\n").unwrap();
    }

    fn get(&mut self, path: &str, key: &str) {
        self.ask(self.server.request("GET", path).header("authorization", key));
    }

    fn post(&mut self, path: &str, body: impl Into<Vec<u8>>) {
        self.ask(self.server.request("POST", path).body(body));
    }

    fn put(&mut self, path: &str, body: impl Into<Vec<u8>>) {
        self.ask(self.server.request("PUT", path).header("authorization", ADMIN).body(body));
    }
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() { format!("{start}… ({} bytes)", text.len()) } else { start }
}

/// A body without what differs from one run to the next: the time, and ids that were drawn.
fn without_moments(body: &str) -> String {
    let mut shown = body.to_owned();
    for name in ["\"server_upload_time\":", "\"received\":"] {
        let mut parts = shown.split(name);
        let first = parts.next().unwrap().to_owned();
        let without = parts.map(|after| after.trim_start_matches(|digit: char| digit.is_ascii_digit()));
        shown = without.fold(first, |shown, after| format!("{shown}{name}TIME{after}"));
    }
    if shown.contains("\"tracked_users\"") {
        shown = shown.replace(&shown[..18], "{\"month\":\"YYYY-MM\"");
    }
    let parts: Vec<_> = shown.split('"').collect();
    let is_drawn = |part: &str| part.len() == 36 && part.matches('-').count() == 4;
    let parts: Vec<_> = parts.into_iter().map(|part| if is_drawn(part) { "UUID" } else { part }).collect();
    parts.join("\"")
}

/// A folder of static files.
struct Www(PathBuf);

impl Www {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("experiment_answers_{}", std::process::id()));
        std::fs::create_dir_all(path.join("folder")).unwrap();
        std::fs::write(path.join("index.html"), "<!doctype html>shop").unwrap();
        Self(path)
    }
}

impl Drop for Www {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
