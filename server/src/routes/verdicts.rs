//! The answer of ingestion: Amplitude's fields, and beside them one verdict for each event, in order.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use experiment_ingestion::{Fault, Rejection, Verdict};
use experiment_wasm::json::{Object, Text, Value};

use crate::http::refusal::json;

/// What became of one event.
pub struct Judged {
    /// As it was sent or given; absent where the event's own could not be read.
    pub insert_id: Option<Text>,
    pub verdict: Result<Verdict, Rejection>,
    /// The id that does not count, where the other one does.
    pub removed: Option<&'static str>,
}

/// 200 when any event was good, else 400.
pub fn answer(judged: &[Judged], bytes: usize, now: u64) -> Response {
    let verdicts = Value::Array(judged.iter().map(Judged::shown).collect());
    if judged.iter().all(|one| one.verdict.is_err()) {
        return refused(judged, verdicts);
    }
    let stored = judged.iter().filter(|one| matches!(one.verdict, Ok(Verdict::Stored(_)))).count();
    let mut body = Object::new();
    body.push("code".into(), 200_u64.into());
    body.push("events_ingested".into(), (stored as u64).into());
    body.push("payload_size_bytes".into(), (bytes as u64).into());
    body.push("server_upload_time".into(), now.into());
    body.push("verdicts".into(), verdicts);
    json(StatusCode::OK, &body.into())
}

impl Judged {
    fn shown(&self) -> Value {
        let mut object = Object::new();
        object.push("insert_id".into(), self.insert_id.as_ref().map_or(Value::Null, Value::from));
        object.push("verdict".into(), self.verdict.map_or("rejected", Verdict::name).into());
        let reason = self.verdict.map_or_else(|rejection| Some(rejection.reason()), Verdict::reason);
        if let Some(reason) = reason {
            object.push("reason".into(), reason.into());
        }
        if let Some(field) = self.removed {
            object.push("removed".into(), field.into());
        }
        object.into()
    }
}

fn refused(judged: &[Judged], verdicts: Value) -> Response {
    let [missing, invalid, short] = [Fault::Missing, Fault::Invalid, Fault::Short].map(|fault| places(judged, fault));
    let error = if !missing.is_empty() {
        "Request missing required field"
    } else if !invalid.is_empty() {
        "Invalid field values on some events"
    } else {
        "Invalid id length for user_id or device_id"
    };
    let mut body = Object::new();
    body.push("code".into(), 400_u64.into());
    body.push("error".into(), error.into());
    body.push("events_with_invalid_fields".into(), invalid.into());
    body.push("events_with_missing_fields".into(), missing.into());
    body.push("events_with_invalid_id_lengths".into(), short.into());
    body.push("verdicts".into(), verdicts);
    json(StatusCode::BAD_REQUEST, &body.into())
}

/// `{field: [place, …]}` of the rejections with one fault.
fn places(judged: &[Judged], fault: Fault) -> Object {
    let mut by_field: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (place, one) in (0_u64..).zip(judged) {
        if let Err(rejection) = one.verdict
            && rejection.fault() == fault
        {
            by_field.entry(rejection.field()).or_default().push(place.into());
        }
    }
    by_field.into_iter().map(|(field, places)| (field.into(), places.into())).collect()
}
