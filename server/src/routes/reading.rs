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
use crate::store::Who;

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
    let found = app.store.person(project.id, who(&mut fields)?).await.map_err(|error| Refusal::failed(&error))?;
    Ok(json(StatusCode::OK, &found.ok_or(Refusal::NotFound)?))
}

/// Whom a query is about: the user, or else the person of the device.
pub fn who(fields: &mut Fields) -> Result<Who, Refusal> {
    let mut taken = |name| fields.remove(name).and_then(request::text);
    let (user_id, device_id) = (taken("user_id").map(Who::User), taken("device_id").map(Who::Device));
    user_id.or(device_id).ok_or(Refusal::Missing("user_id"))
}
