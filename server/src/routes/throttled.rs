//! The answer to a throttled request, of which no event was taken: Amplitude's fields.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use experiment_ingestion::throttle::{Field, Throttled};
use experiment_wasm::json::Text;
use serde::Serialize;

use crate::http::response::json;

#[derive(Serialize)]
struct Body<'a> {
    code: u16,
    error: &'static str,
    eps_threshold: u64,
    throttled_devices: Counts<'a>,
    throttled_users: Counts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exceeded_daily_quota_devices: Option<Counts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exceeded_daily_quota_users: Option<Counts<'a>>,
    throttled_events: &'a [u64],
}

/// `{id: count}` of the ids of one kind.
type Counts<'a> = BTreeMap<Cow<'a, str>, u64>;

/// 429, with the ids and events that are too many. Only routes with a daily quota name it.
pub fn answer(throttled: &Throttled, has_quota: bool) -> Response {
    let over_quota = |field| has_quota.then(|| counts(field, &throttled.over_quota));
    let body = Body {
        code: 429,
        error: "Too many requests for some devices and users",
        eps_threshold: throttled.eps_threshold,
        throttled_devices: counts(Field::Device, &throttled.over_rate),
        throttled_users: counts(Field::User, &throttled.over_rate),
        exceeded_daily_quota_devices: over_quota(Field::Device),
        exceeded_daily_quota_users: over_quota(Field::User),
        throttled_events: &throttled.events,
    };
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, &body);
    let seconds = throttled.retry_after.div_ceil(1_000).max(1);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn counts(field: Field, over: &[((Field, Text), u64)]) -> Counts<'_> {
    let own = over.iter().filter(|((one, _), _)| *one == field);
    own.map(|((_, id), count)| (id.to_str(), *count)).collect()
}
