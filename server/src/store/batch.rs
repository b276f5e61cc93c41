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
use super::failure::{Result, is_too_large, too_large};
use super::loading::{Loaded, MOST_TRANSACTION_BYTES, buckets, needed};
use super::returns::next_return;
use super::saving::save;

/// How many bytes of stored properties are held at once. In memory they take up to twenty times as many.
const MOST_LOADED_BYTES: usize = 1 << 20;

impl Store {
    /// Stores a group of events, or none of it. One verdict per event, in order.
    pub async fn ingest(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let outcome = self.commit(events).await;
        self.stores.store(outcome.as_ref().err().is_none_or(is_too_large), Ordering::Relaxed);
        outcome
    }

    async fn commit(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let mut open = self.engine.begin().await?;
        let mut verdicts = vec![Verdict::Duplicate; events.len()];
        let mut by_project: BTreeMap<i64, (Vec<&mut Verdict>, Vec<&IncomingEvent>)> = BTreeMap::new();
        for (verdict, event) in verdicts.iter_mut().zip(events) {
            let (own_verdicts, own_events) = by_project.entry(event.project).or_default();
            own_verdicts.push(verdict);
            own_events.push(event);
        }
        let mut updates = Vec::new();
        for (project, (own_verdicts, own_events)) in by_project {
            let mut batch = self.load(&mut open, project, &own_events).await?;
            let found = apply(&mut open, project, &mut batch, &own_events, self.is_converted()).await?;
            own_verdicts.into_iter().zip(found).for_each(|(verdict, found)| *verdict = found);
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
    is_converted: bool,
) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::with_capacity(events.len());
    let (mut loaded, mut in_all) = (Loaded::default(), 0);
    while let Some(rest) = events.get(verdicts.len()..).filter(|rest| !rest.is_empty()) {
        let (count, wanted) = needed(batch, rest);
        loaded += buckets(open, project, batch, wanted).await?;
        for event in rest.iter().take(count) {
            loaded += buckets(open, project, batch, batch.missing(event)).await?;
            let return_id = match batch.returning(event) {
                Some(exposure) => {
                    Some(next_return(open, project, (is_converted, event.unique_key), exposure, &batch.stored).await?)
                }
                None => None,
            };
            verdicts.push(batch.apply(event, return_id));
            if loaded.text > MOST_LOADED_BYTES {
                in_all += loaded.counted;
                if in_all > MOST_TRANSACTION_BYTES {
                    return Err(too_large());
                }
                save(open, project, batch).await?;
                batch.people.unload();
                loaded = Loaded::default();
            }
        }
    }
    save(open, project, batch).await?;
    Ok(verdicts)
}
