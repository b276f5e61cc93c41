//! `GET /metrics`, on a port of its own: a client of the API need not reach it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

use crate::http::refusal::Refusal;
use crate::metrics::Metrics;

/// The one route.
pub fn router(metrics: Arc<Metrics>) -> Router {
    let shown = async |State(metrics): State<Arc<Metrics>>| {
        let headers = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (headers, metrics.text()).into_response()
    };
    Router::new()
        .route("/metrics", get(shown))
        .method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
        .fallback(async || Refusal::NotFound)
        .with_state(metrics)
}
