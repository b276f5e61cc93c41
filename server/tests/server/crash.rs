//! SIGKILL while several writers are sending: what was acknowledged is there, once, with its property change.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::asking::Asking;
use crate::database::Database;
use crate::running::{Running, until};

const ROUNDS: usize = 5;
const WRITERS: usize = 8;

/// How many batches are acknowledged before each kill: enough that all writers are in the middle of something.
const ACKNOWLEDGED: usize = 60;

/// Sends batches until it is told to stop; what is not acknowledged is sent again, as a client does.
struct Writers {
    port: AtomicU16,
    acknowledged: AtomicUsize,
    goal: AtomicUsize,
}

impl Writers {
    fn write(&self, writer: usize) -> Vec<String> {
        let mut sent = Vec::new();
        for batch in 0.. {
            if self.goal.load(Ordering::Acquire) == 0 {
                break;
            }
            let ids: Vec<_> = (0..4).map(|event| format!("{writer}-{batch}-{event}")).collect();
            until(|| self.attempt(&ids));
            self.acknowledged.fetch_add(1, Ordering::AcqRel);
            sent.extend(ids);
        }
        sent
    }

    fn attempt(&self, ids: &[String]) -> Option<()> {
        let events: Vec<_> = ids.iter().map(|id| event(id)).collect();
        let body = json!({ "api_key": "shop-api-key", "events": events }).to_string();
        let asking = Asking::new(self.port.load(Ordering::Acquire), "POST", "/2/httpapi").body(body);
        let answer = asking.attempt().ok().filter(|answer| answer.status == 200)?.json();
        let verdicts = answer["verdicts"].as_array()?;
        (verdicts.len() == ids.len() && verdicts.iter().all(|one| one["verdict"] != "rejected")).then_some(())
    }
}

/// A property change of a user of its own, so that each event can be held against its change.
fn event(id: &str) -> Value {
    json!({
        "user_id": format!("user-{id}"), "event_type": "$exposure", "insert_id": id,
        "event_properties": { "flag_key": "button", "variant": id },
    })
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_stored_twice_or_by_halves() {
    let mut server = Running::on(Database::lasting(), &[]);
    let writers = Writers { port: server.port.into(), acknowledged: 0.into(), goal: 1.into() };
    let sent: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let writers = &writers;
                    move || writers.write(writer)
                })
            })
            .collect();
        for round in 1..=ROUNDS {
            until(|| (writers.acknowledged.load(Ordering::Acquire) >= round * ACKNOWLEDGED).then_some(()));
            server.kill_and_restart();
            writers.port.store(server.port, Ordering::Release);
        }
        writers.goal.store(0, Ordering::Release);
        running.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let events = server.events("limit=10000");
    let stored: BTreeSet<_> = events.iter().map(|event| event["insert_id"].as_str().unwrap()).collect();
    assert_eq!(stored.len(), events.len(), "an event was stored twice");
    assert_eq!(stored, sent.iter().map(String::as_str).collect());
    for event in events {
        let user_id = event["user_id"].as_str().unwrap();
        let property = json!({ "[Experiment] button": event["insert_id"] });
        assert_eq!(event["user_properties"], property);
        assert_eq!(server.properties(&format!("user_id={user_id}")), property);
    }
}
