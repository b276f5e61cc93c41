//! What arrives, stamped: an event that was understood gets its place in time and an id under which it counts once.

use experiment_wasm::ingestion::Ingested;
use experiment_wasm::ingestion::moment::{Stamp, corrected};
use experiment_wasm::json::Text;

use crate::store::Arrival;

/// Stamps an event: `place` is its place in the request, `uploaded` the sender's clock when it sent, `received` ours.
pub fn arrival(project: i64, ingested: Ingested, place: u64, uploaded: Option<u64>, received: u64) -> Arrival {
    let insert_id = ingested.insert_id.clone().unwrap_or_else(fresh_insert_id);
    let stamp = Stamp { time: corrected(ingested.time, uploaded, received), place, insert_id };
    Arrival { project, ingested, received, stamp, return_id: None }
}

/// The insert id of an event that came without one: nothing repeats it, so the event counts each time it is sent.
pub fn fresh_insert_id() -> Text {
    uuid::Uuid::new_v4().to_string().into()
}
