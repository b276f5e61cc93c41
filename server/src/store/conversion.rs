//! Converts the rows of an earlier version into this version's, in small steps while the server serves. Both read alike
//! meanwhile.
//!
//! Each step is a write transaction, so the replicas take turns, and it notes how far it came, so a process that is
//! killed loses nothing and the next one goes on. After a step there is a pause that is at least as long.

mod event_keys;
mod event_states;
mod people;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::time::sleep;

use super::Store;
use super::background::{PAUSE, PAUSE_AFTER_FAILURE, STEP_ROWS, within};
use super::bulk::sql;
use super::engine::{Row, Source, Transaction};
use super::failure::{Failure, Result};
use crate::metrics::Metrics;

pub(super) const LEFT: &str = "SELECT CAST(coalesce(sum(last - position), 0) AS BIGINT) FROM conversion";

const REACHED: &str = "UPDATE conversion SET position = $2 WHERE name = $1";

/// What is converted, in this order.
#[derive(Clone, Copy)]
enum Conversion {
    EventKeys,
    People,
    EventStates,
}

impl Conversion {
    const ALL: [Self; 3] = [Self::EventKeys, Self::People, Self::EventStates];

    /// Its row in the table `conversion`.
    fn name(self) -> &'static str {
        match self {
            Self::EventKeys => "event_keys",
            Self::People => "people",
            Self::EventStates => "event_states",
        }
    }

    /// Converts the rows after an id, up to another; returns the last id that it came to, or none where there is none.
    async fn step(self, open: &mut Transaction, after: i64, last: i64) -> Result<Option<i64>> {
        match self {
            Self::EventKeys => event_keys::step(open, after, last).await,
            Self::People => people::step(open, after, last).await,
            Self::EventStates => event_states::step(open, after, last).await,
        }
    }
}

/// Converts what there is, and ends.
pub async fn run(store: Store, metrics: Arc<Metrics>) {
    let mut left = None;
    while left != Some(0) {
        let start = Instant::now();
        let step = if left.is_none() { store.left_to_convert().await } else { store.convert().await };
        let pause = match step {
            Ok(now) => {
                say(left, now);
                left = Some(now);
                metrics.rows_to_convert.set(now);
                store.is_converted.store(now == 0, Ordering::Relaxed);
                start.elapsed().max(PAUSE)
            }
            Err(error) => {
                tracing::warn!(error = %Failure(&error), "rows of an earlier version could not be converted, trying again");
                PAUSE_AFTER_FAILURE
            }
        };
        sleep(pause).await;
    }
}

/// One line before the first step and one after the last; none where there is nothing to convert.
fn say(before: Option<i64>, now: i64) {
    match (before, now) {
        (None, 1..) => tracing::info!(rows = now, "rows of an earlier version are converted while the server serves"),
        (Some(_), 0) => tracing::info!("every row of an earlier version is converted"),
        _ => {}
    }
}

impl Store {
    async fn left_to_convert(&self) -> Result<i64> {
        left(&self.engine.rows(sql(LEFT), Vec::new()).await?)
    }

    /// Takes one step; returns how many ids are left.
    async fn convert(&self) -> Result<i64> {
        let mut open = self.engine.begin().await?;
        for conversion in Conversion::ALL {
            let next = "SELECT position, last FROM conversion WHERE name = $1 AND position < last";
            let rows = open.rows(sql(next), vec![conversion.name().into()]).await?;
            let Some(row) = rows.first() else { continue };
            let (position, last) = (row.int(0)?, row.int(1)?);
            let reached = conversion.step(&mut open, position, last).await?.unwrap_or(last);
            open.change(sql(REACHED), vec![conversion.name().into(), reached.into()]).await?;
            break;
        }
        let left = left(&open.rows(sql(LEFT), Vec::new()).await?)?;
        open.commit().await?;
        Ok(left)
    }
}

fn left(rows: &[Row]) -> Result<i64> {
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// The last id of a step, by rows with an id and how many bytes are to be read of each. What is read may be large, so it
/// is measured before.
async fn reach(open: &mut Transaction, lengths: &'static str, after: i64, last: i64) -> Result<Option<i64>> {
    let rows = open.rows(sql(lengths), vec![after.into(), last.into(), STEP_ROWS.into()]).await?;
    within(&rows, 1)?.last().map(|row| row.int(0)).transpose()
}
