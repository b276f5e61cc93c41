//! The usage of a project in a period, counted from the stored events each time, so that no counter can drift from
//! them.

use std::ops::Range;

use experiment_ingestion::usage::NOT_COUNTED;
use serde::Serialize;

use super::Store;
use super::bulk::sql;
use super::engine::Arg;
use super::failure::Result;

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

// PostgreSQL adds up to NUMERIC, which the cast undoes.
const COUNT: &str = "SELECT CAST(coalesce(sum(active.events), 0) AS BIGINT), \
                     count(DISTINCT coalesce(person.merged_into, person.id)) FROM \
                     (SELECT person, count(*) AS events FROM event WHERE project = $1 AND received >= $2 AND received < $3 \
                     AND event_type NOT IN ($4, $5, $6, $7, $8) GROUP BY person) AS active \
                     JOIN person ON person.id = active.person";

impl Store {
    /// Counts the events that were received in these milliseconds.
    pub async fn usage(&self, project: i64, received: Range<u64>) -> Result<Usage> {
        let times = [received.start, received.end].map(|time| Arg::from(time.cast_signed()));
        let args = [Arg::from(project)].into_iter().chain(times).chain(NOT_COUNTED.map(Arg::from)).collect();
        let rows = self.engine.rows(sql(COUNT), args).await?;
        let Some(row) = rows.first() else { return Ok(Usage::default()) };
        let names = self.name_counts(project).await?;
        let (events, tracked_users) = (row.int(0)?.unsigned_abs(), row.int(1)?.unsigned_abs());
        let is_nearly_full = names.are_nearly_full();
        Ok(Usage { events, tracked_users, experiment_properties: names.taken, is_nearly_full })
    }
}
