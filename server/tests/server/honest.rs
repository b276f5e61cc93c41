//! Honest clients beside a flood: all of them must be served, and the server's memory stay under a number.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::json;

use crate::database::Database;
use crate::process::most_memory;
use crate::running::Running;

/// What the server may take, in bytes: the project's goal is 256 MiB. A build for tests takes what the other does.
const MOST_MEMORY: u64 = 256 << 20;

/// The size of a flood: `make test-faults` takes minutes for the whole, `make test` seconds for less.
pub fn size(whole: usize, less: usize) -> usize {
    if std::env::var_os("EXPERIMENT_FAULTS").is_some() { whole } else { less }
}

/// How many connections the server has open at once: the most it takes, or what it has files for.
pub fn places() -> usize {
    size(4_096, 512)
}

/// Runs a flood with honest clients beside it: one sends small batches, one large ones, one asks for variants.
/// Returns how many batches they sent.
fn beside_honest_clients(server: &Running, flood: impl FnOnce()) -> usize {
    let (over, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let honest = |name: &'static str, padding: usize| {
        let mut number = 0;
        // At least one after the flood.
        loop {
            let last = over.load(Ordering::Acquire);
            store(server, &format!("{name}-{number}"), padding);
            sent.fetch_add(1, Ordering::Relaxed);
            number += 1;
            if last {
                return;
            }
            sleep(Duration::from_millis(20));
        }
    };
    scope(|scope| {
        scope.spawn(|| honest("small", 10));
        scope.spawn(|| honest("larger", 30_000));
        scope.spawn(|| {
            for number in 0.. {
                server.vardata(&json!({ "user_id": format!("visitor-{number}") })).send().expect(200);
                if over.load(Ordering::Acquire) {
                    return;
                }
                sleep(Duration::from_millis(20));
            }
        });
        let _over = Over(&over);
        flood();
    });
    sent.into_inner()
}

/// Ends the honest clients also when the flood panics.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[track_caller]
fn store(server: &Running, name: &str, padding: usize) {
    server.store(
        json!([{ "user_id": name, "event_type": "Honest", "event_properties": { "note": "x".repeat(padding) } }]),
    );
}

/// After a flood: everything honest is there, and the memory was never more than it may be.
#[track_caller]
fn is_well(server: &Running, what: &str, honest: usize) {
    let stored = server.database.number("SELECT count(*) FROM event WHERE event_type = 'Honest'");
    assert_eq!(usize::try_from(stored).unwrap(), honest);
    let peak = most_memory(server.child.id());
    println!("{what}: {honest} honest batches, {} MiB at most", peak >> 20);
    assert!(peak <= MOST_MEMORY, "{what}: {peak} bytes");
}

/// A flood of a server, beside honest clients.
pub fn flooded(what: &str, flood: impl FnOnce(&Running)) {
    // 128 of the files are not for connections.
    let server = Running::with_files(Database::lasting(), places() + 128);
    let honest = beside_honest_clients(&server, || flood(&server));
    is_well(&server, what, honest);
}
