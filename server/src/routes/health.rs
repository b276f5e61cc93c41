//! `GET /livez`: whether the process answers. `GET /readyz`, and `GET /healthz` as older set-ups ask: whether the database
//! answers, the last events were stored, and the flags in force are the stored ones. None of them waits for readers or
//! writers of the database.
//!
//! A full disk is no reason to take the server out of a load balancer, nor to restart it: evaluation and reading go on.
//! Neither are flags that could not be read: the last readable ones are in force.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::app::App;
use crate::http::refusal::Refusal;
use crate::http::response::json;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// `GET /livez`: `{status}`.
pub async fn livez() -> Response {
    answer("ok")
}

/// `GET /readyz` and `GET /healthz`: `{status}`.
pub async fn readyz(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    match app.store.ping().await {
        Ok(()) if !app.store.stores() => Ok(answer("not storing")),
        Ok(()) if app.has_old_flags() => Ok(answer("old flags")),
        Ok(()) => Ok(answer("ok")),
        Err(error) => Err(Refusal::failed(&error)),
    }
}

fn answer(status: &'static str) -> Response {
    json(StatusCode::OK, &Health { status })
}
