//! What an endpoint's response says about each event of a batch. A body that is no such response says nothing: a network
//! that wants a login, an ad blocker and a static host all answer 200.

use crate::json::{Object, Text, Value};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server has it.
    Delivered,
    /// The server will never take it.
    Rejected,
    /// The response does not say.
    Unknown,
}

/// The status of a response that has 200 and is not an endpoint's.
pub(super) const UNREADABLE: u64 = 1;

/// The error of Amplitude's endpoint for a wrong key. No retry helps.
const INVALID_KEY: &str = "Invalid API key";

/// The response to a batch.
pub(super) struct BatchResponse {
    /// The HTTP status; 200 only where the body says so too, which is what Amplitude's clients go by.
    pub(super) status: u64,
    /// Whether the endpoint itself refused, and not something in front of it.
    pub(super) is_endpoints_refusal: bool,
    body: Object,
}

impl BatchResponse {
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let body = Object::parse(body).unwrap_or_default();
        let is_endpoints = verdicts(&body).is_some() || body.get("code").and_then(Value::as_u64) == Some(status.into());
        let is_endpoints_refusal = is_endpoints && body.get("error").is_some();
        let status = if status == 200 && !is_endpoints { UNREADABLE } else { status.into() };
        Self { status, is_endpoints_refusal, body }
    }

    pub(super) fn is_invalid_key(&self) -> bool {
        self.body.get("error").and_then(Value::as_str).is_some_and(|error| *error == INVALID_KEY)
    }

    /// What became of the event with this index in the batch: by our server's verdicts, else by Amplitude's lists.
    pub(super) fn outcome(&self, index: u64, id: &Text) -> Outcome {
        if let Some(verdicts) = verdicts(&self.body) {
            return outcome_of(verdicts, id);
        }
        match self.status {
            200 => Outcome::Delivered,
            400 if self.lists(index) => Outcome::Rejected,
            _ => Outcome::Unknown,
        }
    }

    /// `events_with_invalid_fields` and its like are `{field: [index, …]}`, `silenced_events` is `[index, …]`.
    fn lists(&self, index: u64) -> bool {
        let is_list = |name: &Text| name.starts_with(b"events_with_") || *name == *"silenced_events";
        self.body.iter().any(|(name, list)| is_list(name) && contains(list, index))
    }
}

fn contains(list: &Value, index: u64) -> bool {
    match list {
        Value::Array(items) => items.iter().any(|item| contains(item, index)),
        Value::Object(fields) => fields.iter().any(|(_, list)| contains(list, index)),
        item => item.as_u64() == Some(index),
    }
}

fn verdicts(body: &Object) -> Option<&[Value]> {
    body.get("verdicts")?.as_array()
}

fn outcome_of(verdicts: &[Value], id: &Text) -> Outcome {
    let text = |verdict: &Value, name: &str| verdict.as_object()?.get(name)?.as_str().cloned();
    let found = verdicts.iter().find(|verdict| text(verdict, "insert_id").as_ref() == Some(id));
    match found.and_then(|verdict| text(verdict, "verdict")) {
        Some(verdict) if verdict == *"rejected" => Outcome::Rejected,
        Some(_) => Outcome::Delivered,
        None => Outcome::Unknown,
    }
}
