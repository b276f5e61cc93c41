//! Whether the server is alive and its database answers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::refusal::{Refusal, text};

pub async fn healthz(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    match app.store.ping().await {
        Ok(()) => Ok(text(StatusCode::OK, r#"{"status":"ok"}"#)),
        Err(error) => Err(Refusal::failed(&error)),
    }
}
