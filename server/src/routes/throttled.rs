//! The answer to a request of which nothing was taken because a user or device sends too much: Amplitude's fields.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use experiment_ingestion::throttle::{Field, Throttled};
use experiment_wasm::json::{Object, Text, Value};

use crate::http::refusal::json;

/// 429, with the ids and events that are too many. Only routes with a daily quota name it.
pub fn answer(throttled: &Throttled, has_quota: bool) -> Response {
    let mut body = Object::new();
    body.push("code".into(), 429_u64.into());
    body.push("error".into(), "Too many requests for some devices and users".into());
    body.push("eps_threshold".into(), throttled.eps_threshold.into());
    body.push("throttled_devices".into(), of(Field::Device, &throttled.over_rate).into());
    body.push("throttled_users".into(), of(Field::User, &throttled.over_rate).into());
    if has_quota {
        body.push("exceeded_daily_quota_devices".into(), of(Field::Device, &throttled.over_quota).into());
        body.push("exceeded_daily_quota_users".into(), of(Field::User, &throttled.over_quota).into());
    }
    let places = throttled.places.iter().map(|place| Value::from(*place)).collect::<Vec<_>>();
    body.push("throttled_events".into(), places.into());
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, &body.into());
    let seconds = throttled.retry_after.div_ceil(1_000).max(1);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// `{id: count}` of the ids of one kind.
fn of(field: Field, over: &[((Field, Text), u64)]) -> Object {
    let own = over.iter().filter(|((one, _), _)| *one == field);
    own.map(|((_, id), count)| (id.clone(), Value::from(*count))).collect()
}
