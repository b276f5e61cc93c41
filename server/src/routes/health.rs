//! Whether the server is alive, its database answers, events were stored when it was last tried, and the flags are those that
//! are stored.
//!
//! A disk that is full is no reason to send nobody here, nor to start anew: evaluation and reading go on. Neither are flags
//! that could not be read: the last ones that could are in force.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::http::refusal::{Refusal, text};

pub async fn healthz(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    match app.store.ping().await {
        Ok(()) if !app.store.stores() => Ok(text(StatusCode::OK, r#"{"status":"not storing"}"#)),
        Ok(()) if app.has_old_flags() => Ok(text(StatusCode::OK, r#"{"status":"old flags"}"#)),
        Ok(()) => Ok(text(StatusCode::OK, r#"{"status":"ok"}"#)),
        Err(error) => Err(Refusal::failed(&error)),
    }
}
