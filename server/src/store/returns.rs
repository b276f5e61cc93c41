//! The insert id of a user's return to a variant, where the server tracks the exposure by itself.
//!
//! Pages number their returns to a variant by the day: A, B, A is A0, B0, A1. The server does not count; it takes the
//! first number that is not stored. So both make the same ids, whichever tracks first.

use std::collections::HashSet;

use experiment_wasm::exposure::{ExposureEvent, insert_id};
use experiment_wasm::json::Text;
use experiment_wasm::time::day;

use super::engine::Transaction;
use super::failure::Result;
use super::known_events::stored;

/// How far ahead is looked at once: up to 2¹⁵ returns, more than a user's properties can change on a day.
const STEPS: u32 = 16;

/// The id of the next return; `taken` are ids of the same transaction. Each look goes on from the longest step over ids
/// that are all stored, so that a thousand returns cost ten looks.
pub async fn next_return(
    open: &mut Transaction,
    project: i64,
    (is_converted, unique_key): (bool, i64),
    exposure: &ExposureEvent,
    taken: &HashSet<(Text, i64)>,
) -> Result<Text> {
    let id = |number| insert_id(&exposure.identity, &exposure.exposure, day(exposure.time), number);
    let mut last = 0;
    loop {
        let ahead: Vec<_> = (0..STEPS).map(|step| last + (1 << step)).map(|number| (number, id(number))).collect();
        let found = stored(open, project, is_converted, ahead.iter().map(|(_, id)| (id, unique_key))).await?;
        let is_stored =
            |(_, id): &&(u64, Text)| [&found, taken].iter().any(|all| all.contains(&(id.clone(), unique_key)));
        match ahead.iter().take_while(is_stored).last() {
            Some((number, _)) => last = *number,
            None => return Ok(id(last + 1)),
        }
    }
}
