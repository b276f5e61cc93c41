//! Effects as JSON, for a face that performs them itself: in Node and at the edge timers and requests are its own.

use crate::api::{Request, Response};
use crate::effect::{Level, Message, RequestId};
use crate::error::Error;
use crate::json::{Object, Value};

/// `["send", id, method, url, headers, body?, millis]`
pub(super) fn send(RequestId(id): RequestId, request: Request) -> Vec<Value> {
    let Request { method, url, headers, body, timeout_millis, .. } = request;
    let headers: Object = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let body = body.map_or(Value::Null, Value::from);
    vec!["send".into(), number(id), method.into(), url.into(), headers.into(), body, timeout_millis.into()]
}

/// `["abort", id]`
pub(super) fn abort(RequestId(id): RequestId) -> Vec<Value> {
    vec!["abort".into(), number(id)]
}

/// `["log", level, sentence, code?, status?]`
pub(super) fn log(level: Level, Message { text, error }: Message) -> Vec<Value> {
    let code = error.map_or(Value::Null, |error| error.code().into());
    vec!["log".into(), number(level as u32), text.into(), code, status_of(error)]
}

/// `["settle", code?, status?]`
pub(super) fn settle(result: Result<(), Error>) -> Vec<Value> {
    let Err(error) = result else { return vec!["settle".into()] };
    vec!["settle".into(), error.code().into(), status_of(Some(error))]
}

fn status_of(error: Option<Error>) -> Value {
    error.and_then(Error::status).map_or(Value::Null, |status| number(status.into()))
}

pub(super) fn number(number: u32) -> Value {
    u64::from(number).into()
}

/// How a request ended, as a face tells it: with the status 0 no answer came.
pub(super) fn response(status: u16, body: &str, retry_after: Option<u32>) -> Result<Response, Error> {
    let retry_after = retry_after.map(|seconds| u64::from(seconds) * 1_000);
    match status {
        0 => Err(Error::Network),
        _ => Ok(Response { status, body: body.into(), retry_after }),
    }
}
