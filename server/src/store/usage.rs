//! The usage of a project in a month, counted from the stored events each time, so that no counter can drift from them,
//! and from what was [kept](super::kept_usage) of those that are deleted.

use std::ops::Range;

use experiment_ingestion::usage::{Month, NOT_COUNTED};
use serde::Serialize;

use super::Store;
use super::bulk::sql;
use super::engine::{Arg, Source};
use super::failure::Result;
use super::kept_usage::kept;

/// What counts of the events that were received in a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    pub events: u64,
    /// People with at least one of these events. A visitor who merged into a user is that user, whenever they did.
    pub tracked_users: u64,
    /// Experiment properties that the project has by now.
    pub experiment_properties: u64,
    /// Whether there is little room for more.
    #[serde(skip)]
    pub is_nearly_full: bool,
}

// PostgreSQL adds up to NUMERIC, which the cast undoes. The order is that of one index only: while it does not know the
// table, it might read the whole project by another one.
const COUNT: &str = "SELECT CAST(coalesce(sum(active.events), 0) AS BIGINT), \
                     count(DISTINCT coalesce(person.merged_into, person.id)) FROM \
                     (SELECT person, count(*) AS events FROM \
                     (SELECT person FROM event WHERE project = $1 AND received >= $2 AND received < $3 \
                     AND event_type NOT IN ($4, $5, $6, $7, $8) ORDER BY received) AS stored GROUP BY person) AS active \
                     JOIN person ON person.id = active.person";

impl Store {
    /// Counts the events that were received in a month, those that are deleted included.
    pub async fn usage(&self, project: i64, month: Month) -> Result<Usage> {
        let mut snapshot = self.engine.snapshot().await?;
        let kept = kept(&mut snapshot, project, month).await?;
        let stored = match kept.is_closed {
            true => (0, 0),
            false => counted(&mut snapshot, project, month.millis()).await?,
        };
        snapshot.end().await?;
        let names = self.name_counts(project).await?;
        Ok(Usage {
            events: (kept.events + stored.0).unsigned_abs(),
            tracked_users: (kept.tracked_users + stored.1).unsigned_abs(),
            experiment_properties: names.taken,
            is_nearly_full: names.are_nearly_full(),
        })
    }
}

/// What counts of the stored events that were received in these milliseconds: events, and tracked users.
pub async fn counted(source: &mut impl Source, project: i64, received: Range<u64>) -> Result<(i64, i64)> {
    let times = [received.start, received.end].map(|time| Arg::from(time.cast_signed()));
    let args = [Arg::from(project)].into_iter().chain(times).chain(NOT_COUNTED.map(Arg::from)).collect();
    let rows = source.rows(sql(COUNT), args).await?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
}
