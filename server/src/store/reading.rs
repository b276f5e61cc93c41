//! Reads people with the properties that they have now.

use experiment_ingestion::difference::{Visible, to_object};
use experiment_ingestion::first_schema;
use experiment_wasm::json::{Object, Value, parse};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Store;
use super::bulk::sql;
use super::engine::{Row, Snapshot, Source};
use super::failure::Result;
use super::states::states;

/// A person, as the reading API shows them.
#[derive(Debug, Serialize)]
pub struct PersonView {
    user_id: Option<String>,
    device_ids: Vec<String>,
    user_properties: Box<RawValue>,
}

/// The id by which a person is looked for.
#[derive(Clone, Debug)]
pub enum Who {
    User(String),
    Device(String),
}

impl Store {
    /// The person with this id.
    pub async fn person(&self, project: i64, who: Who) -> Result<Option<PersonView>> {
        let mut snapshot = self.engine.snapshot().await?;
        let view = match find(&mut snapshot, project, who).await? {
            Some(row) => Some(view(&mut snapshot, project, &row).await?),
            None => None,
        };
        snapshot.end().await.map(|()| view)
    }
}

/// A person: `id, user_id, properties, state`. Nobody finds one who is being deleted.
pub async fn find(source: &mut impl Source, project: i64, who: Who) -> Result<Option<Row>> {
    let (statement, id) = match who {
        Who::User(id) => (BY_USER, id),
        Who::Device(id) => (BY_DEVICE, id),
    };
    Ok(source.rows(sql(statement), vec![project.into(), id.into()]).await?.into_iter().next())
}

async fn view(snapshot: &mut Snapshot, project: i64, row: &Row) -> Result<PersonView> {
    let devices = sql("SELECT device_id FROM device WHERE person = $1 ORDER BY device_id");
    let devices = snapshot.rows(devices, vec![row.int(0)?.into()]).await?;
    Ok(PersonView {
        user_id: row.text(1)?,
        device_ids: devices.iter().map(|row| row.required_text(0)).collect::<Result<_>>()?,
        user_properties: raw(&properties(snapshot, project, row).await?),
    })
}

/// The properties of a person; what cannot be read is shown as it is stored.
async fn properties(snapshot: &mut Snapshot, project: i64, row: &Row) -> Result<Value> {
    let first = row.required_text(2)?;
    if !first.is_empty() {
        let properties = first_schema::properties(first.as_bytes());
        return Ok(properties.map_or_else(|| unreadable(&first), |all| readable(&all.visible().to_json())));
    }
    let Some(state) = row.maybe_int(3)? else { return Ok(Object::new().into()) };
    let id = (row.int(0)?, state);
    let state = states(snapshot, project, &[id]).await?.remove(&id);
    Ok(state.map_or_else(|| unreadable(""), |state| state.map_or_else(|text| unreadable(&text), visible)))
}

const BY_USER: &str = "SELECT id, user_id, properties, state FROM person WHERE project = $1 AND user_id = $2";

const BY_DEVICE: &str = "SELECT person.id, person.user_id, person.properties, person.state FROM device \
                         JOIN person ON person.id = device.person WHERE device.project = $1 AND device_id = $2 \
                         AND person.deletion IS NULL";

/// A JSON text for readers who know no half characters and no great depth. Events that are stored now have neither; of
/// older ones, what is too deep is shown as its text. Numbers stay as they are written: serde_json has no value for
/// `1e400`.
pub fn readable(json: &str) -> Value {
    parse(json.as_bytes()).ok().and_then(well_formed).unwrap_or_else(|| unreadable(json))
}

/// The same of properties that were read. What is too deep in the text of a state need not be too deep here.
pub fn visible(properties: Visible) -> Value {
    let properties = Value::Object(to_object(properties));
    if has_deep(&properties) {
        return readable(&properties.to_json());
    }
    well_formed(properties).unwrap_or(Value::Null)
}

/// Whether a part is kept as text, since it was too deep where it was read.
fn has_deep(value: &Value) -> bool {
    match value {
        Value::Raw(_) => true,
        Value::Array(items) => items.iter().any(has_deep),
        Value::Object(object) => object.iter().any(|(_, value)| has_deep(value)),
        _ => false,
    }
}

fn well_formed(value: Value) -> Option<Value> {
    value.into_well_formed(|deep| Some(deep.into()))
}

/// What cannot be read, as the text that is stored.
pub fn unreadable(stored: &str) -> Value {
    tracing::warn!("properties in the database cannot be read, and are shown as text");
    stored.into()
}

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_json()).unwrap_or_default()
}
