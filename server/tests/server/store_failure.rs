//! A store that fails: nothing is acknowledged, evaluation goes on, and all is well again without a restart.

use serde_json::json;

use crate::database::Database;
use crate::running::Running;

#[test]
fn while_the_store_fails_events_are_refused_until_later_and_assignments_wait() {
    let server = Running::on(Database::lasting(), &[]);
    server.database.run("ALTER TABLE event RENAME TO away");
    let events = json!([{ "user_id": "alice", "event_type": "Buy", "insert_id": "1" }]);
    let answer = server.ingest(events.clone());
    assert_eq!(answer.header("retry-after"), Some("1"));
    answer.refused(503);
    server.vardata(&json!({ "user_id": "bob" })).send().expect(200);
    server.database.run("ALTER TABLE away RENAME TO event");
    server.store(events);
    assert_eq!(server.assignments("bob", 1).len(), 1);
    assert_eq!(server.events("user_id=alice").len(), 1);
}
