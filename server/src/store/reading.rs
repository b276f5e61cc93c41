//! Reads events with the properties that the user had then, and people with the properties that they have now.

use experiment_ingestion::properties::Properties;
use experiment_wasm::json::parse;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Store;
use super::bulk::{composed, sql};
use super::engine::{Arg, Row};
use super::failure::Result;

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
            "SELECT event_type, event_properties, user_properties, user_id, device_id, insert_id, time \
             FROM event WHERE project = $1",
        );
        for (column, value) in wanted.into_iter().filter_map(|(column, value)| Some((column, value?))) {
            args.push(value.into());
            text += &format!(" AND {column} = ${}", args.len());
        }
        args.push(filter.limit.into());
        text += &format!(" ORDER BY id DESC LIMIT ${}", args.len());
        self.engine.rows(composed(text), args).await?.iter().rev().map(event).collect()
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
            user_properties: properties(row.required_text(2)?),
        }))
    }

    async fn find(&self, statement: &'static str, project: i64, id: String) -> Result<Option<Row>> {
        Ok(self.engine.rows(sql(statement), vec![project.into(), id.into()]).await?.into_iter().next())
    }
}

const BY_USER: &str = "SELECT id, user_id, properties FROM person WHERE project = $1 AND user_id = $2";

const BY_DEVICE: &str = "SELECT person.id, person.user_id, person.properties FROM device \
                         JOIN person ON person.id = device.person WHERE device.project = $1 AND device_id = $2";

fn event(row: &Row) -> Result<EventView> {
    Ok(EventView {
        event_type: row.text(0)?,
        event_properties: readable(row.required_text(1)?),
        user_properties: readable(row.required_text(2)?),
        user_id: row.text(3)?,
        device_id: row.text(4)?,
        insert_id: row.text(5)?,
        time: row.int(6)?.unsigned_abs(),
    })
}

/// The properties of a person; what cannot be read is shown as it is stored.
fn properties(stored: String) -> Box<RawValue> {
    match Properties::from_text(stored.as_bytes()) {
        Some(properties) => readable(properties.visible().to_json()),
        None => unreadable(&stored),
    }
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
