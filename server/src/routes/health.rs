//! Whether the server is alive, its database answers, and events were stored when it was last tried.
//!
//! A disk that is full is no reason to send nobody here, nor to start anew: evaluation and reading go on.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::refusal::{Refusal, text};

pub async fn healthz(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    match app.store.ping().await {
        Ok(()) if app.store.stores() => Ok(text(StatusCode::OK, r#"{"status":"ok"}"#)),
        Ok(()) => Ok(text(StatusCode::OK, r#"{"status":"not storing"}"#)),
        Err(error) => Err(Refusal::failed(&error)),
    }
}
