//! Assignments of remote evaluation on their way to the store: queued before the answer leaves, stored soon after.
//!
//! A full queue makes the next answer wait, and after a second it is refused; nothing is dropped, and what the store refuses
//! is offered again until it takes it. What was not committed when the process is killed is lost; SIGTERM drains the queue.

use std::time::Duration;

use experiment_wasm::ingestion::{Rejection, Rules, transform};
use experiment_wasm::json::Object;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::arrival::arrival;
use crate::store::Arrival;
use crate::writer::Writer;

/// How many assignments may wait. At 5,000 a second this is under half a second of a disk that does not answer.
const WAITING: usize = 2_048;

/// How long an answer waits for a place. Who waited longer would hold a connection for as long as the store is away.
const PLACE_WAIT: Duration = Duration::from_secs(1);

/// How many are stored together: one group of the writer.
const TOGETHER: usize = 500;

/// How long a store that failed is left alone.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How often it is tried when the server is stopping: five seconds, half of what orchestrators give a server to stop.
const LAST_TRIES: u32 = 10;

/// Hands over assignments. The queue ends, drained, when every handle is gone.
#[derive(Clone)]
pub struct Assignments(mpsc::Sender<Arrival>);

/// Why an assignment is not on its way.
pub enum NotTracked {
    /// It cannot be stored.
    Rejected(Rejection),
    /// The store takes nothing, and no more can wait.
    Full,
}

impl Assignments {
    /// Starts the queue.
    pub fn start(writer: Writer) -> (Self, JoinHandle<()>) {
        let (sender, waiting) = mpsc::channel(WAITING);
        (Self(sender), tokio::spawn(drain(writer, waiting)))
    }

    /// Queues an assignment event; waits a little while the queue is full.
    pub async fn track(&self, project: i64, rules: Rules, event: Object, now: u64) -> Result<(), NotTracked> {
        let ingested = transform(event.into(), rules).map_err(NotTracked::Rejected)?;
        let place = timeout(PLACE_WAIT, self.0.reserve()).await.map_err(|_| NotTracked::Full)?;
        match place {
            Ok(place) => place.send(arrival(project, ingested, 0, None, now)),
            Err(_) => tracing::error!("an assignment came after the queue was closed"),
        }
        Ok(())
    }
}

async fn drain(writer: Writer, mut waiting: mpsc::Receiver<Arrival>) {
    let mut together = Vec::with_capacity(TOGETHER);
    while waiting.recv_many(&mut together, TOGETHER).await > 0 {
        store(&writer, &waiting, std::mem::take(&mut together)).await;
    }
}

async fn store(writer: &Writer, waiting: &mpsc::Receiver<Arrival>, arrivals: Vec<Arrival>) {
    let mut tries_left = LAST_TRIES;
    while writer.store(arrivals.clone()).await.is_err() {
        if waiting.is_closed() {
            tries_left -= 1;
        }
        if tries_left == 0 {
            tracing::error!(count = arrivals.len(), "assignments were lost: the server stopped while the store failed");
            return;
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}
