//! Puts the properties of people into buckets, and stores the state that they are.

use std::collections::BTreeMap;

use experiment_ingestion::batch::BatchState;
use experiment_ingestion::person_properties::PersonProperties;

use super::super::bulk::composed;
use super::super::engine::{Source, Transaction};
use super::super::failure::Result;
use super::super::loading::{PERSON, PERSON_COLUMNS, person};
use super::super::saving::save;
use super::reach;

const LENGTHS: &str = "SELECT id, CAST(octet_length(properties) AS BIGINT) FROM person \
                       WHERE id > $1 AND id <= $2 AND properties <> '' ORDER BY id LIMIT $3";

/// Converts the people after an id, up to another. Properties that cannot be read stay as they are.
pub async fn step(open: &mut Transaction, after: i64, last: i64) -> Result<Option<i64>> {
    let Some(reach) = reach(open, LENGTHS, after, last).await? else { return Ok(None) };
    let select =
        format!("SELECT {PERSON}, project FROM person WHERE id > $1 AND id <= $2 AND properties <> '' ORDER BY id");
    let rows = open.rows(composed(select), vec![after.into(), reach.into()]).await?;
    let mut by_project: BTreeMap<i64, BatchState<'_>> = BTreeMap::new();
    for row in &rows {
        let batch = by_project.entry(row.int(PERSON_COLUMNS)?).or_default();
        let (id, person) = person(row)?;
        batch.people.add_person(id, person);
        let Some(properties) = batch.people.properties_mut(id) else { continue };
        let state = PersonProperties::next_state(properties);
        batch.states.extend(state.map(|state| (id, state)));
        batch.people.mark_changed(id);
    }
    for (project, mut batch) in by_project {
        save(open, project, &mut batch).await?;
    }
    Ok(Some(reach))
}
