//! The usage API of the admin, by calendar month.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use experiment_ingestion::usage::Month;
use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::http::keys::Admin;
use crate::http::refusal::Refusal;
use crate::http::request;
use crate::http::response::json;
use crate::store::Usage;

#[derive(Serialize)]
struct MonthlyUsage {
    month: String,
    #[serde(flatten)]
    used: Usage,
}

/// `GET /api/usage?month=YYYY-MM`: `{month, events, tracked_users, experiment_properties}`, of the current month when
/// none is named.
pub async fn month(State(app): State<Arc<App>>, Admin(project): Admin, asked: Request) -> Result<Response, Refusal> {
    let month = match request::query(asked.uri())?.get("month") {
        Some(month) => Month::read(month).ok_or(Refusal::Malformed("The month is not YYYY-MM"))?,
        None => Month::of(clock::now()),
    };
    let used = app.store.usage(project.id, month.millis()).await.map_err(|error| Refusal::failed(&error))?;
    Ok(json(StatusCode::OK, &MonthlyUsage { month: month.to_string(), used }))
}
