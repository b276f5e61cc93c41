//! What becomes of a group of events: everything of one project that they are about, and what they make of it. Pure.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use experiment_wasm::exposure::ExposureEvent;
use experiment_wasm::ingestion::limits::{EXPERIMENT_PROPERTIES, UPDATES, Unchanged};
use experiment_wasm::ingestion::meter::Meter;
use experiment_wasm::ingestion::moment::Stamp;
use experiment_wasm::ingestion::properties::Properties;
use experiment_wasm::ingestion::{Exposed, Ingested};
use experiment_wasm::json::{Object, Text};

use super::people::People;

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
    /// The exposure that the server tells by itself, of which the ids are made if the user comes back to its variant.
    pub evaluated: Option<Box<ExposureEvent>>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored, and has changed what it says, but for what is over a limit.
    Stored(Option<Unchanged>),
    Duplicate,
}

impl Verdict {
    /// The verdict's name, for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored(_) => "stored",
            Self::Duplicate => "duplicate",
        }
    }

    /// Which limit a stored event met, for machines.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Stored(unchanged) => unchanged.map(Unchanged::reason),
            Self::Duplicate => None,
        }
    }
}

/// How many bytes of properties the events of a group may show before they are saved. Groups show a tenth of it.
const MOST_SHOWN: usize = 4 << 20;

/// An event as it is stored.
pub struct Event<'a> {
    pub id: i64,
    pub person: i64,
    pub insert_id: Text,
    /// The user's properties as the event shows them, as JSON.
    pub snapshot: String,
    pub arrival: &'a Arrival,
}

/// Everything of a project that a group needs to know or change.
#[derive(Default)]
pub struct Ground<'a> {
    /// Insert ids that are stored.
    pub known: HashSet<Text>,
    pub people: People,
    pub names: Names,
    pub updates: Updates,
    pub next_event: i64,
    /// What is new and not yet saved.
    pub events: Vec<Event<'a>>,
    /// The bytes of what these show.
    pub shown: usize,
}

/// The experiment properties of a project.
#[derive(Default)]
pub struct Names {
    /// Those of this group that the project has.
    pub known: HashSet<Text>,
    /// How many the project has, where the group has others.
    pub count: u64,
    pub new: Vec<Text>,
}

/// How often the properties of each person were changed lately. Kept in memory and by process.
#[derive(Clone)]
pub struct Meters(Arc<Mutex<Meter<i64>>>);

/// How often people's properties are changed by this group.
#[derive(Default)]
pub struct Updates {
    before: Meters,
    made: BTreeMap<i64, u64>,
}

impl<'a> Ground<'a> {
    /// Takes an event, under the id of a return where it is one. What is stored already changes nothing, however late it comes
    /// again.
    pub fn take(&mut self, arrival: &'a Arrival, return_id: Option<Text>) -> Verdict {
        let insert_id = return_id.unwrap_or_else(|| arrival.stamp.insert_id.clone());
        if !self.known.insert(insert_id.clone()) {
            return Verdict::Duplicate;
        }
        let ingested = &arrival.ingested;
        let person = self.people.resolve(&ingested.identity);
        let stamp = Stamp { insert_id: insert_id.clone(), ..arrival.stamp.clone() };
        let (snapshot, unchanged) = if ingested.is_apart {
            (apart(ingested, &stamp), None)
        } else {
            let unchanged = self.change(person, arrival, &stamp);
            let own = ingested.exposure.as_ref().filter(|_| unchanged != Some(Unchanged::ExperimentProperties));
            let shown = self.people.snapshot(person).map(|all| with_own_variant(all, ingested, own));
            (shown.unwrap_or_else(|| apart(ingested, &stamp)), unchanged)
        };
        let snapshot = snapshot.to_json();
        self.shown += snapshot.len();
        self.events.push(Event { id: self.next_event, person, insert_id, snapshot, arrival });
        self.next_event += 1;
        Verdict::Stored(unchanged)
    }

    /// The events to save now: all, once they show so much that they cannot wait for the others. Each shows all properties of
    /// its user, so that a small request can become a thousand times larger.
    pub fn overflow(&mut self) -> Vec<Event<'a>> {
        if self.shown < MOST_SHOWN {
            return Vec::new();
        }
        self.shown = 0;
        std::mem::take(&mut self.events)
    }

    /// The exposure of an event that the server tells by itself, if it is stored and the user was in another variant since.
    pub fn returning(&self, arrival: &'a Arrival) -> Option<&'a ExposureEvent> {
        let (evaluated, exposure) = (arrival.evaluated.as_deref()?, arrival.ingested.exposure.as_ref()?);
        let properties = self.people.find(&arrival.ingested.identity)?;
        let comes_back = self.known.contains(&arrival.stamp.insert_id) && exposure.is_a_return(properties);
        comes_back.then_some(evaluated)
    }

    fn change(&mut self, person: i64, arrival: &Arrival, stamp: &Stamp) -> Option<Unchanged> {
        let changes = &arrival.ingested.changes;
        if changes.is_empty() {
            return None;
        }
        if !self.people.is_readable(person) {
            return Some(Unchanged::Unreadable);
        }
        if self.updates.are_over(person, arrival.received) {
            return Some(Unchanged::Updates);
        }
        let mut unchanged = None;
        let mut is_updated = false;
        for change in changes {
            if change.makes_experiment_property() && !self.names.have_room(&change.name) {
                unchanged = Some(Unchanged::ExperimentProperties);
            } else {
                is_updated |= self.people.change(person, change, stamp);
            }
        }
        if is_updated {
            *self.updates.made.entry(person).or_default() += 1;
        }
        unchanged
    }
}

impl Names {
    /// Whether the project has the name, or may have one more.
    fn have_room(&mut self, name: &Text) -> bool {
        if self.known.contains(name) {
            return true;
        }
        let is_free = self.count < EXPERIMENT_PROPERTIES;
        if is_free {
            self.count += 1;
            self.known.insert(name.clone());
            self.new.push(name.clone());
        }
        is_free
    }
}

impl Default for Meters {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Meter::new(UPDATES))))
    }
}

impl Updates {
    /// None yet, after those before.
    pub fn after(before: &Meters) -> Self {
        Self { before: before.clone(), made: BTreeMap::new() }
    }

    fn are_over(&self, person: i64, now: u64) -> bool {
        let made = self.made.get(&person).copied().unwrap_or_default();
        self.before.0.lock().unwrap_or_else(PoisonError::into_inner).room(&person, now) <= made
    }

    /// The group is stored: from now on its updates count.
    pub fn count(&self, now: u64) {
        self.before.0.lock().unwrap_or_else(PoisonError::into_inner).rise(&self.made, now);
    }
}

/// What an event says that is kept apart from the user's properties.
fn apart(ingested: &Ingested, stamp: &Stamp) -> Object {
    let mut own = Properties::default();
    for change in &ingested.changes {
        own.change(change, stamp);
    }
    own.visible()
}

/// An exposure shows its own variant, also when a later one has come before it and the user's property stays.
fn with_own_variant(mut snapshot: Object, ingested: &Ingested, exposure: Option<&Exposed>) -> Object {
    let Some(exposure) = exposure else { return snapshot };
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
