//! The names of a project's experiment properties: which are taken, and whether they are a flag's.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use experiment_ingestion::IncomingEvent;
use experiment_ingestion::experiment_properties::{ExperimentProperties, NameCounts, flag_key};
use experiment_ingestion::limits::EXPERIMENT_PROPERTIES;
use experiment_wasm::assignment::property_name;
use experiment_wasm::json::Text;
use serde::Serialize;
use tokio::time::interval;

use super::Store;
use super::bulk::{insert, keys, select_in, sql};
use super::engine::{Arg, Row, Source, Transaction};
use super::failure::{Failure, Result};
use super::ids::Ids;
use crate::metrics::{Metrics, ProjectLabel};

/// How many names are listed: as many as there may be.
pub const MOST_NAMES: u64 = EXPERIMENT_PROPERTIES;

/// How often names are counted for the metrics.
const COUNTED: Duration = Duration::from_secs(5);

/// All names, those of flags, and flags, up to a number. A flag's key follows `[Experiment] ` in the name.
const COUNT: &str = "SELECT count(*), \
    count((SELECT flag_key FROM flag WHERE flag.project = $1 AND flag_key = substr(taken.name, 14))), \
    (SELECT count(*) FROM (SELECT flag_key FROM flag WHERE project = $1 LIMIT $2) AS few) \
    FROM experiment_property AS taken WHERE project = $1";

const LIST: &str = "SELECT name, (SELECT flag_key FROM flag WHERE flag.project = $1 AND flag_key = substr(taken.name, 14)) \
    FROM experiment_property AS taken WHERE project = $1 ORDER BY name LIMIT $2";

const FREE: &str = "INSERT INTO freed_property (project, name, position, last, freed)";

/// A name that is freed while its property is still removed from people begins again.
const FREE_AGAIN: &str =
    "ON CONFLICT (project, name) DO UPDATE SET position = 0, last = excluded.last, freed = excluded.freed";

/// The names that a project has taken.
#[derive(Debug, Serialize)]
pub struct TakenNames {
    pub count: u64,
    pub limit: u64,
    /// How many were freed and are still removed from people.
    pub freeing: u64,
    pub names: Vec<TakenName>,
}

#[derive(Debug, Serialize)]
pub struct TakenName {
    pub name: String,
    pub is_flag: bool,
}

/// Counts the names of every project, again and again.
pub async fn watch(store: Store, metrics: Arc<Metrics>) {
    let mut ticks = interval(COUNTED);
    loop {
        ticks.tick().await;
        // Whether the store answers is said elsewhere.
        if let Err(error) = store.show_names(&metrics).await {
            tracing::debug!(error = %Failure(&error), "the names of experiment properties could not be counted");
        }
    }
}

impl Store {
    /// How many names a project has taken.
    pub async fn name_counts(&self, project: i64) -> Result<NameCounts> {
        counts(&self.engine.rows(sql(COUNT), count_args(project)).await?)
    }

    /// The names that a project has taken, [`MOST_NAMES`] of them where there are more.
    pub async fn names(&self, project: i64) -> Result<TakenNames> {
        let args = vec![project.into(), MOST_NAMES.cast_signed().into()];
        let rows = self.engine.rows(sql(LIST), args).await?;
        let name = |row: &Row| Ok(TakenName { name: row.required_text(0)?, is_flag: row.text(1)?.is_some() });
        let mut names: Vec<_> = rows.iter().map(name).collect::<Result<_>>()?;
        names.sort_by(|one, other| one.name.cmp(&other.name));
        let freeing = sql("SELECT count(*) FROM freed_property WHERE project = $1");
        let freeing = self.engine.rows(freeing, vec![project.into()]).await?;
        let freeing = freeing.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs();
        let count = self.name_counts(project).await?.taken;
        Ok(TakenNames { count, limit: EXPERIMENT_PROPERTIES, freeing, names })
    }

    /// Frees a name at this time; says whether it was taken. [Later](super::freeing) its property is removed from people.
    pub async fn free_name(&self, project: i64, name: &str, now: u64) -> Result<bool> {
        let mut open = self.engine.begin().await?;
        let delete = sql("DELETE FROM experiment_property WHERE project = $1 AND name = $2");
        if open.change(delete, vec![project.into(), name.into()]).await? == 0 {
            return Ok(false);
        }
        let last = Ids::Person.last(&mut open).await?;
        let row = vec![project.into(), name.into(), 0_i64.into(), last.into(), now.cast_signed().into()];
        insert(&mut open, FREE, FREE_AGAIN, vec![row]).await?;
        open.commit().await.map(|()| true)
    }

    async fn show_names(&self, metrics: &Metrics) -> Result<()> {
        for project in self.engine.rows(sql("SELECT id, name FROM project"), Vec::new()).await? {
            let (id, label) = (project.int(0)?, ProjectLabel { project: project.required_text(1)? });
            let counts = self.name_counts(id).await?;
            metrics.property_names.get_or_create(&label).set(counts.taken.cast_signed());
            let left = counts.left_for_others().cast_signed();
            metrics.property_names_left.get_or_create(&label).set(left);
        }
        Ok(())
    }
}

/// The experiment properties that the events may make. How many there are is asked only if one is new.
pub(super) async fn of_events(
    open: &mut Transaction,
    project: i64,
    events: &[&IncomingEvent],
) -> Result<ExperimentProperties> {
    let changes = events.iter().flat_map(|event| &event.normalized.changes);
    let made: HashSet<_> =
        changes.filter(|change| change.makes_experiment_property()).map(|change| &change.name).collect();
    let table = ("experiment_property", "project = $1 AND name = lookup_1");
    let known = found(open, project, "name", table, made.iter().copied()).await?;
    let others: Vec<_> = made.iter().filter(|name| !known.contains(**name)).map(|name| flag_key(name)).collect();
    if others.is_empty() {
        return Ok(ExperimentProperties { known, ..ExperimentProperties::default() });
    }
    let table = ("flag", "project = $1 AND flag_key = lookup_1");
    let flags = found(open, project, "flag_key", table, others.iter()).await?;
    let of_flags = flags.iter().map(|key| property_name(key)).collect();
    let counts = counts(&open.rows(sql(COUNT), count_args(project)).await?)?;
    Ok(ExperimentProperties { known, of_flags, counts, new: Vec::new() })
}

/// Which of these texts are in a table.
async fn found<'a>(
    open: &mut Transaction,
    project: i64,
    column: &str,
    table: (&str, &str),
    texts: impl Iterator<Item = &'a Text>,
) -> Result<HashSet<Text>> {
    let rows = select_in(open, column, table, project, keys(texts)).await?;
    rows.iter().map(|row| row.required_text(0).map(Text::from)).collect()
}

fn count_args(project: i64) -> Vec<Arg> {
    vec![project.into(), EXPERIMENT_PROPERTIES.cast_signed().into()]
}

fn counts(rows: &[Row]) -> Result<NameCounts> {
    let Some(row) = rows.first() else { return Ok(NameCounts::default()) };
    let count = |column| row.int(column).map(i64::unsigned_abs);
    Ok(NameCounts { taken: count(0)?, of_flags: count(1)?, flags: count(2)? })
}
