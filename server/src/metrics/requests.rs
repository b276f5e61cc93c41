//! Requests as they are counted. A connection that breaks before its headers were read is no request, and a client that
//! hangs up before the answer is not counted.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use super::Metrics;
use super::labels::{Answered, Route};

/// The route of static files, and of unknown paths.
pub const OTHER: &str = "other";

/// Lets a request through and counts its answer.
pub async fn measured(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or(OTHER, MatchedPath::as_str).to_owned();
    let method = known(request.method());
    let start = Instant::now();
    let response = next.run(request).await;
    metrics
        .request_duration_seconds
        .get_or_create(&Route { route: route.clone() })
        .observe(start.elapsed().as_secs_f64());
    metrics.requests.get_or_create(&Answered { route, method, status: response.status().as_u16() }).inc();
    response
}

/// The label of a method: a client can invent methods.
pub fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}
