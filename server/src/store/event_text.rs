//! Writes events as JSON, some at a time: what was sent, when it was received, and the properties that the user had.

use std::collections::BTreeMap;

use experiment_ingestion::difference::{Difference, Visible};
use experiment_wasm::json::{Object, Value};

use super::Store;
use super::bulk::{Lookup, number};
use super::engine::Row;
use super::failure::Result;
use super::reading::{readable, unreadable, visible};
use super::states::{StateId, States, states};

/// One event. The order is that of one index only: with an equality, PostgreSQL might take another one while it does not
/// know the table, and look at each event of the project.
const BY_ID: &str = "project = $1 AND id >= CAST(lookup_1 AS BIGINT) AND id <= CAST(lookup_1 AS BIGINT) ORDER BY id";

/// The columns of an event that become its JSON, as [`EventRow`] names them.
const EVENTS: Lookup<'_> = Lookup {
    columns: "id, person, state, user_properties, state_difference, event_type, event_properties, user_id, device_id, \
              insert_id, time, received, made_by_server, rest",
    table: "event",
    condition: BY_ID,
    is_unique: true,
};

/// The bytes of an event's own columns, and of the state that it shows with what leads to it. Nothing is read for them.
const SIZES: Lookup<'_> = Lookup {
    columns: "id, CAST(octet_length(event_properties) AS BIGINT) + octet_length(user_properties) \
              + coalesce(octet_length(state_difference), 0) + coalesce(octet_length(rest), 0), \
              (SELECT CAST(coalesce(sum(octet_length(step.properties)), 0) AS BIGINT) FROM property_state AS step \
              WHERE step.person = found.person AND step.number <= found.state AND step.number >= \
              (SELECT shown.base FROM property_state AS shown \
              WHERE shown.person = found.person AND shown.number = found.state))",
    table: "event AS found",
    condition: BY_ID,
    is_unique: true,
};

/// About how many bytes ids, times and names of fields take of an event.
const FRAME_BYTES: i64 = 512;

/// The fields that are the server's to write. A field of the sender with such a name is not shown.
const OWN_FIELDS: [&str; 9] = [
    "event_type",
    "event_properties",
    "user_properties",
    "user_id",
    "device_id",
    "insert_id",
    "time",
    "received",
    "made_by_server",
];

impl Store {
    /// These events, oldest first, and about how many bytes each takes. Those that are gone are left out.
    pub async fn event_sizes(&self, project: i64, ids: &[i64]) -> Result<BTreeMap<i64, usize>> {
        let mut snapshot = self.engine.snapshot().await?;
        let rows = SIZES.rows(&mut snapshot, project, keys(ids)).await?;
        snapshot.end().await?;
        let size = |row: Row| {
            let bytes = FRAME_BYTES + row.int(1)? + row.int(2)?;
            Ok((row.int(0)?, usize::try_from(bytes).unwrap_or(usize::MAX)))
        };
        rows.into_iter().map(size).collect()
    }

    /// These events as JSON, oldest first. Those that are gone are left out: events and states are read at one moment.
    pub async fn event_texts(&self, project: i64, ids: &[i64]) -> Result<Vec<String>> {
        let mut snapshot = self.engine.snapshot().await?;
        let rows = EVENTS.rows(&mut snapshot, project, keys(ids)).await?;
        let rows =
            rows.into_iter().map(EventRow).map(|row| Ok((row.0.int(0)?, row))).collect::<Result<BTreeMap<_, _>>>()?;
        let shown = rows.values().map(EventRow::state).collect::<Result<Vec<_>>>()?;
        let shown: Vec<_> = shown.into_iter().flatten().collect();
        let states = states(&mut snapshot, project, &shown).await?;
        snapshot.end().await?;
        // What is large takes a while; other requests go on meanwhile.
        tokio::task::block_in_place(|| rows.into_values().map(|row| row.to_json(&states)).collect())
    }
}

fn keys(ids: &[i64]) -> Vec<[Value; 1]> {
    ids.iter().map(|id| [number(*id)]).collect()
}

/// A row of [`EVENTS`].
struct EventRow(Row);

impl EventRow {
    fn to_json(&self, states: &States) -> Result<String> {
        let row = &self.0;
        let mut event = Object::new();
        event.put("event_type", text(row.text(5)?));
        event.put("event_properties", readable(&row.required_text(6)?));
        event.put("user_properties", self.user_properties(states)?);
        event.put("user_id", text(row.text(7)?));
        event.put("device_id", text(row.text(8)?));
        event.put("insert_id", text(row.text(9)?));
        event.put("time", whole(row.int(10)?));
        event.put("received", whole(row.int(11)?));
        if row.int(12)? != 0 {
            event.put("made_by_server", Value::Bool(true));
        }
        if let Some(rest) = row.text(13)? {
            put_rest(&mut event, &rest);
        }
        Ok(event.to_json())
    }

    /// The state that it shows, unless it was stored with the properties themselves.
    fn state(&self) -> Result<Option<StateId>> {
        let (person, state) = (self.0.int(1)?, self.0.maybe_int(2)?);
        let is_of_first_schema = !self.0.required_text(3)?.is_empty();
        Ok(state.filter(|_| !is_of_first_schema).map(|state| (person, state)))
    }

    /// The properties that the user had. The first schema stored them with the event.
    fn user_properties(&self, states: &States) -> Result<Value> {
        let first = self.0.required_text(3)?;
        if !first.is_empty() {
            return Ok(readable(&first));
        }
        let mut state = match self.state()?.and_then(|id| states.get(&id)) {
            Some(Err(text)) => return Ok(unreadable(text)),
            Some(Ok(state)) => state.clone(),
            None => Visible::new(),
        };
        let Some(difference) = self.0.text(4)? else { return Ok(visible(state)) };
        let applied = Difference::from_json(difference.as_bytes()).and_then(|own| own.apply(&mut state));
        Ok(applied.map_or_else(|| unreadable(&difference), |()| visible(state)))
    }
}

/// What else was sent. Where it cannot be read, it is shown as it is stored.
fn put_rest(event: &mut Object, stored: &str) {
    match readable(stored) {
        Value::Object(rest) => {
            let is_own = |name: &[u8]| OWN_FIELDS.iter().any(|own| own.as_bytes() == name);
            rest.into_iter().filter(|(name, _)| !is_own(name)).for_each(|(name, value)| event.push(name, value));
        }
        other => event.put("rest", other),
    }
}

fn text(text: Option<String>) -> Value {
    text.map_or(Value::Null, |text| text.as_str().into())
}

/// Times are not negative.
fn whole(number: i64) -> Value {
    Value::Number(number.unsigned_abs().to_string().into())
}
