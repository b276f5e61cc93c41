//! What arrives, stamped: an event that was understood gets its place in time and an id under which it counts once.

use experiment_wasm::ingestion::Ingested;
use experiment_wasm::ingestion::moment::{Stamp, corrected};
use experiment_wasm::json::Text;

use crate::store::Arrival;

/// Stamps an event: `place` is its place in the request, `uploaded` the sender's clock when it sent, `received` ours.
/// What only passes through becomes text: as values it takes several times the memory while it waits for the store.
pub fn arrival(project: i64, mut ingested: Ingested, place: u64, uploaded: Option<u64>, received: u64) -> Arrival {
    let insert_id = ingested.insert_id.clone().unwrap_or_else(fresh_insert_id);
    let stamp = Stamp { time: corrected(ingested.time, uploaded, received), place, insert_id };
    let properties = std::mem::take(&mut ingested.event_properties).to_json();
    let rest = Some(std::mem::take(&mut ingested.rest)).filter(|rest| !rest.is_empty()).map(|rest| rest.to_json());
    Arrival { project, ingested, properties, rest, received, stamp, evaluated: None }
}

/// The insert id of an event that came without one: nothing repeats it, so the event counts each time it is sent.
pub fn fresh_insert_id() -> Text {
    uuid::Uuid::new_v4().to_string().into()
}
