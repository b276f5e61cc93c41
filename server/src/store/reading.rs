//! What is read back: events with the snapshot they were stored with, and people with their properties of now.

use experiment_ingestion::properties::Properties;
use experiment_wasm::json::{Object, Value, parse};

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

/// Somebody, as the reading API shows them.
#[derive(Debug, PartialEq, Eq)]
pub struct PersonView {
    pub user_id: Option<String>,
    pub device_ids: Vec<String>,
    pub user_properties: Value,
}

impl Store {
    /// The newest events that match, oldest first.
    pub async fn events(&self, project: i64, filter: EventFilter) -> Result<Vec<Value>> {
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

fn event(row: &Row) -> Result<Value> {
    let text = |column| row.text(column).map(|text| text.map_or(Value::Null, |text| Value::String(text.into())));
    let object = |column| row.required_text(column).map(readable);
    let fields = [
        ("event_type", text(0)?),
        ("event_properties", object(1)?),
        ("user_properties", object(2)?),
        ("user_id", text(3)?),
        ("device_id", text(4)?),
        ("insert_id", text(5)?),
        ("time", row.int(6)?.unsigned_abs().into()),
    ];
    Ok(fields.into_iter().map(|(name, value)| (name.into(), value)).collect::<Object>().into())
}

/// What a person has; what cannot be read is shown as it is stored.
fn properties(stored: String) -> Value {
    match Properties::from_text(stored.as_bytes()) {
        Some(properties) => readable(properties.visible().to_json()),
        None => unreadable(stored),
    }
}

/// The value of a JSON text, for readers who know no half characters and no great depth. Events that are stored now have
/// neither; of older ones, what is too deep is shown as its text.
fn readable(json: String) -> Value {
    let value = parse(json.as_bytes()).ok();
    value.and_then(|value| value.into_well_formed(|deep| Some(deep.into()))).unwrap_or_else(|| unreadable(json))
}

fn unreadable(stored: String) -> Value {
    tracing::warn!("properties in the database cannot be read, and are shown as text");
    Value::String(stored.into())
}
