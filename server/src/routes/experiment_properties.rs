//! The names of experiment properties, for the admin: which are taken, and freeing one.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::http::keys::Admin;
use crate::http::query::NoParameters;
use crate::http::refusal::Refusal;
use crate::http::response::json;

/// `GET /api/experiment-properties`: `{count, limit, freeing, names: [{name, is_flag}]}`, by name, of 1,500 at most.
pub async fn list(State(app): State<Arc<App>>, Admin(project): Admin, _: NoParameters) -> Result<Response, Refusal> {
    let names = app.store.names(project.id).await.map_err(|error| Refusal::failed(&error))?;
    Ok(json(StatusCode::OK, &names))
}

#[derive(Serialize)]
struct Freed {}

/// `DELETE /api/experiment-properties/NAME`: `{}`. The name is free at once, and its property is removed from users in the
/// background.
pub async fn free(
    State(app): State<Arc<App>>,
    Admin(project): Admin,
    _: NoParameters,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    // Others are no name that is stored.
    let name = name.ok().map(|Path(name)| name).filter(|name| !name.contains('\0')).ok_or(Refusal::NotFound)?;
    let freed = app.store.free_name(project.id, &name, clock::now()).await;
    match freed.map_err(|error| Refusal::failed(&error))? {
        true => Ok(json(StatusCode::OK, &Freed {})),
        false => Err(Refusal::NotFound),
    }
}
