//! Reads states of people's properties: each from the last whole state before it and the differences since.

use std::collections::{BTreeMap, HashMap};

use experiment_ingestion::difference::{Difference, Visible};
use experiment_wasm::json::Value;

use super::bulk::{Lookup, number};
use super::engine::Snapshot;
use super::failure::Result;

/// A person and the number of a state.
pub type StateId = (i64, i64);

/// States by their ids. One that cannot be read is the text that could not.
pub type States = HashMap<StateId, std::result::Result<Visible, String>>;

const BASE: Lookup<'_> = Lookup {
    columns: "person, number, base",
    table: "property_state",
    condition: "person = CAST(lookup_1 AS BIGINT) AND number = CAST(lookup_2 AS BIGINT) AND $1 = $1",
    is_unique: true,
};

/// The order keeps PostgreSQL from reading all states, to join them with the keys, while there are few.
const CHAIN: Lookup<'_> = Lookup {
    columns: "person, number, base, properties",
    table: "property_state",
    condition: "person = CAST(lookup_1 AS BIGINT) AND number >= CAST(lookup_2 AS BIGINT) \
                AND number <= CAST(lookup_3 AS BIGINT) AND $1 = $1 ORDER BY person, number",
    is_unique: false,
};

/// These states. Each chain is read once, up to the last of its states that is asked for.
pub async fn states(snapshot: &mut Snapshot, project: i64, ids: &[StateId]) -> Result<States> {
    let keys = ids.iter().map(|(person, state)| [number(*person), number(*state)]).collect();
    let mut last: BTreeMap<StateId, i64> = BTreeMap::new();
    let mut states: States = ids.iter().map(|id| (*id, Err(String::new()))).collect();
    for row in BASE.rows(snapshot, project, keys).await? {
        let (person, number, base) = (row.int(0)?, row.int(1)?, row.int(2)?);
        let last = last.entry((person, base)).or_insert(number);
        *last = number.max(*last);
    }
    let keys: Vec<[Value; 3]> = last.iter().map(|((person, base), last)| [*person, *base, *last].map(number)).collect();
    let mut chains: BTreeMap<StateId, BTreeMap<i64, String>> = BTreeMap::new();
    for row in CHAIN.rows(snapshot, project, keys).await? {
        let chain = chains.entry((row.int(0)?, row.int(2)?)).or_default();
        chain.insert(row.int(1)?, row.required_text(3)?);
    }
    for ((person, _), chain) in chains {
        replay(person, chain, &mut states);
    }
    Ok(states)
}

/// Puts the states of a chain that are asked for where they belong.
fn replay(person: i64, chain: BTreeMap<i64, String>, states: &mut States) {
    let mut state = Ok(Visible::new());
    for (number, text) in chain {
        if let Ok(visible) = &mut state {
            let applied = Difference::from_json(text.as_bytes()).and_then(|difference| difference.apply(visible));
            if applied.is_none() {
                tracing::warn!(
                    person,
                    number,
                    "a state of properties in the database cannot be read, and is shown as text"
                );
                state = Err(text);
            }
        }
        states.entry((person, number)).and_modify(|asked| asked.clone_from(&state));
    }
}
