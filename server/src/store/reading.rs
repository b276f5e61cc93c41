//! Reads events with the properties that the user had then, and people with the properties that they have now.

use experiment_ingestion::difference::{Difference, Visible, to_object};
use experiment_ingestion::first_schema;
use experiment_wasm::json::parse;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Store;
use super::bulk::{composed, sql};
use super::engine::{Arg, Row};
use super::failure::Result;
use super::states::{StateId, States, states};

/// Which events are asked for; what is absent does not restrict.
#[derive(Debug, Default)]
pub struct EventFilter {
    pub user_id: Option<String>,
    pub device_id: Option<String>,
    pub event_type: Option<String>,
    pub limit: i64,
}

/// An event, as the reading API shows it.
#[derive(Debug, Serialize)]
pub struct EventView {
    event_type: Option<String>,
    event_properties: Box<RawValue>,
    /// The properties that the user had at the event.
    user_properties: Box<RawValue>,
    user_id: Option<String>,
    device_id: Option<String>,
    insert_id: Option<String>,
    time: u64,
}

/// A person, as the reading API shows them.
#[derive(Debug, Serialize)]
pub struct PersonView {
    user_id: Option<String>,
    device_ids: Vec<String>,
    user_properties: Box<RawValue>,
}

impl Store {
    /// The newest events that match, oldest first.
    pub async fn events(&self, project: i64, filter: EventFilter) -> Result<Vec<EventView>> {
        let wanted = [("user_id", filter.user_id), ("device_id", filter.device_id), ("event_type", filter.event_type)];
        let mut args = vec![Arg::from(project)];
        let mut text = String::from(
            "SELECT event_type, event_properties, user_properties, user_id, device_id, insert_id, time, person, state, \
             state_difference FROM event WHERE project = $1",
        );
        for (column, value) in wanted.into_iter().filter_map(|(column, value)| Some((column, value?))) {
            args.push(value.into());
            text += &format!(" AND {column} = ${}", args.len());
        }
        args.push(filter.limit.into());
        text += &format!(" ORDER BY id DESC LIMIT ${}", args.len());
        let rows = self.engine.rows(composed(text), args).await?;
        let ids = rows.iter().map(state_of).collect::<Result<Vec<_>>>()?;
        let states = states(&self.engine, project, &ids.into_iter().flatten().collect::<Vec<_>>()).await?;
        rows.iter().rev().map(|row| event(row, &states)).collect()
    }

    /// The person with this user id, or else with this device.
    pub async fn person(
        &self,
        project: i64,
        user_id: Option<String>,
        device_id: Option<String>,
    ) -> Result<Option<PersonView>> {
        let found = match (user_id, device_id) {
            (Some(user_id), _) => self.find(BY_USER, project, user_id).await?,
            (None, Some(device_id)) => self.find(BY_DEVICE, project, device_id).await?,
            (None, None) => None,
        };
        let Some(row) = found else { return Ok(None) };
        let devices = sql("SELECT device_id FROM device WHERE person = $1 ORDER BY device_id");
        let devices = self.engine.rows(devices, vec![row.int(0)?.into()]).await?;
        Ok(Some(PersonView {
            user_id: row.text(1)?,
            device_ids: devices.iter().map(|row| row.required_text(0)).collect::<Result<_>>()?,
            user_properties: self.properties(project, &row).await?,
        }))
    }

    /// The properties of a person; what cannot be read is shown as it is stored.
    async fn properties(&self, project: i64, row: &Row) -> Result<Box<RawValue>> {
        let first = row.required_text(2)?;
        if !first.is_empty() {
            let properties = first_schema::properties(first.as_bytes());
            return Ok(properties.map_or_else(|| unreadable(&first), |all| readable(all.visible().to_json())));
        }
        let Some(state) = row.maybe_int(3)? else { return Ok(visible(Visible::new())) };
        let id = (row.int(0)?, state);
        let state = states(&self.engine, project, &[id]).await?.remove(&id);
        Ok(state.map_or_else(|| unreadable(""), |state| state.map_or_else(|text| unreadable(&text), visible)))
    }

    async fn find(&self, statement: &'static str, project: i64, id: String) -> Result<Option<Row>> {
        Ok(self.engine.rows(sql(statement), vec![project.into(), id.into()]).await?.into_iter().next())
    }
}

const BY_USER: &str = "SELECT id, user_id, properties, state FROM person WHERE project = $1 AND user_id = $2";

const BY_DEVICE: &str = "SELECT person.id, person.user_id, person.properties, person.state FROM device \
                         JOIN person ON person.id = device.person WHERE device.project = $1 AND device_id = $2";

fn event(row: &Row, states: &States) -> Result<EventView> {
    Ok(EventView {
        event_type: row.text(0)?,
        event_properties: readable(row.required_text(1)?),
        user_properties: shown(row, states)?,
        user_id: row.text(3)?,
        device_id: row.text(4)?,
        insert_id: row.text(5)?,
        time: row.int(6)?.unsigned_abs(),
    })
}

/// The state that an event shows, unless it was stored with the properties themselves.
fn state_of(row: &Row) -> Result<Option<StateId>> {
    let (person, state) = (row.int(7)?, row.maybe_int(8)?);
    Ok(state.filter(|_| row.required_text(2).is_ok_and(|first| first.is_empty())).map(|state| (person, state)))
}

/// The properties that the user had at an event. The first schema stored them with it.
fn shown(row: &Row, states: &States) -> Result<Box<RawValue>> {
    let first = row.required_text(2)?;
    if !first.is_empty() {
        return Ok(readable(first));
    }
    let mut state = match state_of(row)?.and_then(|id| states.get(&id)) {
        Some(Err(text)) => return Ok(unreadable(text)),
        Some(Ok(state)) => state.clone(),
        None => Visible::new(),
    };
    let Some(difference) = row.text(9)? else { return Ok(visible(state)) };
    let applied = Difference::from_json(difference.as_bytes()).and_then(|own| own.apply(&mut state));
    Ok(applied.map_or_else(|| unreadable(&difference), |()| visible(state)))
}

fn visible(state: Visible) -> Box<RawValue> {
    readable(to_object(state).to_json())
}

/// A JSON text for readers who know no half characters and no great depth. Events that are stored now have neither; of
/// older ones, what is too deep is shown as its text. Numbers stay as they are written: serde_json has no value for
/// `1e400`.
fn readable(json: String) -> Box<RawValue> {
    let value = parse(json.as_bytes()).ok().and_then(|value| value.into_well_formed(|deep| Some(deep.into())));
    let text = value.and_then(|value| RawValue::from_string(value.to_json()).ok());
    text.unwrap_or_else(|| unreadable(&json))
}

fn unreadable(stored: &str) -> Box<RawValue> {
    tracing::warn!("properties in the database cannot be read, and are shown as text");
    to_raw_value(stored).unwrap_or_default()
}
