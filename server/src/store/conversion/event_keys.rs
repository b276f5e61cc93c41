//! Gives events the key by which they are unique.

use super::super::background::{STEP_ROWS, within};
use super::super::bulk::{insert, sql};
use super::super::engine::{Arg, Row, Source, Transaction};
use super::super::failure::Result;
use super::super::known_events::FirstSchemaEvent;

/// Converts the events after an id, up to another. Where an equal one has been stored since, that one has the key.
pub async fn step(open: &mut Transaction, after: i64, last: i64) -> Result<Option<i64>> {
    let select = "SELECT id, user_id, device_id, event_type, flag_key, variant, \
                  CAST(octet_length(event_properties) + octet_length(user_properties) AS BIGINT), insert_id \
                  FROM event WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
    let rows = open.rows(sql(select), vec![after.into(), last.into(), STEP_ROWS.into()]).await?;
    let rows = within(&rows, 6)?;
    let keys = rows.iter().map(key).collect::<Result<_>>()?;
    let start = "UPDATE event SET unique_key = fresh.column2, made_by_server = fresh.column3 FROM (";
    // A range and its order: see `known_events`.
    let end = ") AS fresh WHERE event.id = fresh.column1 AND (SELECT other.unique_key FROM event AS other WHERE \
               other.project = event.project AND other.insert_id = event.insert_id \
               AND other.unique_key BETWEEN fresh.column2 AND fresh.column2 ORDER BY other.unique_key LIMIT 1) IS NULL";
    insert(open, start, end, keys).await?;
    rows.last().map(|row| row.int(0)).transpose()
}

/// An event's id, its key, and whether the server made it.
fn key(row: &Row) -> Result<Vec<Arg>> {
    let event = FirstSchemaEvent::of(row)?;
    let is_made_by_server = event.is_assignment() && is_digest(&row.required_text(7)?);
    let key = event.unique_key(is_made_by_server);
    Ok(vec![row.int(0)?.into(), key.into(), i64::from(is_made_by_server).into()])
}

/// Whether an insert id is one that this project makes. It tells the server's own assignments from those of other SDKs;
/// the first schema did not say who made one.
fn is_digest(insert_id: &str) -> bool {
    insert_id.len() == 64 && insert_id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
