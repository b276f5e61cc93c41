//! Saves what a batch of events made: events, the states that they show, people, their buckets of properties, devices.
//!
//! An event has no copy of its user's properties. `state` is the number of the person's state when the event was stored,
//! `state_difference` what it shows otherwise: its own variant where it came late, or properties that are not synced.

use experiment_ingestion::batch::{BatchState, NewEvent};
use experiment_ingestion::lww::LwwTimestamp;
use experiment_ingestion::person_index::Person;
use experiment_ingestion::person_properties::{ChangedBuckets, NewState, PersonProperties, Summary};
use experiment_wasm::json::Text;

use super::bulk::{insert, sql};
use super::engine::{Arg, Transaction};
use super::failure::Result;

const PERSON: &str = "INSERT INTO person (id, project, user_id, merged_into, properties, buckets, property_names, \
                      property_bytes, cleared, state, state_base, difference_bytes)";

const CHANGED_PERSON: &str = "ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, \
    merged_into = excluded.merged_into, properties = excluded.properties, buckets = excluded.buckets, \
    property_names = excluded.property_names, property_bytes = excluded.property_bytes, cleared = excluded.cleared, \
    state = excluded.state, state_base = excluded.state_base, difference_bytes = excluded.difference_bytes";

const EVENT: &str = "INSERT INTO event (id, project, insert_id, unique_key, person, user_id, device_id, event_type, time, \
                     received, flag_key, variant, experiment_key, event_properties, user_properties, state, \
                     state_difference, made_by_server, rest)";

pub const STATE: &str = "INSERT INTO property_state (person, number, base, properties)";

/// Saves what was made since the last time.
pub async fn save(open: &mut Transaction, project: i64, batch: &mut BatchState<'_>) -> Result<()> {
    let names = std::mem::take(&mut batch.experiment_properties.new);
    let names = names.iter().map(|name| vec![project.into(), text(name)]).collect();
    insert(open, "INSERT INTO experiment_property (project, name)", "", names).await?;
    save_people(open, project, batch).await?;
    let devices = batch.people.take_changed_devices().into_iter();
    let devices = devices.map(|(device, person)| vec![project.into(), text(&device), person.into()]).collect();
    let end = "ON CONFLICT (project, device_id) DO UPDATE SET person = excluded.person";
    insert(open, "INSERT INTO device (project, device_id, person)", end, devices).await?;
    let states = std::mem::take(&mut batch.states).into_iter().map(state_row).collect();
    insert(open, STATE, "", states).await?;
    insert(open, EVENT, "", std::mem::take(&mut batch.events).iter().map(event_row).collect()).await
}

async fn save_people(open: &mut Transaction, project: i64, batch: &mut BatchState<'_>) -> Result<()> {
    let (mut persons, mut buckets) = (Vec::new(), Vec::new());
    for id in batch.people.take_changed_persons() {
        let changed = batch.people.properties_mut(id).map(PersonProperties::take_changed).unwrap_or_default();
        if changed.is_rewritten {
            open.change(sql("DELETE FROM property_bucket WHERE person = $1"), vec![id.into()]).await?;
        }
        buckets.extend(bucket_rows(id, changed));
        match batch.people.get(id).map(|person| (person, person.properties.as_ref())) {
            Some((person, Ok(properties))) => persons.push(person_row(project, id, person, properties.summary())),
            Some((person, Err(_))) => save_identity(open, id, person).await?,
            None => {}
        }
    }
    insert(open, PERSON, CHANGED_PERSON, persons).await?;
    let end = "ON CONFLICT (person, bucket) DO UPDATE SET properties = excluded.properties";
    insert(open, "INSERT INTO property_bucket (person, bucket, properties)", end, buckets).await
}

/// Of a person whose properties cannot be read, and stay as they are.
async fn save_identity(open: &mut Transaction, id: i64, person: &Person) -> Result<()> {
    let update = sql("UPDATE person SET user_id = $2, merged_into = $3 WHERE id = $1");
    let args = vec![id.into(), maybe(person.user_id.as_ref()), person.merged_into.into()];
    open.change(update, args).await.map(drop)
}

fn bucket_rows(person: i64, changed: ChangedBuckets) -> impl Iterator<Item = Vec<Arg>> {
    let row =
        move |(bucket, properties): (u32, String)| vec![person.into(), i64::from(bucket).into(), properties.into()];
    changed.buckets.into_iter().map(row)
}

/// A row of [`STATE`]: a person and their new state.
pub fn state_row((person, new): (i64, NewState)) -> Vec<Arg> {
    vec![person.into(), new.state.number.into(), new.state.base.into(), new.difference.into()]
}

fn person_row(project: i64, id: i64, person: &Person, summary: &Summary) -> Vec<Arg> {
    let state = summary.state;
    let cleared = (summary.cleared != LwwTimestamp::default()).then(|| summary.cleared.to_json());
    vec![
        id.into(),
        project.into(),
        maybe(person.user_id.as_ref()),
        person.merged_into.into(),
        "".into(),
        i64::from(summary.buckets).into(),
        count(summary.names),
        count(summary.bytes),
        cleared.into(),
        state.map(|state| state.number).into(),
        state.map_or(0, |state| state.base).into(),
        count(state.map_or(0, |state| state.difference_bytes)),
    ]
}

fn event_row(event: &NewEvent<'_>) -> Vec<Arg> {
    let incoming = event.incoming;
    let normalized = &incoming.normalized;
    let exposure = normalized.exposure.as_ref();
    let time = normalized.time.unwrap_or(incoming.received);
    vec![
        event.id.into(),
        incoming.project.into(),
        text(&event.insert_id),
        incoming.unique_key.into(),
        event.person.into(),
        maybe(normalized.identity.user_id.as_ref()),
        maybe(normalized.identity.device_id.as_ref()),
        text(&normalized.event_type),
        count(time),
        count(incoming.received),
        maybe(exposure.map(|exposure| &exposure.flag_key)),
        maybe(exposure.and_then(|exposure| exposure.variant.as_ref())),
        maybe(exposure.and_then(|exposure| exposure.experiment_key.as_ref())),
        incoming.properties.clone().into(),
        "".into(),
        event.state.into(),
        event.state_difference.clone().into(),
        i64::from(incoming.is_made_by_server).into(),
        incoming.rest.clone().into(),
    ]
}

fn text(text: &Text) -> Arg {
    Arg::from(text.to_str().into_owned())
}

fn maybe(text: Option<&Text>) -> Arg {
    text.map(|text| text.to_str().into_owned()).into()
}

/// Times are under `experiment_ingestion::MAX_TIME`, and sizes far under it.
fn count(number: u64) -> Arg {
    Arg::from(number.cast_signed())
}
