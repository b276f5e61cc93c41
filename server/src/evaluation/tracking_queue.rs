//! The queue of assignments and exposures that remote evaluation tracks: filled before the response leaves, stored soon
//! after.
//!
//! A full queue delays the next response, and after a second that request is refused. Nothing is dropped: what the
//! store refuses is offered again until it is taken. SIGTERM drains the queue; a killed process loses what was not
//! committed.

use std::sync::Arc;
use std::time::Duration;

use experiment_ingestion::IncomingEvent;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::in_flight::{Begun, InFlight};
use crate::metrics::Metrics;
use crate::store::writer::{NotStored, Writer};

/// How many events may wait. At 5,000 a second this is under half a second of a disk that does not answer.
const WAITING: usize = 2_048;

/// How long a response waits for a slot of the queue. Waiting longer would hold a connection for as long as the store
/// is away.
const SLOT_WAIT: Duration = Duration::from_secs(1);

/// How many are stored together: one group of the writer.
const TOGETHER: usize = 500;

/// How long a store that failed is left alone.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How often it is tried when the server is stopping: five seconds, half of what orchestrators give a server to stop.
const LAST_TRIES: u32 = 10;

/// Hands over events. The queue ends, drained, when every handle is gone.
#[derive(Clone)]
pub struct TrackingQueue {
    queue: mpsc::Sender<(IncomingEvent, Begun)>,
    waiting: InFlight,
    metrics: Arc<Metrics>,
}

/// The store takes nothing, and no more can wait.
pub struct Full;

impl TrackingQueue {
    /// Starts the queue.
    pub fn start(writer: Writer, metrics: Arc<Metrics>) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(WAITING);
        let draining = tokio::spawn(drain(writer, waiting, Arc::clone(&metrics)));
        (Self { queue, waiting: InFlight::default(), metrics }, draining)
    }

    /// Queues an event; waits a little while the queue is full.
    pub async fn track(&self, event: IncomingEvent) -> Result<(), Full> {
        let slot = timeout(SLOT_WAIT, self.queue.reserve()).await.map_err(|_| Full)?;
        let Ok(slot) = slot else {
            tracing::error!("an event came after the queue was closed");
            self.metrics.lost(1);
            return Ok(());
        };
        self.metrics.tracked_events.inc();
        self.metrics.tracked_events_waiting.inc();
        slot.send((event, self.waiting.begin()));
        Ok(())
    }

    /// Waits until every event that was queued before is stored.
    pub async fn flushed(&self) {
        self.waiting.ended().await;
    }
}

type Waiting = mpsc::Receiver<(IncomingEvent, Begun)>;

async fn drain(writer: Writer, mut waiting: Waiting, metrics: Arc<Metrics>) {
    let mut together = Vec::with_capacity(TOGETHER);
    while waiting.recv_many(&mut together, TOGETHER).await > 0 {
        let (events, _begun): (Vec<_>, Vec<_>) = together.drain(..).unzip();
        let mut parts: Vec<Arc<[IncomingEvent]>> = vec![events.into()];
        while let Some(events) = parts.pop() {
            let count = events.len();
            match store(&writer, &waiting, &events).await {
                Ok(()) => drop(metrics.tracked_events_waiting.dec_by(count as i64)),
                Err(NotStored::TooLarge) if count > 1 => parts.extend(halves(&events)),
                Err(_) => metrics.lost(count),
            }
        }
    }
}

fn halves(events: &[IncomingEvent]) -> [Arc<[IncomingEvent]>; 2] {
    let (first, second) = events.split_at(events.len() / 2);
    // The last is the next.
    [second.into(), first.into()]
}

/// Stores events, trying again for as long as the server runs.
async fn store(writer: &Writer, waiting: &Waiting, events: &Arc<[IncomingEvent]>) -> Result<(), NotStored> {
    let mut tries_left = LAST_TRIES;
    while let Err(reason) = writer.store(Arc::clone(events)).await {
        if reason == NotStored::TooLarge {
            return Err(reason);
        }
        if waiting.is_closed() {
            tries_left -= 1;
        }
        if tries_left == 0 {
            tracing::error!(
                count = events.len(),
                "assignments and exposures were lost: the server stopped while the store failed"
            );
            return Err(reason);
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
    Ok(())
}
