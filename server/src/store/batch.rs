//! Stores a group of events in one transaction: loads what they are about, decides in memory, saves everything or
//! nothing.
//!
//! Row ids are assigned here: there is no other writer beside the transaction.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use experiment_ingestion::batch::BatchState;
use experiment_ingestion::{IncomingEvent, Verdict};

use super::Store;
use super::engine::Transaction;
use super::failure::Result;
use super::loading::{buckets, needed};
use super::returns::next_return;
use super::saving::save;

/// How many bytes of stored properties are held at once. In memory they take several times as many.
const MOST_LOADED_BYTES: usize = 4 << 20;

impl Store {
    /// Stores a group of events, or none of it. One verdict per event, in order.
    pub async fn ingest(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let outcome = self.commit(events).await;
        self.stores.store(outcome.is_ok(), Ordering::Relaxed);
        outcome
    }

    async fn commit(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let mut open = self.engine.begin().await?;
        let mut by_project: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (index, event) in events.iter().enumerate() {
            by_project.entry(event.project).or_default().push(index);
        }
        let mut verdicts = vec![Verdict::Duplicate; events.len()];
        let mut updates = Vec::new();
        for (project, indices) in by_project {
            let own: Vec<_> = indices.iter().filter_map(|index| events.get(*index).copied()).collect();
            let mut batch = self.load(&mut open, project, &own).await?;
            let own = apply(&mut open, project, &mut batch, &own).await?;
            indices.into_iter().zip(own).for_each(|(index, verdict)| verdicts[index] = verdict);
            updates.push(batch.updates);
        }
        open.commit().await?;
        let now = events.iter().map(|event| event.received).max().unwrap_or_default();
        updates.iter().for_each(|updates| updates.count(now));
        Ok(verdicts)
    }
}

/// Applies the events of one project in their order, and saves what they make.
async fn apply<'a>(
    open: &mut Transaction,
    project: i64,
    batch: &mut BatchState<'a>,
    events: &[&'a IncomingEvent],
) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::with_capacity(events.len());
    let mut loaded = 0;
    while let Some(rest) = events.get(verdicts.len()..).filter(|rest| !rest.is_empty()) {
        let (count, wanted) = needed(batch, rest);
        loaded += buckets(open, project, batch, wanted).await?;
        for event in rest.iter().take(count) {
            loaded += buckets(open, project, batch, batch.missing(event)).await?;
            let return_id = match batch.returning(event) {
                Some(exposure) => Some(next_return(open, project, event.unique_key, exposure, &batch.stored).await?),
                None => None,
            };
            verdicts.push(batch.apply(event, return_id));
            if loaded > MOST_LOADED_BYTES {
                save(open, project, batch).await?;
                batch.people.unload();
                loaded = 0;
            }
        }
    }
    save(open, project, batch).await?;
    Ok(verdicts)
}
