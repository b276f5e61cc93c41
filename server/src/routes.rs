//! The routes: their paths, and which pages may ask them.

mod deletions;
mod envelope;
mod evaluation;
mod event_query;
mod event_stream;
mod experiment_properties;
mod flags;
mod form;
mod health;
mod ingest;
pub mod metrics;
mod reading;
mod throttled;
mod usage;
mod values;
mod verdicts;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::middleware;
use axum::routing::{delete, get, post};
use tower_http::cors::{Any, CorsLayer};

use crate::app::App;
use crate::http::refusal::Refusal;
use crate::http::{origin, request_log, security_headers};
use crate::metrics::measured;

/// For how long a browser need not ask again whether it may ask: Chromium keeps it no longer than two hours.
const PREFLIGHT_HOLDS: Duration = Duration::from_secs(2 * 60 * 60);

/// All routes. Evaluation and ingestion may be asked from any page, the rest from pages of this server only.
pub fn router(app: Arc<App>, www: Option<&Path>, access_log: bool) -> Router {
    let evaluation = Router::new()
        .route("/sdk/v2/vardata", get(evaluation::vardata).post(evaluation::vardata))
        .route("/sdk/v2/flags", get(flags::for_deployment))
        .route("/v1/vardata", get(evaluation::vardata_v1))
        .route("/v1/flags", get(flags::for_deployment));
    let ingestion = Router::new()
        .route("/2/httpapi", post(ingest::httpapi))
        .route("/batch", post(ingest::batch))
        .route("/identify", post(ingest::identify));
    let admin = Router::new()
        .route("/api/events", get(reading::events))
        .route("/api/users", get(reading::person).delete(deletions::delete_person))
        .route("/api/deletions", get(deletions::list))
        .route("/api/usage", get(usage::month))
        .route("/api/experiment-properties", get(experiment_properties::list))
        .route("/api/experiment-properties/{name}", delete(experiment_properties::free))
        .route("/api/flags", get(flags::list))
        .route("/api/flags/{key}", get(flags::one).put(flags::put).delete(flags::delete));
    let health = Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/healthz", get(health::readyz));
    let measured = middleware::from_fn_with_state(Arc::clone(&app.metrics), measured);
    let api = Router::new()
        .merge(in_json(evaluation.merge(ingestion)).layer(cors()))
        .merge(in_json(admin).layer(middleware::from_fn(origin::own_only)))
        .merge(in_json(health))
        .with_state(app);
    let all = match www {
        Some(directory) => api.fallback_service(security_headers::pages(directory)),
        None => api.fallback(async || Refusal::NotFound),
    };
    let all = security_headers::guarded(all).layer(measured);
    let all = if access_log { all.layer(middleware::from_fn(request_log::logged)) } else { all };
    all.layer(middleware::from_fn(request_log::identified))
}

/// Refuses other methods in JSON, below whatever layer is laid around the routes: a preflight is the layer's to answer.
fn in_json(routes: Router<Arc<App>>) -> Router<Arc<App>> {
    routes.method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
}

fn cors() -> CorsLayer {
    let own =
        ["x-amp-exp-user", "x-amp-exp-flag-keys", "x-amp-exp-track", "x-amp-exp-exposure-track", "x-amp-exp-library"];
    let common = [header::AUTHORIZATION, header::CONTENT_TYPE, header::CONTENT_ENCODING, header::ACCEPT];
    let further = [header::IF_NONE_MATCH, request_log::X_REQUEST_ID];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(own.map(HeaderName::from_static).into_iter().chain(common).chain(further).collect::<Vec<_>>())
        .expose_headers([
            HeaderName::from_static("x-cache"),
            header::RETRY_AFTER,
            header::ETAG,
            request_log::X_REQUEST_ID,
        ])
        .max_age(PREFLIGHT_HOLDS)
}
