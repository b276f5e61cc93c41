//! What an endpoint's answer says of each event of a batch. What cannot be read as such an answer says nothing: a network
//! that wants a login, an ad blocker and a static host all answer 200.

use crate::json::{Object, Text, Value};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The server has it.
    Delivered,
    /// The server will never take it.
    Rejected,
    /// The answer does not say.
    Open,
}

/// The status of an answer that is 200 and not an endpoint's.
pub(super) const UNREADABLE: u64 = 1;

/// Amplitude's answer to a wrong key. No retry helps.
const INVALID_KEY: &str = "Invalid API key";

/// An answer.
pub(super) struct Answer {
    /// The HTTP status; 200 only where the body says so too, which is what Amplitude's clients go by.
    pub(super) status: u64,
    /// Whether a refusal is the endpoint's own word, and not that of something before it.
    pub(super) is_endpoints: bool,
    body: Object,
}

impl Answer {
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let body = Object::parse(body).unwrap_or_default();
        let is_said = verdicts(&body).is_some() || body.get("code").and_then(Value::as_u64) == Some(status.into());
        let is_endpoints = is_said && body.get("error").is_some();
        let status = if status == 200 && !is_said { UNREADABLE } else { status.into() };
        Self { status, is_endpoints, body }
    }

    pub(super) fn is_invalid_key(&self) -> bool {
        self.body.get("error").and_then(Value::as_str).is_some_and(|error| *error == INVALID_KEY)
    }

    /// What became of the event at this place of the batch: by our server's verdicts, else by Amplitude's lists.
    pub(super) fn fate(&self, place: u64, id: &Text) -> Fate {
        if let Some(verdicts) = verdicts(&self.body) {
            return verdict(verdicts, id);
        }
        match self.status {
            200 => Fate::Delivered,
            400 if self.lists(place) => Fate::Rejected,
            _ => Fate::Open,
        }
    }

    /// `events_with_invalid_fields` and its like are `{field: [place, …]}`, `silenced_events` is `[place, …]`.
    fn lists(&self, place: u64) -> bool {
        let is_list = |name: &Text| name.starts_with(b"events_with_") || *name == *"silenced_events";
        self.body.iter().any(|(name, list)| is_list(name) && holds(list, place))
    }
}

fn holds(list: &Value, place: u64) -> bool {
    match list {
        Value::Array(places) => places.iter().any(|one| holds(one, place)),
        Value::Object(fields) => fields.iter().any(|(_, list)| holds(list, place)),
        one => one.as_u64() == Some(place),
    }
}

fn verdicts(body: &Object) -> Option<&[Value]> {
    body.get("verdicts")?.as_array()
}

fn verdict(verdicts: &[Value], id: &Text) -> Fate {
    let text = |verdict: &Value, name: &str| verdict.as_object()?.get(name)?.as_str().cloned();
    let found = verdicts.iter().find(|verdict| text(verdict, "insert_id").as_ref() == Some(id));
    match found.and_then(|verdict| text(verdict, "verdict")) {
        Some(verdict) if verdict == *"rejected" => Fate::Rejected,
        Some(_) => Fate::Delivered,
        None => Fate::Open,
    }
}
