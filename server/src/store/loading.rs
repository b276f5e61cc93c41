//! Loads what a batch of events is about: who is who, and of their properties only what the events change.

use std::collections::{BTreeSet, HashMap};
use std::ops::AddAssign;
use std::sync::atomic::Ordering;

use experiment_ingestion::batch::{BatchState, PropertyUpdates};
use experiment_ingestion::lww::LwwTimestamp;
use experiment_ingestion::person_index::{Person, PersonIndex, Unreadable};
use experiment_ingestion::person_properties::{PersonProperties, State, Summary};
use experiment_ingestion::{IncomingEvent, first_schema};
use experiment_wasm::json::{Text, Value};

use super::Store;
use super::bulk::{keys, number, select_in};
use super::engine::{Row, Transaction};
use super::experiment_names;
use super::failure::{Result, too_large};
use super::ids::Ids;
use super::known_events::stored;

/// How many buckets are loaded together, and of people with how many bytes of properties: a single bucket may have all of
/// a person's.
const MOST_BUCKETS: usize = 2_048;
const MOST_BYTES: u64 = 1 << 20;

/// How many bytes of stored properties a transaction may load, in the bytes that the limits of users count: those of two
/// people, both as large as they may be, for each of the 2,000 events of a request. More is possible where the limits
/// were higher once.
pub const MOST_TRANSACTION_BYTES: usize = 256 << 20;

/// How many bytes of text there may be for each byte that is counted: the times and ids of the events that set
/// properties are no part of a user's bytes, and take twice as many for a thousand short values.
const TEXT_PER_BYTE: usize = 4;

/// The columns of a person's row that [`person`] reads.
pub const PERSON: &str = "id, user_id, properties, buckets, property_names, property_bytes, cleared, state, state_base, \
                      difference_bytes, merged_into";

/// How many columns that are.
pub const PERSON_COLUMNS: usize = 11;

impl Store {
    /// Whether every row of an earlier version is converted.
    pub(super) fn is_converted(&self) -> bool {
        self.is_converted.load(Ordering::Relaxed)
    }

    /// What is stored of the people and ids of these events.
    pub(super) async fn load<'a>(
        &self,
        open: &mut Transaction,
        project: i64,
        events: &[&'a IncomingEvent],
    ) -> Result<BatchState<'a>> {
        let every = |id: fn(&IncomingEvent) -> Option<&Text>| keys(events.iter().filter_map(|one| id(one)));
        let ids = events.iter().map(|event| (&event.timestamp.insert_id, event.unique_key));
        let stored = stored(open, project, self.is_converted(), ids).await?;
        let mut people = PersonIndex::new(Ids::Person.last(open).await? + 1);
        let users = every(|event| event.normalized.identity.user_id.as_ref());
        self.persons(open, project, "user_id = lookup_1", users, &mut people).await?;
        let owners = owners(open, project, every(|event| event.normalized.identity.device_id.as_ref())).await?;
        let others: BTreeSet<_> = owners.iter().map(|(_, owner)| *owner).filter(|id| !people.contains(*id)).collect();
        let others = others.into_iter().map(|id| [number(id)]).collect();
        self.persons(open, project, "id = CAST(lookup_1 AS BIGINT) AND deletion IS NULL", others, &mut people).await?;
        // The device of a person who is being deleted is as if it were new.
        let owners = owners.into_iter().filter(|(_, owner)| people.contains(*owner)).collect::<Vec<_>>();
        owners.into_iter().for_each(|(device, owner)| people.add_device(device, owner));
        let experiment_properties = experiment_names::of_events(open, project, events).await?;
        let updates = PropertyUpdates::after(&self.updates);
        let next_event = Ids::Event.last(open).await? + 1;
        Ok(BatchState { stored, people, experiment_properties, updates, next_event, ..BatchState::default() })
    }

    /// People of an earlier version bring all their properties with them, so their length is looked at first.
    async fn persons(
        &self,
        open: &mut Transaction,
        project: i64,
        by: &str,
        ids: Vec<[Value; 1]>,
        people: &mut PersonIndex,
    ) -> Result<()> {
        let condition = format!("project = $1 AND {by}");
        if !self.is_converted() {
            let length = "CAST(octet_length(properties) AS BIGINT)";
            let lengths = select_in(open, length, ("person", &condition), project, ids.clone()).await?;
            let bytes = lengths.iter().map(|row| row.int(0)).sum::<Result<i64>>()?;
            if bytes.unsigned_abs() > MOST_TRANSACTION_BYTES as u64 {
                return Err(too_large());
            }
        }
        for row in select_in(open, PERSON, ("person", &condition), project, ids).await? {
            let (id, person) = person(&row)?;
            people.add_person(id, person);
        }
        Ok(())
    }
}

/// How many of the first of these events are looked up together, and the buckets that they need by what is known before
/// any of them is applied. What one needs for what another did before it is loaded alone.
pub fn needed(batch: &BatchState<'_>, events: &[&IncomingEvent]) -> (usize, Vec<(i64, u32)>) {
    let (mut needed, mut owners) = (BTreeSet::new(), BTreeSet::new());
    let (mut count, mut bytes) = (0, 0);
    for event in events {
        count += 1;
        for (person, bucket) in batch.missing(event) {
            bytes += if owners.insert(person) { bytes_of(batch, person) } else { 0 };
            needed.insert((person, bucket));
        }
        if needed.len() >= MOST_BUCKETS || bytes >= MOST_BYTES {
            break;
        }
    }
    (count, needed.into_iter().collect())
}

fn bytes_of(batch: &BatchState<'_>, person: i64) -> u64 {
    batch.people.properties(person).map_or(0, |properties| properties.summary().bytes)
}

/// How much was loaded, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loaded {
    /// As it is stored.
    pub text: usize,
    /// As the limits of users count it.
    pub counted: usize,
}

impl AddAssign for Loaded {
    fn add_assign(&mut self, more: Self) {
        self.text += more.text;
        self.counted += more.counted;
    }
}

impl Loaded {
    /// Of a bucket with this text.
    fn of(text: &str, Summary { bytes, buckets, .. }: &Summary) -> Self {
        let part = usize::try_from(bytes / u64::from(*buckets).max(1)).unwrap_or(usize::MAX);
        Self { text: text.len(), counted: part.max(text.len() / TEXT_PER_BYTE) }
    }
}

/// Loads buckets, and returns how many bytes they have.
pub async fn buckets(
    open: &mut Transaction,
    project: i64,
    batch: &mut BatchState<'_>,
    wanted: Vec<(i64, u32)>,
) -> Result<Loaded> {
    let lookup = wanted.iter().map(|(person, bucket)| [number(*person), number((*bucket).into())]).collect();
    let table =
        ("property_bucket", "person = CAST(lookup_1 AS BIGINT) AND bucket = CAST(lookup_2 AS BIGINT) AND $1 = $1");
    let mut texts = HashMap::new();
    for row in select_in(open, "person, bucket, properties", table, project, lookup).await? {
        texts.insert((row.int(0)?, row.int(1)?), row.required_text(2)?);
    }
    let mut loaded = Loaded::default();
    for (person, bucket) in wanted {
        let text = texts.get(&(person, bucket.into()));
        let properties = batch.people.properties_mut(person);
        if let (Some(text), Some(properties)) = (text, &properties) {
            loaded += Loaded::of(text, properties.summary());
        }
        if properties.is_some_and(|properties| !properties.load(bucket, text.map(String::as_str))) {
            tracing::error!(person, bucket, "user properties in the database cannot be read, and are kept as they are");
        }
    }
    Ok(loaded)
}

/// Devices with the persons they belong to.
async fn owners(open: &mut Transaction, project: i64, devices: Vec<[Value; 1]>) -> Result<Vec<(Text, i64)>> {
    let row = ("device", "project = $1 AND device_id = lookup_1");
    let rows = select_in(open, "device_id, person", row, project, devices).await?;
    rows.iter().map(|row| Ok((row.required_text(0)?.into(), row.int(1)?))).collect()
}

/// A person of a row with the columns of [`PERSON`].
pub fn person(row: &Row) -> Result<(i64, Person)> {
    let (id, user_id, merged_into) = (row.int(0)?, row.text(1)?.map(Text::from), row.maybe_int(10)?);
    let properties = properties(row)?;
    if properties.is_err() {
        tracing::error!(person = id, "user properties in the database cannot be read, and are kept as they are");
    }
    Ok((id, Person { user_id, merged_into, properties }))
}

/// Of a row with the columns of [`PERSON`]. What the first schema stored is all there is, where it is not empty.
fn properties(row: &Row) -> Result<std::result::Result<PersonProperties, Unreadable>> {
    let count = |column| row.int(column).map(i64::unsigned_abs);
    let state = match row.maybe_int(7)? {
        Some(number) => Some(State { number, base: row.int(8)?, difference_bytes: count(9)? }),
        None => None,
    };
    let first = row.required_text(2)?;
    if !first.is_empty() {
        let properties = first_schema::properties(first.as_bytes());
        return Ok(properties.map(|all| PersonProperties::first_stored(all, state)).ok_or(Unreadable));
    }
    let cleared = match row.text(6)? {
        Some(cleared) => LwwTimestamp::from_json(cleared.as_bytes()),
        None => Some(LwwTimestamp::default()),
    };
    let Some(cleared) = cleared else { return Ok(Err(Unreadable)) };
    let buckets = u32::try_from(row.int(3)?).unwrap_or_default();
    let summary = Summary { buckets, names: count(4)?, bytes: count(5)?, cleared, state };
    Ok(Ok(PersonProperties::stored(summary)))
}
