//! A batch of events of one project: the stored state that it needs, and the changes that it makes.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use experiment_wasm::exposure::ExposureEvent;
use experiment_wasm::json::{Object, Text};

use crate::exposure::Exposed;
use crate::incoming::IncomingEvent;
use crate::limits::{EXPERIMENT_PROPERTIES, PropertyLimit, UPDATES};
use crate::lww::LwwTimestamp;
use crate::meter::Meter;
use crate::person_index::PersonIndex;
use crate::properties::Properties;
use crate::transform::NormalizedEvent;
use crate::verdict::Verdict;

/// How many bytes of snapshots may wait before the events are saved. A usual batch has a tenth of it.
const MAX_SNAPSHOT_BYTES: usize = 4 << 20;

/// An event to be saved.
pub struct NewEvent<'a> {
    /// The id of its row.
    pub id: i64,
    /// The person it is about.
    pub person: i64,
    /// The id under which it counts once.
    pub insert_id: Text,
    /// The user's properties as the event shows them, as JSON.
    pub snapshot: String,
    /// Everything else.
    pub incoming: &'a IncomingEvent,
}

/// What a batch needs of a project's stored state, and what it changes.
#[derive(Default)]
pub struct BatchState<'a> {
    /// Which insert ids of the batch are stored.
    pub stored_insert_ids: HashSet<Text>,
    /// The people the batch is about.
    pub people: PersonIndex,
    /// The project's experiment properties.
    pub experiment_properties: ExperimentProperties,
    /// How often people's properties are changed.
    pub updates: PropertyUpdates,
    /// The id of the next row.
    pub next_event: i64,
    /// New events, not saved yet.
    pub events: Vec<NewEvent<'a>>,
    /// The bytes of their snapshots.
    pub snapshot_bytes: usize,
}

/// The experiment properties of a project.
#[derive(Default)]
pub struct ExperimentProperties {
    /// Those of the batch that the project has.
    pub known: HashSet<Text>,
    /// How many the project has, where the batch has others.
    pub count: u64,
    /// Those that the batch adds.
    pub new: Vec<Text>,
}

/// How often the properties of each person were changed lately. Kept in memory, by each process for itself.
#[derive(Clone)]
pub struct UpdateMeter(Arc<Mutex<Meter<i64>>>);

/// How often a batch changes people's properties.
#[derive(Default)]
pub struct PropertyUpdates {
    before: UpdateMeter,
    made: BTreeMap<i64, u64>,
}

impl<'a> BatchState<'a> {
    /// Applies an event. `return_id`: its insert id where it is the return of a user to a variant. An event whose
    /// insert id is stored changes nothing.
    pub fn apply(&mut self, incoming: &'a IncomingEvent, return_id: Option<Text>) -> Verdict {
        let insert_id = return_id.unwrap_or_else(|| incoming.timestamp.insert_id.clone());
        if !self.stored_insert_ids.insert(insert_id.clone()) {
            return Verdict::Duplicate;
        }
        let event = &incoming.normalized;
        let person = self.people.resolve(&event.identity);
        let timestamp = LwwTimestamp { insert_id: insert_id.clone(), ..incoming.timestamp.clone() };
        let (snapshot, limit) = if event.skips_user_properties {
            (own_properties(event, &timestamp), None)
        } else {
            let limit = self.change(person, incoming, &timestamp);
            let exposure = event.exposure.as_ref().filter(|_| limit != Some(PropertyLimit::ExperimentProperties));
            let snapshot = self.people.snapshot(person).map(|all| with_own_variant(all, event, exposure));
            (snapshot.unwrap_or_else(|| own_properties(event, &timestamp)), limit)
        };
        let snapshot = snapshot.to_json();
        self.snapshot_bytes += snapshot.len();
        self.events.push(NewEvent { id: self.next_event, person, insert_id, snapshot, incoming });
        self.next_event += 1;
        Verdict::Stored(limit)
    }

    /// The events to save now: all, once their snapshots are too large to wait for the rest of the batch. A snapshot
    /// has all properties of a user, so that a small request can become a thousand times larger.
    pub fn overflow(&mut self) -> Vec<NewEvent<'a>> {
        if self.snapshot_bytes < MAX_SNAPSHOT_BYTES {
            return Vec::new();
        }
        self.snapshot_bytes = 0;
        std::mem::take(&mut self.events)
    }

    /// The exposure of a remote evaluation, if its insert id is stored and the user was in another variant since.
    pub fn returning(&self, incoming: &'a IncomingEvent) -> Option<&'a ExposureEvent> {
        let (evaluated, exposure) = (incoming.evaluated.as_deref()?, incoming.normalized.exposure.as_ref()?);
        let properties = self.people.find(&incoming.normalized.identity)?;
        let is_stored = self.stored_insert_ids.contains(&incoming.timestamp.insert_id);
        (is_stored && exposure.is_a_return(properties)).then_some(evaluated)
    }

    fn change(&mut self, person: i64, incoming: &IncomingEvent, timestamp: &LwwTimestamp) -> Option<PropertyLimit> {
        let changes = &incoming.normalized.changes;
        if changes.is_empty() {
            return None;
        }
        if !self.people.is_readable(person) {
            return Some(PropertyLimit::Unreadable);
        }
        if self.updates.are_over(person, incoming.received) {
            return Some(PropertyLimit::Updates);
        }
        let mut limit = None;
        let mut is_updated = false;
        for change in changes {
            if change.makes_experiment_property() && !self.experiment_properties.add(&change.name) {
                limit = Some(PropertyLimit::ExperimentProperties);
            } else {
                is_updated |= self.people.change(person, change, timestamp);
            }
        }
        if is_updated {
            *self.updates.made.entry(person).or_default() += 1;
        }
        limit
    }
}

impl ExperimentProperties {
    /// Adds a property, unless the project has it. `false`: the project has as many as it may have.
    fn add(&mut self, name: &Text) -> bool {
        if self.known.contains(name) {
            return true;
        }
        if self.count >= EXPERIMENT_PROPERTIES {
            return false;
        }
        self.count += 1;
        self.known.insert(name.clone());
        self.new.push(name.clone());
        true
    }
}

impl Default for UpdateMeter {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Meter::new(UPDATES))))
    }
}

impl PropertyUpdates {
    /// A batch that has changed nothing yet.
    pub fn after(before: &UpdateMeter) -> Self {
        Self { before: before.clone(), made: BTreeMap::new() }
    }

    fn are_over(&self, person: i64, now: u64) -> bool {
        let made = self.made.get(&person).copied().unwrap_or_default();
        self.before.0.lock().unwrap_or_else(PoisonError::into_inner).room(&person, now) <= made
    }

    /// Counts the updates of a batch that is stored.
    pub fn count(&self, now: u64) {
        self.before.0.lock().unwrap_or_else(PoisonError::into_inner).rise(&self.made, now);
    }
}

/// What an event shows that does not change its user.
fn own_properties(event: &NormalizedEvent, timestamp: &LwwTimestamp) -> Object {
    let mut own = Properties::default();
    for change in &event.changes {
        own.change(change, timestamp);
    }
    own.visible()
}

/// An exposure shows its own variant, also when it arrives after a later one and the user's property stays.
fn with_own_variant(mut snapshot: Object, event: &NormalizedEvent, exposure: Option<&Exposed>) -> Object {
    let Some(exposure) = exposure else { return snapshot };
    let property = exposure.property();
    if !event.changes.iter().any(|change| change.name == property) {
        return snapshot;
    }
    match &exposure.variant {
        Some(variant) => snapshot.set(property, variant),
        None => drop(snapshot.remove(property)),
    }
    snapshot
}
