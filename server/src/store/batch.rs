//! Stores a group of events in one transaction: loads what they are about, decides in memory, saves everything or
//! nothing.
//!
//! Row ids are assigned here: there is no other writer beside the transaction.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;

use experiment_ingestion::batch::{BatchState, ExperimentProperties, NewEvent, PropertyUpdates};
use experiment_ingestion::person_index::{Person, PersonIndex};
use experiment_ingestion::properties::Properties;
use experiment_ingestion::{IncomingEvent, Verdict};
use experiment_wasm::json::{Text, Value};

use super::Store;
use super::bulk::{insert, keys, select_in, sql, stored_insert_ids};
use super::engine::{Arg, Transaction};
use super::failure::Result;
use super::returns::next_return;

/// How many experiment properties a project has.
pub(super) const COUNT_NAMES: &str = "SELECT count(*) FROM experiment_property WHERE project = $1";

impl Store {
    /// Stores a group of events, or none of it. One verdict per event, in order.
    pub async fn ingest(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let outcome = self.commit(events).await;
        self.stores.store(outcome.is_ok(), Ordering::Relaxed);
        outcome
    }

    async fn commit(&self, events: &[&IncomingEvent]) -> Result<Vec<Verdict>> {
        let mut open = self.engine.begin().await?;
        let mut verdicts = vec![Verdict::Duplicate; events.len()];
        let mut by_project: BTreeMap<i64, Vec<(&mut Verdict, &IncomingEvent)>> = BTreeMap::new();
        for (verdict, event) in verdicts.iter_mut().zip(events) {
            by_project.entry(event.project).or_default().push((verdict, event));
        }
        let mut updates = Vec::new();
        for (project, pending) in by_project {
            let own: Vec<_> = pending.iter().map(|(_, event)| *event).collect();
            let mut batch = self.load(&mut open, project, &own).await?;
            for (verdict, event) in pending {
                let return_id = match batch.returning(event) {
                    Some(exposure) => Some(next_return(&mut open, project, exposure, &batch.stored_insert_ids).await?),
                    None => None,
                };
                *verdict = batch.apply(event, return_id);
                save_events(&mut open, &batch.overflow()).await?;
            }
            save(&mut open, project, &batch).await?;
            updates.push(batch.updates);
        }
        open.commit().await?;
        let now = events.iter().map(|event| event.received).max().unwrap_or_default();
        updates.iter().for_each(|updates| updates.count(now));
        Ok(verdicts)
    }

    async fn load<'a>(
        &self,
        open: &mut Transaction,
        project: i64,
        events: &[&'a IncomingEvent],
    ) -> Result<BatchState<'a>> {
        let every =
            |id: fn(&IncomingEvent) -> Option<&Text>| -> Vec<Value> { keys(events.iter().filter_map(|one| id(one))) };
        let stored_insert_ids =
            stored_insert_ids(open, project, every(|event| Some(&event.timestamp.insert_id))).await?;
        let mut people = PersonIndex::new(next_id(open, "SELECT coalesce(max(id), 0) FROM person").await?);
        let users = every(|event| event.normalized.identity.user_id.as_ref());
        persons(open, project, "user_id = lookup_key", users, &mut people).await?;
        let owners =
            devices(open, project, every(|event| event.normalized.identity.device_id.as_ref()), &mut people).await?;
        persons(open, project, "id = CAST(lookup_key AS BIGINT)", owners, &mut people).await?;
        let experiment_properties = experiment_properties(open, project, events).await?;
        let updates = PropertyUpdates::after(&self.updates);
        let next_event = next_id(open, "SELECT coalesce(max(id), 0) FROM event").await?;
        Ok(BatchState {
            stored_insert_ids,
            people,
            experiment_properties,
            updates,
            next_event,
            ..BatchState::default()
        })
    }
}

fn row(event: &NewEvent<'_>) -> Vec<Arg> {
    let incoming = event.incoming;
    let normalized = &incoming.normalized;
    let exposure = normalized.exposure.as_ref();
    let time = normalized.time.unwrap_or(incoming.received);
    vec![
        event.id.into(),
        incoming.project.into(),
        text(&event.insert_id),
        event.person.into(),
        maybe(normalized.identity.user_id.as_ref()),
        maybe(normalized.identity.device_id.as_ref()),
        text(&normalized.event_type),
        millis(time),
        millis(incoming.received),
        maybe(exposure.map(|exposure| &exposure.flag_key)),
        maybe(exposure.and_then(|exposure| exposure.variant.as_ref())),
        maybe(exposure.and_then(|exposure| exposure.experiment_key.as_ref())),
        incoming.properties.clone().into(),
        event.snapshot.clone().into(),
        incoming.rest.clone().into(),
    ]
}

async fn next_id(open: &mut Transaction, last: &'static str) -> Result<i64> {
    let rows = open.rows(sql(last), Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| row.int(0)).map(|last| last + 1)
}

/// Loads devices; returns the persons they belong to who are not loaded yet.
async fn devices(
    open: &mut Transaction,
    project: i64,
    ids: Vec<Value>,
    people: &mut PersonIndex,
) -> Result<Vec<Value>> {
    let row = ("device", "project = $1 AND device_id = lookup_key");
    let mut owners = HashSet::new();
    for row in select_in(open, "device_id, person", row, project, ids).await? {
        let person = row.int(1)?;
        people.add_device(row.required_text(0)?.into(), person);
        if !people.contains(person) {
            owners.insert(person);
        }
    }
    Ok(owners.into_iter().map(|id| id.unsigned_abs().into()).collect())
}

async fn persons(
    open: &mut Transaction,
    project: i64,
    by: &str,
    ids: Vec<Value>,
    people: &mut PersonIndex,
) -> Result<()> {
    let condition = format!("project = $1 AND {by}");
    for row in select_in(open, "id, user_id, properties", ("person", &condition), project, ids).await? {
        let (id, user_id, stored) = (row.int(0)?, row.text(1)?.map(Text::from), Text::from(row.required_text(2)?));
        let properties = Properties::from_text(&stored).ok_or(stored);
        if properties.is_err() {
            tracing::error!(person = id, "user properties in the database cannot be read, and are kept as they are");
        }
        people.add_person(id, Person { user_id, merged_into: None, properties });
    }
    Ok(())
}

/// The experiment properties that the events may make. How many there are is asked only if one is new.
async fn experiment_properties(
    open: &mut Transaction,
    project: i64,
    events: &[&IncomingEvent],
) -> Result<ExperimentProperties> {
    let changes = events.iter().flat_map(|event| &event.normalized.changes);
    let made = keys(changes.filter(|change| change.makes_experiment_property()).map(|change| &change.name));
    let wanted = made.len();
    let found =
        select_in(open, "name", ("experiment_property", "project = $1 AND name = lookup_key"), project, made).await?;
    let known: HashSet<_> = found.iter().map(|row| row.required_text(0).map(Text::from)).collect::<Result<_>>()?;
    let count = if known.len() < wanted { count_names(open, project).await? } else { 0 };
    Ok(ExperimentProperties { known, count, new: Vec::new() })
}

async fn count_names(open: &mut Transaction, project: i64) -> Result<u64> {
    let rows = open.rows(sql(COUNT_NAMES), vec![project.into()]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0)).map(i64::unsigned_abs)
}

async fn save(open: &mut Transaction, project: i64, batch: &BatchState<'_>) -> Result<()> {
    let names = batch.experiment_properties.new.iter().map(|name| vec![project.into(), text(name)]).collect();
    insert(open, "INSERT INTO experiment_property (project, name)", "", names).await?;
    let persons = batch.people.changed_persons().map(|(id, person)| person_row(project, id, person)).collect();
    let start = "INSERT INTO person (id, project, user_id, merged_into, properties)";
    let end = "ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, merged_into = excluded.merged_into, \
               properties = excluded.properties";
    insert(open, start, end, persons).await?;
    let devices = batch.people.changed_devices();
    let devices = devices.map(|(device, person)| vec![project.into(), text(device), person.into()]).collect();
    let end = "ON CONFLICT (project, device_id) DO UPDATE SET person = excluded.person";
    insert(open, "INSERT INTO device (project, device_id, person)", end, devices).await?;
    save_events(open, &batch.events).await
}

async fn save_events(open: &mut Transaction, events: &[NewEvent<'_>]) -> Result<()> {
    let start = "INSERT INTO event (id, project, insert_id, person, user_id, device_id, event_type, time, received, \
                 flag_key, variant, experiment_key, event_properties, user_properties, rest)";
    insert(open, start, "", events.iter().map(row).collect()).await
}

fn person_row(project: i64, id: i64, person: &Person) -> Vec<Arg> {
    let properties = match &person.properties {
        Ok(properties) => text(&properties.to_text()),
        Err(stored) => text(stored),
    };
    vec![id.into(), project.into(), maybe(person.user_id.as_ref()), person.merged_into.into(), properties]
}

fn text(text: &Text) -> Arg {
    Arg::from(text.to_str().into_owned())
}

fn maybe(text: Option<&Text>) -> Arg {
    text.map(|text| text.to_str().into_owned()).into()
}

/// Times are under `experiment_ingestion::MAX_TIME`, which fits.
fn millis(time: u64) -> Arg {
    Arg::from(time.cast_signed())
}
