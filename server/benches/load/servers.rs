//! A running server, or two on one database.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::database::Database;
use crate::process;

pub struct Servers {
    pub ports: Vec<u16>,
    servers: Vec<Child>,
    pub database: Database,
}

impl Servers {
    /// Of this version, or another program.
    pub fn start(replicas: usize, flags: &[Value], other: Option<&Path>) -> Self {
        let database = Database::lasting();
        let config = concat!(env!("CARGO_TARGET_TMPDIR"), "/load.json");
        std::fs::write(config, configuration(flags).to_string()).unwrap();
        let mut servers: Vec<_> = (0..replicas).map(|_| spawn(other, config, &database)).collect();
        Self { ports: servers.iter_mut().map(process::port_of).collect(), servers, database }
    }

    /// Of all servers together.
    pub fn cpu_seconds(&self) -> f64 {
        self.servers.iter().map(|server| process::cpu_seconds(server.id())).sum()
    }

    /// Of the larger one.
    pub fn most_memory(&self) -> u64 {
        self.servers.iter().map(|server| process::most_memory(server.id())).max().unwrap()
    }

    /// The size of the database.
    pub fn bytes(&self) -> u64 {
        self.database.number(match self.database.is_postgres() {
            true => "SELECT pg_database_size(current_database())",
            false => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        }) as u64
    }

    /// How many events the database holds.
    pub fn events(&self) -> u64 {
        self.database.number("SELECT count(*) FROM event") as u64
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &mut self.servers {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }
}

fn configuration(flags: &[Value]) -> Value {
    json!({ "projects": [{
        "name": "load", "api_key": "load-api-key", "admin_key": "load-admin-key", "flags": flags,
        "deployments": [{ "key": "load-key", "name": "load-web", "kind": "client" }],
    }] })
}

fn spawn(other: Option<&Path>, config: &str, database: &Database) -> Child {
    Command::new(other.unwrap_or(Path::new(env!("CARGO_BIN_EXE_experiment-server"))))
        .args(["--config", config, "--port", "0", "--database", &database.url()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}
