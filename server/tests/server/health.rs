//! The looks at the server's health wait for nothing.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::database::Database;
use crate::test_server::TestServer;

/// On SQLite readers wait for nobody.
#[test]
fn health_waits_for_no_reader_of_the_database() {
    let server = TestServer::on(Database::lasting(), &[]);
    server.store(json!([{ "user_id": "alice", "event_type": "Visit" }]));
    if !server.database.is_postgres() {
        return;
    }
    thread::scope(|scope| {
        let mut readers = Vec::new();
        server.database.held("BEGIN; LOCK TABLE event IN ACCESS EXCLUSIVE MODE", || {
            readers.extend((0..8).map(|_| scope.spawn(|| server.read("/api/events").expect(200))));
            thread::sleep(Duration::from_millis(300));
            for path in ["/livez", "/readyz", "/healthz"] {
                assert_eq!(server.request("GET", path).send().expect(200)["status"], "ok", "{path}");
            }
            assert!(readers.iter().all(|reader| !reader.is_finished()));
        });
        readers.into_iter().for_each(|reader| assert_eq!(reader.join().unwrap().as_array().unwrap().len(), 1));
    });
}
