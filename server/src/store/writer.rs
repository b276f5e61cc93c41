//! The one writer: requests hand over events and wait; it commits them in groups and answers after the commit.
//!
//! A commit costs a disk flush whatever it holds, so many requests share one: those that came during the one before. No
//! request waits for others that may never come, and the slower the disk is the larger the groups are. What cannot be
//! committed as a group is tried request by request, so that no request fails for the events of another.

use std::sync::Arc;
use std::time::Instant;

use experiment_ingestion::{IncomingEvent, Verdict};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Failure, Result, Store};
use crate::metrics::Metrics;

/// How many events make a group that takes no more requests.
const GROUP_EVENTS: usize = 500;

/// How many requests may wait; those after them wait to hand over, so memory stays bounded.
const WAITING_REQUESTS: usize = 256;

/// Hands events to the writer. The writer ends when every handle is gone.
#[derive(Clone)]
pub struct Writer(mpsc::Sender<WriteRequest>);

/// Why events were not stored: the store failed (it says why in the log), or the server is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStored;

struct WriteRequest {
    events: Arc<[IncomingEvent]>,
    answer: oneshot::Sender<std::result::Result<Vec<Verdict>, NotStored>>,
}

impl Writer {
    /// Starts the writer.
    pub fn start(store: Store, metrics: Arc<Metrics>) -> (Self, JoinHandle<()>) {
        let (sender, requests) = mpsc::channel(WAITING_REQUESTS);
        (Self(sender), tokio::spawn(run(Measured { store, metrics }, requests)))
    }

    /// Returns when the events are durable: one verdict for each, in order.
    pub async fn store(&self, events: impl Into<Arc<[IncomingEvent]>>) -> std::result::Result<Vec<Verdict>, NotStored> {
        let (answer, verdicts) = oneshot::channel();
        self.0.send(WriteRequest { events: events.into(), answer }).await.map_err(|_| NotStored)?;
        verdicts.await.map_err(|_| NotStored)?
    }
}

/// The store, with each commit measured.
struct Measured {
    store: Store,
    metrics: Arc<Metrics>,
}

impl Measured {
    async fn ingest(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let start = Instant::now();
        let outcome = self.store.ingest(events).await;
        self.metrics.committed(outcome.is_ok(), events.len(), start.elapsed());
        outcome
    }
}

async fn run(store: Measured, mut requests: mpsc::Receiver<WriteRequest>) {
    while let Some(first) = requests.recv().await {
        let group = gather(first, &mut requests);
        commit(&store, group).await;
    }
}

/// Whatever came while the last group was committed.
fn gather(first: WriteRequest, requests: &mut mpsc::Receiver<WriteRequest>) -> Vec<WriteRequest> {
    let mut count = first.events.len();
    let mut group = vec![first];
    while count < GROUP_EVENTS {
        let Ok(job) = requests.try_recv() else { break };
        count += job.events.len();
        group.push(job);
    }
    group
}

async fn commit(store: &Measured, group: Vec<WriteRequest>) {
    let events: Vec<&IncomingEvent> = group.iter().flat_map(|job| &*job.events).collect();
    match store.ingest(&events).await {
        Ok(verdicts) => {
            let mut verdicts = verdicts.into_iter();
            for job in group {
                let own = verdicts.by_ref().take(job.events.len()).collect();
                // The client may have gone; the events are stored all the same.
                let _gone = job.answer.send(Ok(own));
            }
        }
        Err(error) if group.len() == 1 => refuse(group, &error),
        Err(error) => {
            tracing::warn!(error = %Failure(&error), "a group could not be stored, trying its requests one by one");
            commit_each(store, group).await;
        }
    }
}

async fn commit_each(store: &Measured, group: Vec<WriteRequest>) {
    for job in group {
        let outcome: Result<_> = store.ingest(&job.events.iter().collect::<Vec<_>>()).await;
        match outcome {
            Ok(verdicts) => drop(job.answer.send(Ok(verdicts))),
            Err(error) => refuse(vec![job], &error),
        }
    }
}

fn refuse(group: Vec<WriteRequest>, error: &sqlx::Error) {
    tracing::error!(error = %Failure(error), "events could not be stored");
    for job in group {
        let _gone = job.answer.send(Err(NotStored));
    }
}
