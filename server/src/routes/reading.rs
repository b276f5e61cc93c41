//! The reading API of the admin: events as they were stored, people as they are now.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::http::keys::Admin;
use crate::http::refusal::Refusal;
use crate::http::request::{self, Fields};
use crate::http::response::json;
use crate::store::EventFilter;

/// How many events are returned by default, and at most: an answer stays under what a browser shows without effort.
const EVENTS: i64 = 100;
const MOST_EVENTS: i64 = 10_000;

/// `GET /api/events?user_id&device_id&event_type&limit`: the newest that match, oldest first.
pub async fn events(State(app): State<Arc<App>>, Admin(project): Admin, asked: Request) -> Result<Response, Refusal> {
    let mut fields = request::query(asked.uri())?;
    let filter = EventFilter {
        limit: limit(&fields)?,
        user_id: taken(&mut fields, "user_id"),
        device_id: taken(&mut fields, "device_id"),
        event_type: taken(&mut fields, "event_type"),
    };
    let events = app.store.events(project.id, filter).await.map_err(|error| Refusal::failed(&error))?;
    Ok(json(StatusCode::OK, &events))
}

/// `GET /api/users?user_id|device_id`: `{user_id, device_ids, user_properties}`.
pub async fn person(State(app): State<Arc<App>>, Admin(project): Admin, asked: Request) -> Result<Response, Refusal> {
    let mut fields = request::query(asked.uri())?;
    let (user_id, device_id) = (taken(&mut fields, "user_id"), taken(&mut fields, "device_id"));
    if user_id.is_none() && device_id.is_none() {
        return Err(Refusal::Missing("user_id"));
    }
    let found = app.store.person(project.id, user_id, device_id).await.map_err(|error| Refusal::failed(&error))?;
    found.map(|person| json(StatusCode::OK, &person)).ok_or(Refusal::NotFound)
}

/// A field that is not empty. PostgreSQL would fail on NUL, and nothing stored has one.
fn taken(fields: &mut Fields, name: &str) -> Option<String> {
    fields.remove(name).map(|value| value.replace('\0', "\u{fffd}")).filter(|value| !value.is_empty())
}

fn limit(fields: &Fields) -> Result<i64, Refusal> {
    let Some(limit) = fields.get("limit") else { return Ok(EVENTS) };
    let limit = limit.parse().ok().filter(|limit| *limit >= 0);
    limit.map(|limit: i64| limit.min(MOST_EVENTS)).ok_or(Refusal::Malformed("The limit is no number"))
}
