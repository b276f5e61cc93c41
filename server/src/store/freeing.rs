//! Removes experiment properties whose name was freed from the people of the project, in small steps while the server
//! serves. Each step notes how far it came, and the replicas take turns.
//!
//! Names of a project that came equally far go on together, and who begins later catches up, so that many names are
//! one walk through the people. Events that are stored keep what they show.

use experiment_ingestion::batch::BatchState;
use experiment_ingestion::freed_names::FreedNames;
use experiment_wasm::json::Text;

use super::background::{STEP_ROWS, within};
use super::bulk::{composed, sql};
use super::engine::{Source, Transaction};
use super::failure::Result;
use super::loading::{PERSON, PERSON_COLUMNS, buckets, person};
use super::saving::save;
use super::{Store, background};

const NAMES: &str = "SELECT name, freed, last FROM freed_property WHERE project = $1 AND position = $2";

/// Where names are that came further.
const NEXT: &str = "SELECT min(position) FROM freed_property WHERE project = $1 AND position > $2";

const REACHED: &str = "UPDATE freed_property SET position = $3 WHERE project = $1 AND position = $2";

const DONE: &str = "DELETE FROM freed_property WHERE project = $1 AND position >= last";

/// Removes what there is to be removed, as long as the server runs. A name that was freed through this server need not be
/// found at once: it is free already.
pub async fn run(store: Store) {
    background::repeat("freed experiment properties could not be removed", || store.remove_freed()).await;
}

/// Names of one project that came equally far.
struct Walk {
    project: i64,
    position: i64,
    /// How far they go together.
    end: i64,
    names: FreedNames,
}

impl Store {
    /// Takes one step; says whether there was one to take.
    async fn remove_freed(&self) -> Result<bool> {
        let is_any = sql("SELECT project FROM freed_property LIMIT 1");
        if self.engine.rows(is_any, Vec::new()).await?.is_empty() {
            return Ok(false);
        }
        let mut open = self.engine.begin().await?;
        let Some(walk) = next_walk(&mut open).await? else { return Ok(false) };
        let reached = step(&mut open, &walk).await?;
        let (project, position) = (walk.project, walk.position);
        open.change(sql(REACHED), vec![project.into(), position.into(), reached.into()]).await?;
        open.change(sql(DONE), vec![project.into()]).await?;
        open.commit().await?;
        Ok(true)
    }
}

async fn next_walk(open: &mut Transaction) -> Result<Option<Walk>> {
    let first = sql("SELECT project, position FROM freed_property ORDER BY project, position LIMIT 1");
    let rows = open.rows(first, Vec::new()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (project, position) = (row.int(0)?, row.int(1)?);
    let next = open.rows(sql(NEXT), vec![project.into(), position.into()]).await?;
    let mut end = next.first().map_or(Ok(None), |row| row.maybe_int(0))?.unwrap_or(i64::MAX);
    let mut names = Vec::new();
    for row in open.rows(sql(NAMES), vec![project.into(), position.into()]).await? {
        names.push((Text::from(row.required_text(0)?), row.int(1)?.unsigned_abs()));
        end = end.min(row.int(2)?);
    }
    Ok(Some(Walk { project, position, end, names: FreedNames::new(names) }))
}

/// Removes them from the next people; returns the last id that it came to.
async fn step(open: &mut Transaction, walk: &Walk) -> Result<i64> {
    let select = format!(
        "SELECT {PERSON}, project, property_bytes + CAST(octet_length(properties) AS BIGINT) FROM person \
         WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3"
    );
    let rows = open.rows(composed(select), vec![walk.position.into(), walk.end.into(), STEP_ROWS.into()]).await?;
    let rows = within(&rows, PERSON_COLUMNS + 1)?;
    let (mut batch, mut people) = (BatchState::default(), Vec::new());
    for row in rows {
        if row.int(PERSON_COLUMNS)? == walk.project {
            let (id, person) = person(row)?;
            batch.people.add_person(id, person);
            people.push(id);
        }
    }
    load(open, walk, &mut batch, &people).await?;
    people.iter().for_each(|person| batch.free(*person, &walk.names));
    save(open, walk.project, &mut batch).await?;
    rows.last().map_or(Ok(walk.end), |row| row.int(0))
}

/// Loads the buckets of the names, then what else is needed of those who have them.
async fn load(open: &mut Transaction, walk: &Walk, batch: &mut BatchState<'_>, people: &[i64]) -> Result<()> {
    for _ in 0..2 {
        let mut wanted = Vec::new();
        for person in people {
            let missing = batch.people.properties(*person).map(|properties| walk.names.missing(properties));
            wanted.extend(missing.into_iter().flatten().map(|bucket| (*person, bucket)));
        }
        buckets(open, walk.project, batch, wanted).await?;
    }
    Ok(())
}
