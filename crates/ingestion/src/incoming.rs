//! An event on its way into the store: stamped with a time, an order and an id under which it counts once.

use experiment_wasm::exposure::ExposureEvent;
use experiment_wasm::json::Text;

use crate::change;
use crate::lww::LwwTimestamp;
use crate::time::corrected;
use crate::transform::NormalizedEvent;
use crate::unique_key;

/// An event to be stored.
#[derive(Clone, Debug)]
pub struct IncomingEvent {
    /// The project it was sent to.
    pub project: i64,
    /// The event without its properties and its other fields, which are JSON here: as values they take several times the
    /// memory while they wait for the store.
    pub normalized: NormalizedEvent,
    /// Its event properties, as JSON.
    pub properties: String,
    /// Its other fields, as JSON.
    pub rest: Option<String>,
    /// When it was received, in milliseconds.
    pub received: u64,
    /// The order of its changes, and its insert id.
    pub timestamp: LwwTimestamp,
    /// What tells it from other events with its insert id.
    pub unique_key: i64,
    /// Whether the server made it: its own assignments count once among themselves.
    pub is_made_by_server: bool,
    /// The exposure of a remote evaluation, which gets the insert id of a return if the user comes back to the variant.
    pub evaluated: Option<Box<ExposureEvent>>,
}

impl IncomingEvent {
    /// Stamps an event. `index`: its index in the request; `uploaded`: the sender's clock at the upload; `received`:
    /// ours. `fresh_insert_id` makes an id for an event that was sent without one, and counts each time it is sent.
    pub fn new(
        project: i64,
        mut normalized: NormalizedEvent,
        index: u64,
        (uploaded, received): (Option<u64>, u64),
        fresh_insert_id: impl FnOnce() -> Text,
    ) -> Self {
        let insert_id = normalized.insert_id.clone().unwrap_or_else(fresh_insert_id);
        let timestamp = LwwTimestamp { time: corrected(normalized.time, uploaded, received), index, insert_id };
        let properties = std::mem::take(&mut normalized.event_properties).to_json();
        let rest = Some(std::mem::take(&mut normalized.rest)).filter(|rest| !rest.is_empty());
        let rest = rest.map(|rest| rest.to_json());
        let unique_key = unique_key(&normalized, false);
        Self {
            project,
            normalized,
            properties,
            rest,
            received,
            timestamp,
            unique_key,
            is_made_by_server: false,
            evaluated: None,
        }
    }

    /// About how many bytes it brings to be stored.
    pub fn bytes(&self) -> u64 {
        let rest = self.rest.as_ref().map_or(0, String::len);
        (self.properties.len() + rest) as u64 + change::bytes(&self.normalized.changes)
    }

    /// An assignment that the server made.
    #[must_use]
    pub fn made_by_server(mut self) -> Self {
        (self.unique_key, self.is_made_by_server) = (unique_key(&self.normalized, true), true);
        self
    }
}

fn unique_key(event: &NormalizedEvent, is_made_by_server: bool) -> i64 {
    unique_key::unique_key(&event.identity, &event.event_type, event.exposure.as_ref(), is_made_by_server)
}
