//! The answer of ingestion: Amplitude's fields, and one verdict for each event, in order.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use experiment_ingestion::{Fault, Rejection, Verdict};
use experiment_wasm::json::Text;
use serde::Serialize;

use crate::http::response::json;

/// What became of one event.
pub struct EventOutcome {
    /// As it was sent or given; absent where the event's own could not be read.
    pub insert_id: Option<Text>,
    pub verdict: Result<Verdict, Rejection>,
    /// The id that does not count, where the other one does.
    pub removed: Option<&'static str>,
}

/// What an answer says of one event.
#[derive(Serialize)]
struct VerdictView<'a> {
    insert_id: Option<Cow<'a, str>>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<&'static str>,
}

#[derive(Serialize)]
struct Accepted<'a> {
    code: u16,
    events_ingested: usize,
    payload_size_bytes: usize,
    server_upload_time: u64,
    verdicts: Vec<VerdictView<'a>>,
}

#[derive(Serialize)]
struct Refused<'a> {
    code: u16,
    error: &'static str,
    events_with_invalid_fields: IndexesByField,
    events_with_missing_fields: IndexesByField,
    events_with_invalid_id_lengths: IndexesByField,
    verdicts: Vec<VerdictView<'a>>,
}

/// `{field: [index, …]}`
type IndexesByField = BTreeMap<&'static str, Vec<usize>>;

/// 200 when any event was good, else 400.
pub fn answer(outcomes: &[EventOutcome], bytes: usize, now: u64) -> Response {
    if outcomes.iter().all(|one| one.verdict.is_err()) {
        return json(StatusCode::BAD_REQUEST, &refused(outcomes));
    }
    let stored = outcomes.iter().filter(|one| matches!(one.verdict, Ok(Verdict::Stored(_)))).count();
    let body = Accepted {
        code: 200,
        events_ingested: stored,
        payload_size_bytes: bytes,
        server_upload_time: now,
        verdicts: outcomes.iter().map(EventOutcome::view).collect(),
    };
    json(StatusCode::OK, &body)
}

impl EventOutcome {
    fn view(&self) -> VerdictView<'_> {
        VerdictView {
            insert_id: self.insert_id.as_ref().map(Text::to_str),
            verdict: self.verdict.map_or("rejected", Verdict::name),
            reason: self.verdict.map_or_else(|rejection| Some(rejection.reason()), Verdict::reason),
            removed: self.removed,
        }
    }
}

fn refused(outcomes: &[EventOutcome]) -> Refused<'_> {
    let [missing, invalid, short] =
        [Fault::Missing, Fault::Invalid, Fault::Short].map(|fault| indexes(outcomes, fault));
    let error = if !missing.is_empty() {
        "Request missing required field"
    } else if !invalid.is_empty() {
        "Invalid field values on some events"
    } else {
        "Invalid id length for user_id or device_id"
    };
    Refused {
        code: 400,
        error,
        events_with_invalid_fields: invalid,
        events_with_missing_fields: missing,
        events_with_invalid_id_lengths: short,
        verdicts: outcomes.iter().map(EventOutcome::view).collect(),
    }
}

/// Which events were rejected with this fault.
fn indexes(outcomes: &[EventOutcome], fault: Fault) -> IndexesByField {
    let mut by_field = IndexesByField::new();
    for (index, one) in outcomes.iter().enumerate() {
        if let Err(rejection) = one.verdict
            && rejection.fault() == fault
        {
            by_field.entry(rejection.field()).or_default().push(index);
        }
    }
    by_field
}
