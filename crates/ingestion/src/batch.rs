//! A batch of events of one project: the stored state that it needs, and the changes that it makes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use experiment_wasm::exposure::ExposureEvent;
use experiment_wasm::json::{Text, Value};

use crate::change::{self, Change, Operation};
use crate::difference::Difference;
use crate::experiment_properties::ExperimentProperties;
use crate::exposure::Exposed;
use crate::freed_names::FreedNames;
use crate::incoming::IncomingEvent;
use crate::limits::{PropertyLimit, UPDATES};
use crate::lww::{self, LwwTimestamp};
use crate::meter::Meter;
use crate::person_index::{Candidates, PersonIndex};
use crate::person_properties::{NewState, PersonProperties};
use crate::properties::Properties;
use crate::transform::NormalizedEvent;
use crate::verdict::Verdict;

/// An event to be saved.
pub struct NewEvent<'a> {
    /// The id of its row.
    pub id: i64,
    /// The person it is about.
    pub person: i64,
    /// The id under which it counts once.
    pub insert_id: Text,
    /// The person's state that it shows; none where the person has no property, or it shows its own only.
    pub state: Option<i64>,
    /// The JSON of the [`Difference`] by which its properties are others.
    pub state_difference: Option<String>,
    /// Everything else.
    pub incoming: &'a IncomingEvent,
}

/// What a batch needs of a project's stored state, and what it changes.
#[derive(Default)]
pub struct BatchState<'a> {
    /// Which insert ids of the batch are stored, with their [unique keys](crate::unique_key).
    pub stored: HashSet<(Text, i64)>,
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
    /// New states of people, not saved yet.
    pub states: Vec<(i64, NewState)>,
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

/// What came of an event's changes.
#[derive(Default)]
struct Changed {
    limit: Option<PropertyLimit>,
    /// The project has no room for the exposure's property.
    is_exposure_refused: bool,
}

impl<'a> BatchState<'a> {
    /// The buckets of people's properties that must be loaded before an event is applied.
    pub fn missing(&self, incoming: &IncomingEvent) -> Vec<(i64, u32)> {
        let event = &incoming.normalized;
        if self.is_stored(incoming) && incoming.evaluated.is_none() {
            return Vec::new();
        }
        let Candidates { person, merged } = self.people.candidates(&event.identity);
        let ids = [person, merged].into_iter().flatten();
        let found = ids.filter_map(|id| Some((id, self.people.properties(id)?)));
        let missing = |(id, properties): (i64, &PersonProperties)| {
            let buckets = match merged {
                Some(_) => properties.all_missing(),
                None => missing(properties, incoming),
            };
            buckets.into_iter().map(move |bucket| (id, bucket)).collect::<Vec<_>>()
        };
        found.flat_map(missing).collect()
    }

    /// Applies an event. `return_id`: its insert id where it is the return of a user to a variant. An event that is
    /// stored changes nothing.
    pub fn apply(&mut self, incoming: &'a IncomingEvent, return_id: Option<Text>) -> Verdict {
        let insert_id = return_id.unwrap_or_else(|| incoming.timestamp.insert_id.clone());
        if !self.stored.insert((insert_id.clone(), incoming.unique_key)) {
            return Verdict::Duplicate;
        }
        let event = &incoming.normalized;
        let person = self.people.resolve(&event.identity);
        let timestamp = LwwTimestamp { insert_id: lww::shortened(&insert_id), ..incoming.timestamp };
        let changed = match event.skips_user_properties {
            true => Changed::default(),
            false => self.change(person, incoming, &timestamp),
        };
        let state = self.next_state(person);
        let is_unreadable = changed.limit == Some(PropertyLimit::Unreadable);
        let difference = if event.skips_user_properties || is_unreadable {
            own_properties(event, &timestamp)
        } else {
            self.own_variant(person, event, &changed)
        };
        self.events.push(NewEvent {
            id: self.next_event,
            person,
            insert_id,
            state: state.filter(|_| !event.skips_user_properties),
            state_difference: (!difference.is_empty()).then(|| difference.to_json()),
            incoming,
        });
        self.next_event += 1;
        Verdict::Stored(changed.limit.or(event.has_cut_text.then_some(PropertyLimit::Text)))
    }

    /// Unsets what a person has of names that were freed, in a state of its own. What they need must be loaded.
    pub fn free(&mut self, person: i64, freed: &FreedNames) {
        if self.people.properties_mut(person).is_some_and(|properties| freed.unset(properties)) {
            self.next_state(person);
        }
    }

    /// The exposure of a remote evaluation, if it is stored and the user was in another variant since.
    pub fn returning(&self, incoming: &'a IncomingEvent) -> Option<&'a ExposureEvent> {
        let (evaluated, exposure) = (incoming.evaluated.as_deref()?, incoming.normalized.exposure.as_ref()?);
        let person = self.people.find(&incoming.normalized.identity)?;
        let property = person.properties.as_ref().ok()?.get(&exposure.property())?;
        (self.is_stored(incoming) && exposure.is_a_return(property)).then_some(evaluated)
    }

    fn is_stored(&self, incoming: &IncomingEvent) -> bool {
        self.stored.contains(&(incoming.timestamp.insert_id.clone(), incoming.unique_key))
    }

    fn change(&mut self, person: i64, incoming: &IncomingEvent, timestamp: &LwwTimestamp) -> Changed {
        let changes = &incoming.normalized.changes;
        if changes.is_empty() {
            return Changed::default();
        }
        let over = |limit| Changed { limit: Some(limit), is_exposure_refused: false };
        let Some(properties) = self.people.properties_mut(person) else { return over(PropertyLimit::Unreadable) };
        if !properties.are_readable(changes) {
            return over(PropertyLimit::Unreadable);
        }
        if self.updates.are_over(person, incoming.received) {
            return over(PropertyLimit::Updates);
        }
        let mut changed = Changed::default();
        let mut is_updated = false;
        for change in changes {
            if change.makes_experiment_property() && !self.experiment_properties.add(&change.name) {
                changed.limit = Some(PropertyLimit::ExperimentProperties);
                changed.is_exposure_refused = true;
                continue;
            }
            match properties.change(change, timestamp, incoming.normalized.limits) {
                Ok(made_a_difference) => is_updated |= made_a_difference,
                Err(limit) => changed.limit = Some(limit),
            }
        }
        if is_updated {
            *self.updates.made.entry(person).or_default() += 1;
        }
        changed
    }

    /// The number of a person's state after an event, which is stored if it is a new one.
    fn next_state(&mut self, person: i64) -> Option<i64> {
        let properties = self.people.properties_mut(person)?;
        let next = properties.next_state();
        let number = properties.summary().state.map(|state| state.number);
        if next.is_some() || properties.has_changed() {
            self.people.mark_changed(person);
        }
        self.states.extend(next.map(|next| (person, next)));
        number
    }

    /// An exposure shows its own variant, also when it arrives after a later one and the user's property stays.
    fn own_variant(&self, person: i64, event: &NormalizedEvent, changed: &Changed) -> Difference {
        let mut difference = Difference::default();
        let exposure = event.exposure.as_ref().filter(|_| !changed.is_exposure_refused);
        let property = exposure.map(Exposed::property);
        let is_changed = |name: &Text| event.changes.iter().any(|change| change.name == *name);
        if let (Some(exposure), Some(name)) = (exposure, property.filter(is_changed)) {
            let now = self.people.properties(person).and_then(|all| all.get(&name)?.value());
            difference.put(name, now.as_ref(), exposure.variant.as_ref().map(Value::from));
        }
        difference
    }
}

/// The buckets of the names that an event is about, or all where it may need them.
fn missing(properties: &PersonProperties, incoming: &IncomingEvent) -> BTreeSet<u32> {
    let event = &incoming.normalized;
    let changes: &[Change] = if event.skips_user_properties { &[] } else { &event.changes };
    let is_all = changes.iter().any(|change| change.operation == Operation::ClearAll);
    if is_all || (!changes.is_empty() && properties.needs_all_for(change::bytes(changes))) {
        return properties.all_missing();
    }
    let met = incoming.evaluated.as_ref().and(event.exposure.as_ref()).map(Exposed::property);
    properties.missing(changes.iter().map(|change| &change.name).chain(met.as_ref()))
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
fn own_properties(event: &NormalizedEvent, timestamp: &LwwTimestamp) -> Difference {
    let mut own = Properties::default();
    for change in &event.changes {
        own.change(change, timestamp);
    }
    Difference::whole(own.state())
}
