//! Makes states of the properties that were stored with every event.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use experiment_ingestion::difference::{Visible, state};
use experiment_ingestion::first_schema_states::{StateHistory, stored_bytes};
use experiment_ingestion::person_properties::State;
use experiment_wasm::json::parse;

use super::super::bulk::{composed, insert, sql};
use super::super::engine::{Arg, Source, Transaction};
use super::super::failure::Result;
use super::super::saving::{STATE, state_row};
use super::reach;

const LENGTHS: &str = "SELECT id, CAST(octet_length(user_properties) AS BIGINT) FROM event \
                       WHERE id > $1 AND id <= $2 AND user_properties <> '' ORDER BY id LIMIT $3";

const EVENTS: &str = "SELECT id, person, user_properties FROM event \
                      WHERE id > $1 AND id <= $2 AND user_properties <> '' ORDER BY id";

const LAST: &str =
    "SELECT number, base FROM property_state WHERE person = $1 AND number < 0 ORDER BY number DESC LIMIT 1";

const CHAIN: &str =
    "SELECT properties FROM property_state WHERE person = $1 AND number >= $2 AND number <= $3 ORDER BY number";

/// Of the table of events, and of the one where they are while they are replaced.
const COLUMNS: &str = "id, project, insert_id, person, user_id, device_id, event_type, time, received, flag_key, variant, \
                       experiment_key, event_properties, user_properties, rest, state, state_difference, unique_key, \
                       made_by_server";

/// Converts the events after an id, up to another, in the order in which they were stored. Properties that cannot be read
/// stay as they are.
pub async fn step(open: &mut Transaction, after: i64, last: i64) -> Result<Option<i64>> {
    let Some(reach) = reach(open, LENGTHS, after, last).await? else { return Ok(None) };
    let rows = open.rows(sql(EVENTS), vec![after.into(), reach.into()]).await?;
    let mut histories: HashMap<i64, StateHistory> = HashMap::new();
    let (mut states, mut events) = (Vec::new(), Vec::new());
    for row in &rows {
        let (id, person) = (row.int(0)?, row.int(1)?);
        let properties = parse(row.required_text(2)?.as_bytes()).ok().and_then(|all| all.into_object());
        let Some(properties) = properties else { continue };
        let history = match histories.entry(person) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(history(open, person).await?),
        };
        let (number, new) = history.next(id, properties.into_iter().collect());
        states.extend(new.map(|new| state_row((person, new))));
        events.push(vec![id.into(), number.into()]);
    }
    insert(open, STATE, "", states).await?;
    match open {
        Transaction::Sqlite(_) => replace(open, events).await?,
        Transaction::Postgres(_) => {
            let start = "UPDATE event SET user_properties = '', state = fresh.column2 FROM (";
            insert(open, start, ") AS fresh WHERE event.id = fresh.column1", events).await?;
        }
    }
    Ok(Some(reach))
}

/// Deletes the events and stores them again. SQLite leaves a page as it is when a row of it becomes shorter: only where
/// rows are deleted pages are joined, and their room is free.
async fn replace(open: &mut Transaction, events: Vec<Vec<Arg>>) -> Result<()> {
    let table = "CREATE TEMP TABLE IF NOT EXISTS replaced AS SELECT * FROM event WHERE false";
    open.change(sql(table), Vec::new()).await?;
    open.change(sql("DELETE FROM temp.replaced"), Vec::new()).await?;
    let start =
        format!("INSERT INTO temp.replaced ({COLUMNS}) SELECT {} FROM (", COLUMNS.replace(" state,", " column2,"));
    insert(open, &start, ") AS fresh CROSS JOIN event WHERE event.id = fresh.column1", events).await?;
    open.change(sql("UPDATE temp.replaced SET user_properties = ''"), Vec::new()).await?;
    open.change(sql("DELETE FROM event WHERE id IN (SELECT id FROM temp.replaced)"), Vec::new()).await?;
    let back = format!("INSERT INTO event ({COLUMNS}) SELECT {COLUMNS} FROM temp.replaced ORDER BY id");
    open.change(composed(back), Vec::new()).await.map(drop)
}

/// The states of a person up to the last event that was converted.
async fn history(open: &mut Transaction, person: i64) -> Result<StateHistory> {
    let last = open.rows(sql(LAST), vec![person.into()]).await?;
    let Some(last) = last.first() else { return Ok(StateHistory::default()) };
    let (number, base) = (last.int(0)?, last.int(1)?);
    let chain = open.rows(sql(CHAIN), vec![person.into(), base.into(), number.into()]).await?;
    let chain = chain.iter().map(|row| row.required_text(0)).collect::<Result<Vec<_>>>()?;
    let difference_bytes = chain.iter().skip(1).map(|text| stored_bytes(text)).sum();
    // Where it cannot be read, the next state is whole.
    let visible = state(chain.iter().map(String::as_str));
    let difference_bytes = if visible.is_some() { difference_bytes } else { u64::MAX / 2 };
    Ok(StateHistory::after(State { number, base, difference_bytes }, visible.unwrap_or_else(Visible::new)))
}
