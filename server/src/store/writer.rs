//! The one writer: requests hand over events and wait; it commits them in groups and answers after the commit.
//!
//! A commit costs a disk flush whatever it holds, so many requests share one: those that came during the one before. No
//! request waits for others that may never come, and the slower the disk is the larger the groups are. Senders take
//! [turns](super::turns), and a request that fills a group alone is committed alone. What cannot be committed as a group
//! is tried request by request, so that no request fails for the events of another. A panic in a commit is a commit that
//! failed, not the end of the writer.

use std::sync::Arc;
use std::time::Instant;

use experiment_ingestion::{IncomingEvent, Verdict};
use experiment_wasm::json::Text;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::failure::is_too_large;
use super::turns::Turns;
use super::{Failure, Result, Store};
use crate::in_flight::{Begun, InFlight};
use crate::metrics::Metrics;

/// How much makes a group that takes no more requests, in events of a usual size.
const GROUP_COST: u64 = 500;

/// The size of a usual event, in bytes.
const EVENT_BYTES: u64 = 4 << 10;

/// Hands events to the writer. The writer ends when every handle is gone.
///
/// Any number of requests may wait: each has a permit for the memory it takes.
#[derive(Clone)]
pub struct Writer {
    requests: mpsc::UnboundedSender<WriteRequest>,
    waiting: InFlight,
}

/// Why events were not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// The store failed (it says why in the log), or the server is stopping.
    Failed,
    /// They are about more stored properties than a transaction may load.
    TooLarge,
}

struct WriteRequest {
    events: Arc<[IncomingEvent]>,
    answer: oneshot::Sender<std::result::Result<Vec<Verdict>, NotStored>>,
    /// Also when nobody waits for the answer any more.
    _waiting: Begun,
}

impl Writer {
    /// Starts the writer.
    pub fn start(store: Store, metrics: Arc<Metrics>) -> (Self, JoinHandle<()>) {
        let (writer, requests) = Self::new();
        (writer, tokio::spawn(run(Measured { store, metrics }, requests)))
    }

    fn new() -> (Self, mpsc::UnboundedReceiver<WriteRequest>) {
        let (requests, received) = mpsc::unbounded_channel();
        (Self { requests, waiting: InFlight::default() }, received)
    }

    /// Returns when the events are durable: one verdict for each, in order.
    pub async fn store(&self, events: impl Into<Arc<[IncomingEvent]>>) -> std::result::Result<Vec<Verdict>, NotStored> {
        let (answer, verdicts) = oneshot::channel();
        let request = WriteRequest { events: events.into(), answer, _waiting: self.waiting.begin() };
        self.requests.send(request).map_err(|_| NotStored::Failed)?;
        verdicts.await.map_err(|_| NotStored::Failed)?
    }

    /// Waits until what was handed over before is stored, or could not be.
    pub async fn flushed(&self) {
        self.waiting.ended().await;
    }
}

/// What stores events. The tests have one that panics.
trait Ingest: Send + Sync + 'static {
    fn ingest(&self, events: &[&IncomingEvent]) -> impl Future<Output = Result<Vec<Verdict>>> + Send;
}

/// The store, with each commit measured.
struct Measured {
    store: Store,
    metrics: Arc<Metrics>,
}

impl Ingest for Measured {
    async fn ingest(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let start = Instant::now();
        let outcome = self.store.ingest(events).await;
        self.metrics.committed(outcome.is_ok(), events.len(), start.elapsed());
        outcome
    }
}

async fn run<I: Ingest>(store: I, mut requests: mpsc::UnboundedReceiver<WriteRequest>) {
    let (store, mut turns) = (Arc::new(store), Turns::new());
    loop {
        if turns.is_empty() {
            let Some(first) = requests.recv().await else { return };
            line_up(&mut turns, first);
        }
        while let Ok(next) = requests.try_recv() {
            line_up(&mut turns, next);
        }
        commit(&store, gather(&mut turns)).await;
    }
}

/// Who sends: the project, and the user of the first event, or else its device.
type Sender = (i64, Option<Text>);

fn line_up(turns: &mut Turns<Sender, WriteRequest>, request: WriteRequest) {
    let first = request.events.first();
    let ids = first.map(|event| &event.normalized.identity);
    let id = ids.and_then(|ids| ids.user_id.as_ref().or(ids.device_id.as_ref())).cloned();
    let sender = (first.map_or(0, |event| event.project), id);
    turns.push(sender, cost(&request.events), request);
}

fn cost(events: &[IncomingEvent]) -> u64 {
    let bytes: u64 = events.iter().map(IncomingEvent::bytes).sum();
    events.len() as u64 + bytes / EVENT_BYTES
}

/// What is next, as much as makes a group.
fn gather(turns: &mut Turns<Sender, WriteRequest>) -> Vec<WriteRequest> {
    let mut group = Vec::new();
    let mut room = u64::MAX;
    while let Some((cost, request)) = turns.pop(room) {
        group.push(request);
        room = room.min(GROUP_COST).saturating_sub(cost);
        if room == 0 {
            break;
        }
    }
    group
}

async fn commit<I: Ingest>(store: &Arc<I>, group: Vec<WriteRequest>) {
    match ingest(store, &group).await {
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
            for job in group {
                let job = [job];
                let outcome = ingest(store, &job).await;
                let [job] = job;
                match outcome {
                    Ok(verdicts) => drop(job.answer.send(Ok(verdicts))),
                    Err(error) => refuse(vec![job], &error),
                }
            }
        }
    }
}

/// Stores the events of these requests in a task of their own, so that a panic ends no more than it.
async fn ingest<I: Ingest>(store: &Arc<I>, group: &[WriteRequest]) -> Result<Vec<Verdict>> {
    let store = Arc::clone(store);
    let all: Vec<_> = group.iter().map(|request| Arc::clone(&request.events)).collect();
    let task = tokio::spawn(async move {
        let events: Vec<&IncomingEvent> = all.iter().flat_map(|events| &**events).collect();
        store.ingest(&events).await
    });
    task.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

fn refuse(group: Vec<WriteRequest>, error: &sqlx::Error) {
    let reason = if is_too_large(error) { NotStored::TooLarge } else { NotStored::Failed };
    tracing::error!(error = %Failure(error), "events could not be stored");
    for job in group {
        let _gone = job.answer.send(Err(reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use experiment_ingestion::{Rules, transform};
    use experiment_wasm::dialect::NativeDialect;
    use experiment_wasm::json::parse;

    /// Stores what comes, but for what somebody sends.
    struct Panicking;

    impl Ingest for Panicking {
        async fn ingest(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
            assert!(events.iter().all(|event| event.normalized.event_type != "panic"), "as asked");
            Ok(vec![Verdict::Stored(None); events.len()])
        }
    }

    fn event(user: &str, event_type: &str) -> IncomingEvent {
        let text = format!(r#"{{"user_id":"{user}","event_type":"{event_type}"}}"#);
        let event = transform(parse(text.as_bytes()).unwrap(), Rules::default(), &NativeDialect).unwrap();
        IncomingEvent::new(1, event, 0, (None, 1), Text::default)
    }

    #[tokio::test]
    async fn a_panic_is_a_commit_that_failed_and_harms_no_request_beside_it() {
        let (writer, requests) = Writer::new();
        let sent = ["good", "panic", "good"].map(|event_type| {
            let writer = writer.clone();
            tokio::spawn(async move { writer.store(vec![event("alice", event_type)]).await })
        });
        tokio::task::yield_now().await;
        let running = tokio::spawn(run(Panicking, requests));
        for (sent, outcome) in sent.into_iter().zip([Ok(1), Err(NotStored::Failed), Ok(1)]) {
            assert_eq!(sent.await.unwrap().map(|verdicts| verdicts.len()), outcome);
        }
        assert_eq!(writer.store(vec![event("robin", "good")]).await, Ok(vec![Verdict::Stored(None)]));
        drop(writer);
        running.await.unwrap();
    }
}
