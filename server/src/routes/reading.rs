//! The reading API of the admin: events as they were stored, people as they are now.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::event_query::EventQuery;
use super::event_stream::EventStream;
use crate::app::App;
use crate::http::keys::Admin;
use crate::http::query::{self, QueryFault};
use crate::http::refusal::Refusal;
use crate::http::request::{self, Fields};
use crate::http::response::json;

/// `GET /api/events`: the newest that match, oldest first; the query is described at [`EventQuery`]. Where there may be
/// older ones, `Link: <…>; rel="next"` leads to them.
pub async fn events(
    State(app): State<Arc<App>>,
    Admin(project): Admin,
    asked: Request,
) -> Result<Response, QueryFault> {
    let EventQuery { filter, format } = EventQuery::read(asked.uri())?;
    let page = app.store.event_page(project.id, &filter).await.map_err(|error| Refusal::failed(&error))?;
    let next = page.next.and_then(|cursor| HeaderValue::try_from(EventQuery::next(asked.uri(), cursor).ok()?).ok());
    let stream = EventStream::new(app, project.id, page.ids, format);
    let mut response = stream.into_response().await.map_err(|error| Refusal::failed(&error))?;
    response.headers_mut().extend(next.map(|next| (header::LINK, next)));
    Ok(response)
}

/// `GET /api/users?user_id|device_id`: `{user_id, device_ids, user_properties}`.
pub async fn person(
    State(app): State<Arc<App>>,
    Admin(project): Admin,
    asked: Request,
) -> Result<Response, QueryFault> {
    let mut fields = query::fields(asked.uri(), &["user_id", "device_id"])?;
    let (user_id, device_id) = (taken(&mut fields, "user_id"), taken(&mut fields, "device_id"));
    if user_id.is_none() && device_id.is_none() {
        return Err(Refusal::Missing("user_id").into());
    }
    let found = app.store.person(project.id, user_id, device_id).await.map_err(|error| Refusal::failed(&error))?;
    Ok(json(StatusCode::OK, &found.ok_or(Refusal::NotFound)?))
}

fn taken(fields: &mut Fields, name: &str) -> Option<String> {
    fields.remove(name).and_then(request::text)
}
