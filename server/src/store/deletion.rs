//! Deletes people: at the request of an admin, or when their last event expired. A request takes this way:
//!
//! 1. `delete_person` of `routes/deletions.rs` waits until what was received before is stored.
//! 2. `delete_person` here, in one transaction: the record, and the mark (`mark` of `unneeded.rs`), with which the user id and
//!    the properties of now go. Nobody finds the person any more; what arrives from now on is a new person's.
//! 3. `forget` of the route: cached answers.
//! 4. Steps of 200 rows (`delete_some`), the first ones before the answer, the others in the [background](super::background):
//!    of a user first the visitors who turned out to be them (`next`); of each events (whose usage is kept), states, devices.
//! 5. `finish`: the tracked user is kept, the row of the person goes, and with the last one the record says so.
//!
//! The record stays, without the person.

use serde::Serialize;

use super::background::STEP_ROWS;
use super::bulk::{insert, sql};
use super::engine::{Arg, Row, Source, Transaction};
use super::failure::Result;
use super::ids::Ids;
use super::kept_usage::{keep_events, keep_tracked};
use super::reading::{Who, find};
use super::unneeded::{EXPIRED, mark, remove_unneeded};
use super::{Store, background};
use crate::clock;

/// The most devices that are named of a person who is deleted.
const MOST_DEVICES: usize = 1_000;

/// A request, as its record begins.
#[derive(Debug)]
pub struct DeletionRequest {
    pub who: Who,
    /// What the admin says of who wants it.
    pub requested_by: Option<String>,
    /// The beginning of the digest of the admin's key.
    pub admin_key: String,
}

/// The record of a request. Times are in milliseconds.
#[derive(Debug, Serialize)]
pub struct Deletion {
    pub id: i64,
    requested: i64,
    requested_by: Option<String>,
    admin_key: String,
    /// How many events were deleted so far.
    events: i64,
    /// When everything was deleted.
    pub finished: Option<i64>,
}

/// The ids by which a person was known who is being deleted.
#[derive(Debug)]
pub struct KnownIds {
    pub user_id: Option<String>,
    /// None where there are too many to name them.
    pub device_ids: Option<Vec<String>>,
}

const RECORD: &str = "INSERT INTO deletion (id, project, requested, requested_by, admin_key, events)";

const RECORDS: &str = "SELECT id, requested, requested_by, admin_key, events, finished FROM deletion \
                       WHERE project = $1 AND id < $2 ORDER BY project DESC, id DESC LIMIT $3";

/// Requests come before people whose events expired.
const NEXT: &str = "SELECT id, project, deletion, merged_into FROM person WHERE deletion IS NOT NULL \
                    ORDER BY deletion DESC LIMIT 1";

const VISITOR: &str = "SELECT id, project, deletion, merged_into FROM person WHERE merged_into = $1 LIMIT 1";

const EVENTS: &str = "SELECT id, received, event_type FROM event WHERE person = $1 LIMIT $2";

const STATES: &str = "DELETE FROM property_state WHERE person = $1 AND number IN \
                      (SELECT number FROM property_state WHERE person = $1 ORDER BY person, number LIMIT $2)";

const DEVICES: &str = "DELETE FROM device WHERE (project, device_id) IN \
                       (SELECT project, device_id FROM device WHERE person = $1 LIMIT $2)";

const FINISHED: &str = "UPDATE deletion SET finished = $2 WHERE id = $1 \
                        AND NOT EXISTS (SELECT 1 FROM person WHERE person.deletion = $1)";

/// Deletes what there is to be deleted, as long as the server runs.
pub async fn run(store: Store) {
    background::repeat("people could not be deleted", || store.delete_some()).await;
}

/// A person who is being deleted.
struct Deleted {
    id: i64,
    project: i64,
    deletion: i64,
    merged_into: Option<i64>,
}

impl Store {
    /// Makes that nobody finds a person any more. None where there is nobody.
    pub async fn delete_person(&self, project: i64, request: DeletionRequest) -> Result<Option<(i64, KnownIds)>> {
        let mut open = self.engine.begin().await?;
        let Some(row) = find(&mut open, project, request.who).await? else { return Ok(None) };
        let (person, user_id) = (row.int(0)?, row.text(1)?);
        let device_ids = device_ids(&mut open, person).await?;
        let last = open.rows(sql("SELECT coalesce(max(id), 0) FROM deletion"), Vec::new()).await?;
        let deletion = last.first().map_or(Ok(0), |row| row.int(0))? + 1;
        let requested = Arg::from(clock::now().cast_signed());
        let (requested_by, admin_key) = (request.requested_by.into(), request.admin_key.into());
        let record = vec![deletion.into(), project.into(), requested, requested_by, admin_key, 0_i64.into()];
        insert(&mut open, RECORD, "", vec![record]).await?;
        mark(&mut open, person, deletion).await?;
        open.commit().await?;
        tracing::info!(project, deletion, "a person is deleted at the request of an admin");
        Ok(Some((deletion, KnownIds { user_id, device_ids })))
    }

    /// The newest records of requests before this one, newest first.
    pub async fn deletions(&self, project: i64, before: i64, limit: i64) -> Result<Vec<Deletion>> {
        let rows = self.engine.rows(sql(RECORDS), vec![project.into(), before.into(), limit.into()]).await?;
        rows.iter().map(record).collect()
    }

    /// Takes one step; says whether there was one to take.
    pub async fn delete_some(&self) -> Result<bool> {
        if self.engine.rows(sql(NEXT), Vec::new()).await?.is_empty() {
            return Ok(false);
        }
        let mut open = self.engine.begin().await?;
        Ids::Event.keep(&mut open).await?;
        Ids::Person.keep(&mut open).await?;
        let (mut left, mut is_request_finished) = (STEP_ROWS, false);
        while left > 0 {
            let Some(next) = next(&mut open).await? else { break };
            let (rows, is_finished) = step(&mut open, &next, left).await?;
            is_request_finished |= is_finished;
            left -= rows;
        }
        open.commit().await?;
        if is_request_finished {
            self.engine.truncate_log().await?;
        }
        Ok(true)
    }
}

async fn device_ids(open: &mut Transaction, person: i64) -> Result<Option<Vec<String>>> {
    let devices = sql("SELECT device_id FROM device WHERE person = $1 LIMIT $2");
    let most = Arg::from(i64::try_from(MOST_DEVICES + 1).unwrap_or(i64::MAX));
    let rows = open.rows(devices, vec![person.into(), most]).await?;
    let devices = rows.iter().map(|row| row.required_text(0)).collect::<Result<Vec<_>>>()?;
    Ok(Some(devices).filter(|devices| devices.len() <= MOST_DEVICES))
}

fn record(row: &Row) -> Result<Deletion> {
    Ok(Deletion {
        id: row.int(0)?,
        requested: row.int(1)?,
        requested_by: row.text(2)?,
        admin_key: row.required_text(3)?,
        events: row.int(4)?,
        finished: row.maybe_int(5)?,
    })
}

/// Who is deleted next: of a user first the visitors who turned out to be them.
async fn next(open: &mut Transaction) -> Result<Option<Deleted>> {
    let rows = open.rows(sql(NEXT), Vec::new()).await?;
    let Some(next) = rows.first().map(deleted).transpose()? else { return Ok(None) };
    let visitors = open.rows(sql(VISITOR), vec![next.id.into()]).await?;
    let Some(row) = visitors.first() else { return Ok(Some(next)) };
    let visitor = Deleted { deletion: next.deletion, ..deleted(row)? };
    if row.maybe_int(2)? != Some(next.deletion) {
        mark(open, visitor.id, visitor.deletion).await?;
    }
    Ok(Some(visitor))
}

fn deleted(row: &Row) -> Result<Deleted> {
    let deletion = row.maybe_int(2)?.unwrap_or(EXPIRED);
    Ok(Deleted { id: row.int(0)?, project: row.int(1)?, deletion, merged_into: row.maybe_int(3)? })
}

/// Deletes so many rows of a person at most, and the person when none is left, who counts as one more; returns how many,
/// and whether a request is finished.
async fn step(open: &mut Transaction, person: &Deleted, most: i64) -> Result<(i64, bool)> {
    let mut rows = events(open, person, most).await?;
    for statement in [STATES, DEVICES] {
        if rows < most {
            let args = vec![person.id.into(), (most - rows).into()];
            rows += open.change(sql(statement), args).await?.cast_signed();
        }
    }
    if rows == most {
        return Ok((rows, false));
    }
    Ok((rows + 1, finish(open, person).await?))
}

async fn events(open: &mut Transaction, person: &Deleted, most: i64) -> Result<i64> {
    let rows = open.rows(sql(EVENTS), vec![person.id.into(), most.into()]).await?;
    let user = person.merged_into.unwrap_or(person.id);
    keep_events(open, (person.project, user), &rows, 1).await?;
    delete_events(open, &rows).await?;
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if person.deletion != EXPIRED && count > 0 {
        let counted = sql("UPDATE deletion SET events = events + $2 WHERE id = $1");
        open.change(counted, vec![person.deletion.into(), count.into()]).await?;
    }
    Ok(count)
}

/// Deletes events by the id in the first column of their rows.
pub async fn delete_events(open: &mut Transaction, rows: &[Row]) -> Result<()> {
    let ids = rows.iter().map(|row| Ok(vec![row.int(0)?.into()])).collect::<Result<_>>()?;
    insert(open, "DELETE FROM event WHERE id IN (", ")", ids).await
}

/// Deletes a person to whom nothing belongs any more; says whether a request is finished with it.
async fn finish(open: &mut Transaction, person: &Deleted) -> Result<bool> {
    if person.merged_into.is_none() {
        keep_tracked(open, person.project, person.id).await?;
    }
    open.change(sql("DELETE FROM person WHERE id = $1"), vec![person.id.into()]).await?;
    match (person.deletion, person.merged_into) {
        (EXPIRED, Some(user)) => remove_unneeded(open, person.project, [user]).await.map(|()| false),
        (EXPIRED, None) => Ok(false),
        (deletion, _) => {
            let args = vec![deletion.into(), clock::now().cast_signed().into()];
            open.change(sql(FINISHED), args).await.map(|finished| finished > 0)
        }
    }
}
