//! Deleting people, for the admin, and the records of it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use tokio::time::timeout;

use super::reading::who;
use crate::app::{App, Project};
use crate::http::keys::{Admin, AdminKeyFingerprint};
use crate::http::query::{self, QueryFault};
use crate::http::refusal::Refusal;
use crate::http::request;
use crate::http::response::json;
use crate::store::Who;
use crate::store::deletion::{Deletion, DeletionRequest, KnownIds};

/// How long events that were received before are waited for.
const FLUSH_WAIT: Duration = Duration::from_secs(5);

/// How many steps of a deletion an answer waits for: four thousand rows.
const STEPS: usize = 20;

/// How many records are listed at most.
const MOST_RECORDS: i64 = 1_000;

/// The longest `requested_by`, in bytes.
const LONGEST_REQUESTED_BY: usize = 256;

/// `DELETE /api/users?user_id|device_id&requested_by`: deletes the person who is found by the user id, or else by the
/// device, with everything that belongs to them. The record of it, `{id, requested, requested_by, admin_key, events,
/// finished}`, with 200; with 202 and `finished: null` where there is more than a few thousand events, which are deleted
/// in the background.
pub async fn delete_person(
    State(app): State<Arc<App>>,
    Admin(project): Admin,
    AdminKeyFingerprint(admin_key): AdminKeyFingerprint,
    asked: Request,
) -> Result<Response, QueryFault> {
    let (who, requested_by) = read(&asked)?;
    // What was received before is stored first, and deleted then.
    let flushed = async {
        app.tracking.flushed().await;
        app.writer.flushed().await;
    };
    timeout(FLUSH_WAIT, flushed).await.map_err(|_| Refusal::Unavailable)?;
    let device_id = if let Who::Device(id) = &who { Some(id.clone()) } else { None };
    let deleted = app.store.delete_person(project.id, DeletionRequest { who, requested_by, admin_key }).await;
    let (id, ids) = deleted.map_err(|error| Refusal::failed(&error))?.ok_or(Refusal::NotFound)?;
    forget(&app, &project, ids, device_id);
    let record = finished(&app, project.id, id).await.map_err(|error| Refusal::failed(&error))?;
    let record = record.ok_or(Refusal::NotFound)?;
    let status = if record.finished.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(json(status, &record))
}

#[derive(Serialize)]
struct Records {
    deletions: Vec<Deletion>,
}

/// `GET /api/deletions?limit&cursor`: `{deletions: [...]}`, the newest first, 1,000 at most; `cursor` is the id of a record,
/// and only older ones are listed.
pub async fn list(State(app): State<Arc<App>>, Admin(project): Admin, asked: Request) -> Result<Response, QueryFault> {
    let fields = query::fields(asked.uri(), &["limit", "cursor"])?;
    let number = |name| fields.get(name).map_or(Ok(None), |value| query::number(name, value));
    let (limit, cursor) = (number("limit")?.unwrap_or(MOST_RECORDS), number("cursor")?.unwrap_or(i64::MAX));
    let deletions = app
        .store
        .deletions(project.id, cursor, limit.min(MOST_RECORDS))
        .await
        .map_err(|error| Refusal::failed(&error))?;
    Ok(json(StatusCode::OK, &Records { deletions }))
}

fn read(asked: &Request) -> Result<(Who, Option<String>), QueryFault> {
    let mut fields = query::fields(asked.uri(), &["user_id", "device_id", "requested_by"])?;
    let requested_by = fields.remove("requested_by").and_then(request::text);
    if requested_by.as_ref().is_some_and(|text| text.len() > LONGEST_REQUESTED_BY) {
        return Err(QueryFault::of("requested_by", "The parameter is longer than 256 bytes"));
    }
    Ok((who(&mut fields)?, requested_by))
}

/// Removes what is kept in memory of a person.
fn forget(app: &App, project: &Project, ids: KnownIds, device_id: Option<String>) {
    match ids.device_ids {
        Some(mut devices) => {
            devices.extend(device_id);
            app.cache.remove(project.id, ids.user_id.as_deref(), &devices);
        }
        None => app.cache.clear(),
    }
}

/// The record after a few steps.
async fn finished(app: &App, project: i64, id: i64) -> sqlx::Result<Option<Deletion>> {
    for step in 0..=STEPS {
        let record = app.store.deletions(project, id + 1, 1).await?.into_iter().next();
        if step == STEPS || record.as_ref().is_none_or(|record| record.finished.is_some()) {
            return Ok(record);
        }
        app.store.delete_some().await?;
    }
    Ok(None)
}
