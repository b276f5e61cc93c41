//! Effects as JSON, for the JavaScript that performs them.

use crate::api::Request;
#[cfg(feature = "evaluate")]
use crate::api::Response;
use crate::effect::{Level, Message, RequestId};
#[cfg(feature = "client")]
use crate::effect::{Change, Effect, FetchId, Receiver, TrackId};
use crate::error::Error;
use crate::json::{Object, Value};

/// `["send", id, …]`, `["abort", id]`, `["track", id, is the plugin's, event]`, `["settle", id, code?, status?]`,
/// `["notify", kind, detail?]` or `["log", …]`. What is saved and removed goes to the storage.
#[cfg(feature = "client")]
pub(super) fn parts(effect: Effect) -> Vec<Value> {
    match effect {
        Effect::Send(id, request) => send(id, *request),
        Effect::Abort(id) => abort(id),
        Effect::Track(TrackId(id), to, event) => {
            vec!["track".into(), number(id), (to == Receiver::Plugin).into(), event.to_event().into()]
        }
        Effect::Settle(FetchId(id), result) => {
            let mut parts = settle(result);
            parts.insert(1, number(id));
            parts
        }
        Effect::Notify(change) => notify(change),
        Effect::Log(level, message) => log(level, message),
        Effect::Save(..) | Effect::Remove(..) => Vec::new(),
    }
}

#[cfg(feature = "client")]
fn notify(change: Change) -> Vec<Value> {
    let (kind, detail) = match change {
        Change::Variants => ("variants", Value::Null),
        Change::Flags => ("flags", Value::Null),
        Change::User => ("user", Value::Null),
        Change::Exposure(exposure) => ("exposure", exposure.to_object().into()),
        Change::Dropped(reason) => ("error", reason.code().into()),
    };
    vec!["notify".into(), kind.into(), detail]
}

/// `["send", id, method, url, headers, body?, millis, keepalive]`
pub(super) fn send(RequestId(id): RequestId, request: Request) -> Vec<Value> {
    let Request { method, url, headers, body, timeout_millis, keepalive } = request;
    let headers: Object = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let body = body.map_or(Value::Null, Value::from);
    let (millis, keepalive) = (timeout_millis.into(), keepalive.into());
    vec!["send".into(), number(id), method.into(), url.into(), headers.into(), body, millis, keepalive]
}

/// `["abort", id]`
pub(super) fn abort(RequestId(id): RequestId) -> Vec<Value> {
    vec!["abort".into(), number(id)]
}

/// `["log", level, sentence, code?]`
pub(super) fn log(level: Level, Message { text, error }: Message) -> Vec<Value> {
    vec!["log".into(), number(level as u32), text.into(), error.map_or(Value::Null, |error| error.code().into())]
}

/// `["settle", code?, status?]`
pub(super) fn settle(result: Result<(), Error>) -> Vec<Value> {
    let Err(error) = result else { return vec!["settle".into()] };
    let status = error.status().map_or(Value::Null, |status| number(status.into()));
    vec!["settle".into(), error.code().into(), status]
}

pub(super) fn number(number: u32) -> Value {
    u64::from(number).into()
}

/// How a request ended, as a face tells it: with the status 0 no answer came.
#[cfg(feature = "evaluate")]
pub(super) fn response(status: u16, body: &str, retry_after: Option<u32>) -> Result<Response, Error> {
    let retry_after = retry_after.map(|seconds| u64::from(seconds) * 1_000);
    match status {
        0 => Err(Error::Network),
        _ => Ok(Response { status, body: body.into(), retry_after }),
    }
}
