//! Which events are stored: by project, insert id and unique key.

use std::collections::HashSet;

use experiment_ingestion::Exposed;
use experiment_ingestion::unique_key::unique_key;
use experiment_wasm::assignment::ASSIGNMENT_EVENT;
use experiment_wasm::json::{Text, Value};
use experiment_wasm::user::Identity;

use super::bulk::{number, select_in};
use super::engine::{Row, Transaction};
use super::failure::Result;

/// In the order of the index: others begin with the project too, and only the order tells PostgreSQL which one to take
/// while it knows nothing of the table. A column whose value is given has no order, so the last one is given as a range,
/// from the value to the value.
const KEYS: &str = "project = $1 AND insert_id = lookup_1 \
    AND unique_key BETWEEN CAST(lookup_2 AS BIGINT) AND CAST(lookup_2 AS BIGINT) ORDER BY unique_key";

const FIRST_SCHEMA_KEYS: &str = "project = $1 AND insert_id = lookup_1 AND unique_key IS NULL ORDER BY unique_key";

const FIRST_SCHEMA_COLUMNS: &str = "insert_id, user_id, device_id, event_type, flag_key, variant";

/// Which of these events are stored. Those of an earlier version have no unique key until they are converted.
pub async fn stored(
    open: &mut Transaction,
    project: i64,
    is_converted: bool,
    events: impl IntoIterator<Item = (&Text, i64)>,
) -> Result<HashSet<(Text, i64)>> {
    let asked: HashSet<_> = events.into_iter().collect();
    let key = |(insert_id, unique_key): &(&Text, i64)| [insert_id.to_str().as_ref().into(), number(*unique_key)];
    let keys: Vec<[Value; 2]> = asked.iter().map(key).collect();
    let ids: HashSet<_> = asked.iter().map(|(insert_id, _)| *insert_id).collect();
    let ids = ids.into_iter().map(|insert_id| [insert_id.to_str().as_ref().into()]).collect();
    let mut stored = HashSet::new();
    for row in select_in(open, "insert_id, unique_key", ("event", KEYS), project, keys).await? {
        stored.insert((row.required_text(0)?.into(), row.int(1)?));
    }
    if is_converted {
        return Ok(stored);
    }
    for row in select_in(open, FIRST_SCHEMA_COLUMNS, ("event", FIRST_SCHEMA_KEYS), project, ids).await? {
        let insert_id = Text::from(row.required_text(0)?);
        stored.extend(first_schema_keys(&row)?.map(|key| (insert_id.clone(), key)));
    }
    Ok(stored)
}

/// The unique keys of an event that the first schema stored without one. It did not say who made an assignment.
fn first_schema_keys(row: &Row) -> Result<impl Iterator<Item = i64> + use<>> {
    let event = FirstSchemaEvent::of(row)?;
    let makers = [Some(false), event.is_assignment().then_some(true)];
    Ok(makers.into_iter().flatten().map(move |is_made_by_server| event.unique_key(is_made_by_server)))
}

/// What the unique key of an event of the first schema is made of.
pub struct FirstSchemaEvent {
    identity: Identity,
    event_type: Text,
    exposure: Option<Exposed>,
}

impl FirstSchemaEvent {
    /// Of a row whose columns after the first are `user_id, device_id, event_type, flag_key, variant`.
    pub fn of(row: &Row) -> Result<Self> {
        let text = |column| row.text(column).map(|text| text.map(Text::from));
        let identity = Identity { user_id: text(1)?, device_id: text(2)? };
        let (event_type, variant) = (Text::from(row.required_text(3)?), text(5)?);
        let exposure = text(4)?.map(|flag_key| Exposed { flag_key, variant, experiment_key: None });
        Ok(Self { identity, event_type, exposure })
    }

    /// Whether it is an assignment, which the server may have made.
    pub fn is_assignment(&self) -> bool {
        self.event_type == ASSIGNMENT_EVENT
    }

    /// Its unique key, by who made it.
    pub fn unique_key(&self, is_made_by_server: bool) -> i64 {
        unique_key(&self.identity, &self.event_type, self.exposure.as_ref(), is_made_by_server)
    }
}
