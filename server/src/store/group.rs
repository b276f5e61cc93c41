//! A group of events in one transaction: load what it is about, decide in memory, save everything or nothing.
//!
//! An event that is stored already changes nothing, however late it comes again. Ids are given here: no other writer runs
//! beside the transaction.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;

use experiment_wasm::ingestion::Ingested;
use experiment_wasm::ingestion::moment::Stamp;
use experiment_wasm::json::{Object, Text};

use super::Store;
use super::engine::{Arg, Result, Transaction};
use super::people::{People, Person};
use super::properties;
use super::rows::{among, insert, sql};

/// An event that was understood, on its way into the store.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub project: i64,
    /// Without its properties and the fields nobody looks at.
    pub ingested: Ingested,
    /// Its properties, as JSON.
    pub properties: String,
    /// The fields nobody looks at, as JSON.
    pub rest: Option<String>,
    /// When it arrived, in milliseconds.
    pub received: u64,
    /// From when its changes count; its insert id too.
    pub stamp: Stamp,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Stored,
    Duplicate,
}

/// Everything of a project that a group needs to know or change.
struct Ground {
    known: HashSet<Text>,
    people: People,
    next_event: i64,
    events: Vec<Vec<Arg>>,
}

impl Store {
    /// Stores a group of events, or none of it. One verdict per event, in order.
    pub async fn ingest(&self, arrivals: &[&Arrival]) -> Result<Vec<Verdict>> {
        let outcome = self.commit(arrivals).await;
        self.stores.store(outcome.is_ok(), Ordering::Relaxed);
        outcome
    }

    async fn commit(&self, arrivals: &[&Arrival]) -> Result<Vec<Verdict>> {
        let mut open = self.engine.begin().await?;
        let mut by_project: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (place, arrival) in arrivals.iter().enumerate() {
            by_project.entry(arrival.project).or_default().push(place);
        }
        let mut verdicts = vec![Verdict::Duplicate; arrivals.len()];
        for (project, places) in by_project {
            let own: Vec<_> = places.iter().filter_map(|place| arrivals.get(*place).copied()).collect();
            let decided = store(&mut open, project, &own).await?;
            for (place, verdict) in places.into_iter().zip(decided) {
                verdicts[place] = verdict;
            }
        }
        open.commit().await?;
        Ok(verdicts)
    }
}

async fn store(open: &mut Transaction, project: i64, arrivals: &[&Arrival]) -> Result<Vec<Verdict>> {
    let mut ground = load(open, project, arrivals).await?;
    let verdicts = arrivals.iter().map(|arrival| ground.take(arrival)).collect();
    save(open, project, ground).await?;
    Ok(verdicts)
}

impl Ground {
    fn take(&mut self, arrival: &Arrival) -> Verdict {
        if !self.known.insert(arrival.stamp.insert_id.clone()) {
            return Verdict::Duplicate;
        }
        let person = self.people.resolve(&arrival.ingested.identity);
        self.people.change(person, &arrival.ingested.changes, &arrival.stamp);
        let snapshot = with_own_variant(self.people.snapshot(person), &arrival.ingested);
        self.events.push(row(self.next_event, person, arrival, &snapshot));
        self.next_event += 1;
        Verdict::Stored
    }
}

/// An exposure shows its own variant, also when a later one has come before it and the user's property stays.
fn with_own_variant(mut snapshot: Object, ingested: &Ingested) -> Object {
    let Some(exposure) = &ingested.exposure else { return snapshot };
    let property = exposure.property();
    if !ingested.changes.iter().any(|change| change.name == property) {
        return snapshot;
    }
    match &exposure.variant {
        Some(variant) => snapshot.set(property, variant),
        None => drop(snapshot.remove(property)),
    }
    snapshot
}

fn row(id: i64, person: i64, arrival: &Arrival, snapshot: &Object) -> Vec<Arg> {
    let ingested = &arrival.ingested;
    let exposure = ingested.exposure.as_ref();
    let time = ingested.time.unwrap_or(arrival.received);
    vec![
        id.into(),
        arrival.project.into(),
        text(&arrival.stamp.insert_id),
        person.into(),
        maybe(ingested.identity.user_id.as_ref()),
        maybe(ingested.identity.device_id.as_ref()),
        text(&ingested.event_type),
        millis(time),
        millis(arrival.received),
        maybe(exposure.map(|exposure| &exposure.flag_key)),
        maybe(exposure.and_then(|exposure| exposure.variant.as_ref())),
        maybe(exposure.and_then(|exposure| exposure.experiment_key.as_ref())),
        arrival.properties.clone().into(),
        snapshot.to_json().into(),
        arrival.rest.clone().into(),
    ]
}

async fn load(open: &mut Transaction, project: i64, arrivals: &[&Arrival]) -> Result<Ground> {
    let every = |id: fn(&Arrival) -> Option<&Text>| -> Vec<Arg> {
        arrivals.iter().filter_map(|arrival| id(arrival)).collect::<HashSet<_>>().into_iter().map(text).collect()
    };
    let known = known(open, project, &every(|arrival| Some(&arrival.stamp.insert_id))).await?;
    let mut people = People::new(next_id(open, "SELECT coalesce(max(id), 0) FROM person").await?);
    let owners = devices(open, project, &every(|one| one.ingested.identity.device_id.as_ref()), &mut people).await?;
    persons(open, project, "id", &owners, &mut people).await?;
    let users = every(|arrival| arrival.ingested.identity.user_id.as_ref());
    persons(open, project, "user_id", &users, &mut people).await?;
    let next_event = next_id(open, "SELECT coalesce(max(id), 0) FROM event").await?;
    Ok(Ground { known, people, next_event, events: Vec::new() })
}

async fn next_id(open: &mut Transaction, last: &'static str) -> Result<i64> {
    let rows = open.rows(sql(last), Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| row.int(0)).map(|last| last + 1)
}

async fn known(open: &mut Transaction, project: i64, insert_ids: &[Arg]) -> Result<HashSet<Text>> {
    let start = "SELECT insert_id FROM event WHERE project = $1 AND insert_id IN";
    let rows = among(open, start, project, insert_ids).await?;
    rows.iter().map(|row| row.word(0).map(Text::from)).collect()
}

/// Loads devices; returns the persons they belong to.
async fn devices(open: &mut Transaction, project: i64, devices: &[Arg], people: &mut People) -> Result<Vec<Arg>> {
    let start = "SELECT device_id, person FROM device WHERE project = $1 AND device_id IN";
    let mut owners = HashSet::new();
    for row in among(open, start, project, devices).await? {
        people.know_device(row.word(0)?.into(), row.int(1)?);
        owners.insert(row.int(1)?);
    }
    Ok(owners.into_iter().map(Arg::from).collect())
}

async fn persons(open: &mut Transaction, project: i64, by: &str, ids: &[Arg], people: &mut People) -> Result<()> {
    let start = format!("SELECT id, user_id, properties FROM person WHERE project = $1 AND {by} IN");
    for row in among(open, &start, project, ids).await? {
        let user_id = row.text(1)?.map(Text::from);
        let properties = properties::read(&row.word(2)?);
        people.know_person(row.int(0)?, Person { user_id, merged_into: None, properties });
    }
    Ok(())
}

async fn save(open: &mut Transaction, project: i64, ground: Ground) -> Result<()> {
    let persons = ground.people.changed_persons().map(|(id, person)| person_row(project, id, person)).collect();
    let start = "INSERT INTO person (id, project, user_id, merged_into, properties)";
    let end = "ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, merged_into = excluded.merged_into, \
               properties = excluded.properties";
    insert(open, start, end, persons).await?;
    let devices = ground.people.changed_devices();
    let devices = devices.map(|(device, person)| vec![project.into(), text(device), person.into()]).collect();
    let end = "ON CONFLICT (project, device_id) DO UPDATE SET person = excluded.person";
    insert(open, "INSERT INTO device (project, device_id, person)", end, devices).await?;
    let start = "INSERT INTO event (id, project, insert_id, person, user_id, device_id, event_type, time, received, \
                 flag_key, variant, experiment_key, event_properties, user_properties, rest)";
    insert(open, start, "", ground.events).await
}

fn person_row(project: i64, id: i64, person: &Person) -> Vec<Arg> {
    let properties = properties::write(&person.properties);
    vec![id.into(), project.into(), maybe(person.user_id.as_ref()), person.merged_into.into(), properties.into()]
}

fn text(text: &Text) -> Arg {
    Arg::from(text.to_str().into_owned())
}

fn maybe(text: Option<&Text>) -> Arg {
    text.map(|text| text.to_str().into_owned()).into()
}

/// Times are under `ingestion::MAX_TIME`, which fits.
fn millis(time: u64) -> Arg {
    Arg::from(time.cast_signed())
}
