//! A running server: started on a free port, stopped at the end of the test, with the requests that tests make of it.

use std::process::{Child, Command, Stdio};

use experiment_wasm::api::base64url;
use serde_json::{Value, json};

use crate::asking::{Answer, Asking};
use crate::database::Database;
use crate::process::{ended, port_of, ports_of, signal};
pub use crate::until::until;

pub struct Running {
    pub port: u16,
    pub child: Child,
    pub database: Database,
}

/// The `Authorization` of each kind of caller.
pub const CLIENT: &str = "Api-Key client-key";
pub const SERVER: &str = "Api-Key server-key";
pub const ADMIN: &str = "Bearer shop-admin-key";

pub const ASSIGNMENT: &str = "[Experiment] Assignment";
pub const EXPOSURE: &str = "[Experiment] Exposure";

impl Running {
    pub fn start() -> Self {
        Self::on(Database::new(), &[])
    }

    pub fn on(database: Database, more: &[&str]) -> Self {
        Self::heard(database, more, Stdio::null())
    }

    /// One whose log goes somewhere.
    pub fn heard(database: Database, more: &[&str], log: Stdio) -> Self {
        let mut child = spawn_heard(&database, more, log);
        let port = port_of(&mut child);
        Self { port, child, database }
    }

    /// One that may open so many files, and no more.
    pub fn with_files(database: Database, files: usize) -> Self {
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]);
        let mut child = started(limited.arg(env!("CARGO_BIN_EXE_experiment-server")), &database, &[], Stdio::null());
        let port = port_of(&mut child);
        Self { port, child, database }
    }

    /// One that shows its metrics; on which port too.
    pub fn measured(database: Database, more: &[&str]) -> (Self, u16) {
        let mut child = spawn(&database, &[&["--metrics-port", "0"], more].concat());
        let [port, metrics] = ports_of(&mut child, ["listening on", "metrics on"]);
        (Self { port, child, database }, metrics)
    }

    /// A second server on the database of the first, which must outlive it.
    pub fn beside(first: &Self) -> Self {
        let mut child = spawn(&first.database, &[]);
        let port = port_of(&mut child);
        Self { port, child, database: Database::Memory }
    }

    /// Ends the process at once and starts another on the same database.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.restart();
    }

    pub fn restart(&mut self) {
        self.child = spawn(&self.database, &[]);
        self.port = port_of(&mut self.child);
    }

    /// Asks the process to stop and waits until it has.
    pub fn terminate(&mut self) {
        signal(&self.child, "TERM");
        assert!(ended(&mut self.child).success());
    }

    pub fn ask(&self, method: &str, path: &str) -> Asking {
        Asking::new(self.port, method, path)
    }

    /// `GET /sdk/v2/vardata` for a user.
    pub fn vardata(&self, user: &Value) -> Asking {
        let user = base64url(user.to_string().as_bytes());
        self.ask("GET", "/sdk/v2/vardata?v=0").header("authorization", CLIENT).header("x-amp-exp-user", user.to_str())
    }

    /// `POST /2/httpapi` of these events, with the shop's key.
    pub fn ingest(&self, events: Value) -> Answer {
        let body = json!({ "api_key": "shop-api-key", "events": events });
        self.ask("POST", "/2/httpapi").body(body.to_string()).send()
    }

    /// Stores events, all of which must be good.
    #[track_caller]
    pub fn store(&self, events: Value) {
        let answer = self.ingest(events).expect(200);
        let verdicts = answer["verdicts"].as_array().unwrap();
        assert!(verdicts.iter().all(|one| one["verdict"] == "stored"), "{answer}");
    }

    /// `GET /api/…` as the admin.
    pub fn read(&self, path: &str) -> Answer {
        self.ask("GET", path).header("authorization", ADMIN).send()
    }

    #[track_caller]
    pub fn events(&self, query: &str) -> Vec<Value> {
        self.read(&format!("/api/events?{query}")).expect(200).as_array().unwrap().clone()
    }

    /// The assignments of a user, as soon as there are this many.
    #[track_caller]
    pub fn assignments(&self, user_id: &str, count: usize) -> Vec<Value> {
        until(|| {
            let mut found = self.events(&format!("user_id={user_id}"));
            found.retain(|event| event["event_type"] == ASSIGNMENT);
            (found.len() >= count).then_some(found)
        })
    }

    /// What `/healthz` says.
    #[track_caller]
    pub fn health(&self) -> String {
        self.ask("GET", "/healthz").send().expect(200)["status"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn properties(&self, query: &str) -> Value {
        self.read(&format!("/api/users?{query}")).expect(200)["user_properties"].take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have been stopped by the test.
        let _stopped = self.child.kill();
        let _stopped = self.child.wait();
    }
}

fn spawn(database: &Database, more: &[&str]) -> Child {
    spawn_heard(database, more, Stdio::null())
}

pub fn spawn_heard(database: &Database, more: &[&str], log: Stdio) -> Child {
    started(&mut Command::new(env!("CARGO_BIN_EXE_experiment-server")), database, more, log)
}

fn started(command: &mut Command, database: &Database, more: &[&str], log: Stdio) -> Child {
    command
        .args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/config.json"), "--port", "0"])
        .args(["--database", &database.url()])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap()
}
