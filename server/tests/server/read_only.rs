//! A database that may be read and not written, for a while.

use std::path::PathBuf;

use serde_json::json;

use crate::client::TestRequest;
use crate::database::{Database, ask};
use crate::small_disk::{set_immutable, skipped};
use crate::starting::{CONFIG, refusal};
use crate::test_server::{ADMIN, TestServer};

/// What was made read-only; writable again when it is dropped, so that the test can clean up.
enum Sealed {
    Files(Vec<PathBuf>),
    Postgres { server: String, name: String },
}

impl Sealed {
    /// None where files that are open cannot be sealed: ext4 and xfs can, as root.
    fn new(database: &Database) -> Option<Self> {
        match database {
            Database::File(directory) => {
                let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
                // The third file is an index in shared memory.
                let sealed = Self::Files(files.filter(|file| !file.to_str().unwrap().ends_with("-shm")).collect());
                sealed.holds(directory.join("probe")).then_some(sealed)
            }
            Database::Postgres { server, name, .. } => {
                let sealed = Self::Postgres { server: server.clone(), name: name.clone() };
                sealed.set(true);
                // Connections keep what they began with. A failover ends them, as this does.
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
                ask(&format!("{server}/postgres"), format!("{end} = '{name}'"));
                Some(sealed)
            }
            Database::Memory => panic!("it is lasting"),
        }
    }

    fn holds(&self, probe: PathBuf) -> bool {
        let mut open = std::fs::File::create(&probe).unwrap();
        let holds = set_immutable(&probe, true) && std::io::Write::write(&mut open, b"x").is_err();
        let _never_set = set_immutable(&probe, false);
        std::fs::remove_file(probe).unwrap();
        if holds {
            self.set(true);
        }
        holds
    }

    fn set(&self, sealed: bool) {
        match self {
            Self::Files(files) => assert!(files.iter().all(|file| set_immutable(file, sealed))),
            Self::Postgres { server, name } => ask(
                &format!("{server}/postgres"),
                format!("ALTER DATABASE {name} SET default_transaction_read_only = {sealed}"),
            ),
        }
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.set(false);
    }
}

#[test]
fn a_database_that_becomes_read_only_is_survived() {
    let server = TestServer::on(Database::lasting(), &[]);
    let event =
        |id: usize| json!([{ "user_id": format!("user-{id}"), "event_type": "Buy", "insert_id": id.to_string() }]);
    server.store(event(0));
    let Some(sealed) = Sealed::new(&server.database) else {
        return skipped("a read-only database", "files that are open cannot be made unchangeable here");
    };
    for id in 1..4 {
        let answer = server.ingest(event(id));
        assert_eq!(answer.header("retry-after"), Some("1"));
        answer.refused(503);
    }
    let flag = json!({ "key": "new", "variants": {}, "segments": [] }).to_string();
    let put = || server.request("PUT", "/api/flags/new").header("authorization", ADMIN).body(flag.clone());
    put().send().refused(503);
    assert_eq!((server.events("").len(), server.health().as_str()), (1, "not storing"));
    server.vardata(&json!({ "user_id": "visitor" })).send().expect(200);
    // Who reads now has connections opened that can do nothing else, also later.
    let port = server.port;
    let read = move || TestRequest::new(port, "GET", "/api/events").header("authorization", ADMIN).send().expect(200);
    let readers: Vec<_> = (0..64).map(|_| std::thread::spawn(read)).collect();
    readers.into_iter().for_each(|reader| assert!(reader.join().is_ok()));
    drop(sealed);
    (1..4).for_each(|id| server.store(event(id)));
    put().send().expect(200);
    assert_eq!((server.events("event_type=Buy").len(), server.health().as_str()), (4, "ok"));
    assert_eq!(server.assignments("visitor", 1).len(), 1);
}

#[test]
fn a_database_that_may_only_be_read_is_refused_at_the_start() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    server.terminate();
    let url = server.database.url();
    let (url, _sealed) = match &server.database {
        Database::Postgres { .. } => (url, Sealed::new(&server.database)),
        _ => (url + "?mode=ro", None),
    };
    let said = refusal(&["--config", CONFIG, "--database", &url]);
    assert!(said.lines().any(|line| line.starts_with("--database ") && line.contains("read-only")), "{said}");
}
