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
use crate::http::query::{self, QueryFault};
use crate::http::refusal::Refusal;
use crate::http::response::json;
use crate::store::Usage;

#[derive(Serialize)]
struct MonthlyUsage {
    month: String,
    #[serde(flatten)]
    used: Usage,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'static [Warning],
}

/// What an admin should look at.
#[derive(Serialize)]
struct Warning {
    reason: &'static str,
    field: &'static str,
}

/// Nine tenths of the names are taken that the project may have, or of those that are no flag's.
static NEARLY_FULL: [Warning; 1] =
    [Warning { reason: "experiment_properties_nearly_full", field: "experiment_properties" }];

/// `GET /api/usage?month=YYYY-MM`: `{month, events, tracked_users, experiment_properties}`, of the current month when
/// none is named. With `warnings: [{reason, field}]` where there is something to look at.
pub async fn month(State(app): State<Arc<App>>, Admin(project): Admin, asked: Request) -> Result<Response, QueryFault> {
    let month = match query::fields(asked.uri(), &["month"])?.get("month") {
        Some(month) => Month::read(month).ok_or(Refusal::Malformed("The month is not YYYY-MM"))?,
        None => Month::of(clock::now()),
    };
    let used = app.store.usage(project.id, month).await.map_err(|error| Refusal::failed(&error))?;
    let warnings = if used.is_nearly_full { NEARLY_FULL.as_slice() } else { &[] };
    Ok(json(StatusCode::OK, &MonthlyUsage { month: month.to_string(), used, warnings }))
}
