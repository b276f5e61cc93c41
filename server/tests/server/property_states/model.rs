//! What every event and every person must show: a model that copies all properties of the user into each event, one
//! event after another in the order of storing. The rules of one property are those of the crate; whose properties they
//! are and what an event shows of them is decided here, plainly.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use experiment_ingestion::change::{Change, Operation};
use experiment_ingestion::lww::LwwTimestamp;
use experiment_ingestion::properties::Properties;
use experiment_ingestion::{IncomingEvent, NormalizedEvent};
use experiment_wasm::json::{Object, Text, Value};

/// How many experiment properties a project has.
pub const EXPERIMENT_PROPERTIES: usize = 1_500;

/// How many events of one user change properties before one may be refused.
pub const UPDATES: u64 = 1_800;

/// What the properties of experiments begin with.
const EXPERIMENT: &str = "[Experiment] ";

const EXPERIMENT_LIMIT: &str = "experiment_property_limit";
pub const UPDATE_LIMIT: &str = "user_property_update_limit";

/// Names and values; the order of names says nothing.
pub type Shown = BTreeMap<Text, Value>;

/// A person, as they can be asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct View {
    pub user_id: Option<String>,
    pub device_ids: BTreeSet<String>,
    pub properties: Shown,
}

/// One project.
#[derive(Default)]
pub struct Model {
    people: Vec<Person>,
    by_user: HashMap<Text, usize>,
    by_device: BTreeMap<Text, usize>,
    experiment_properties: HashSet<Text>,
    /// The experiment properties of the flags that the project has.
    of_flags: HashSet<Text>,
}

#[derive(Default)]
struct Person {
    user_id: Option<Text>,
    properties: Properties,
    /// How many events changed them.
    updates: u64,
}

impl Model {
    /// A project with these flags.
    pub fn with_flags(flags: &[&str]) -> Self {
        let property = |flag: &&str| Text::from(format!("{EXPERIMENT}{flag}").as_str());
        Self { of_flags: flags.iter().map(property).collect(), ..Self::default() }
    }

    /// Stores an event: what it shows of its user, and which limit its verdict names. Only the server knows how fast
    /// time went by, so `over_updates` says whether it found that the user's properties had changed too often.
    pub fn store(&mut self, event: &IncomingEvent, over_updates: bool) -> (Shown, Option<&'static str>) {
        let sent = &event.normalized;
        let person = self.person_of(sent);
        if sent.skips_user_properties {
            let mut own = Properties::default();
            for change in &sent.changes {
                own.change(change, &event.timestamp);
            }
            return (shown(own.visible()), None);
        }
        let limit = self.change(person, &sent.changes, &event.timestamp, over_updates);
        let mut copy = shown(self.people[person].properties.visible());
        if limit != Some(EXPERIMENT_LIMIT) {
            show_own_variant(&mut copy, sent);
        }
        (copy, limit)
    }

    fn person_of(&mut self, sent: &NormalizedEvent) -> usize {
        let (user_id, device_id) = (&sent.identity.user_id, &sent.identity.device_id);
        let on_device = device_id.as_ref().and_then(|device| self.by_device.get(device)).copied();
        let person = match (user_id, on_device) {
            (None, Some(on_device)) => on_device,
            (None, None) => self.newcomer(None),
            (Some(user_id), _) => self.user(user_id, on_device),
        };
        if let Some(device) = device_id {
            self.by_device.insert(device.clone(), person);
        }
        person
    }

    fn user(&mut self, user_id: &Text, on_device: Option<usize>) -> usize {
        let visitor = on_device.filter(|person| self.people[*person].user_id.is_none());
        match (self.by_user.get(user_id).copied(), visitor) {
            (Some(user), Some(visitor)) => {
                let brought = std::mem::take(&mut self.people[visitor].properties);
                self.people[user].properties.merge(brought);
                user
            }
            (Some(user), None) => user,
            (None, Some(visitor)) => {
                self.people[visitor].user_id = Some(user_id.clone());
                self.by_user.insert(user_id.clone(), visitor);
                visitor
            }
            (None, None) => self.newcomer(Some(user_id)),
        }
    }

    fn newcomer(&mut self, user_id: Option<&Text>) -> usize {
        let person = self.people.len();
        self.people.push(Person { user_id: user_id.cloned(), ..Person::default() });
        if let Some(user_id) = user_id {
            self.by_user.insert(user_id.clone(), person);
        }
        person
    }

    fn change(
        &mut self,
        person: usize,
        changes: &[Change],
        timestamp: &LwwTimestamp,
        over_updates: bool,
    ) -> Option<&'static str> {
        if changes.is_empty() {
            return None;
        }
        let person = &mut self.people[person];
        if over_updates {
            assert!(person.updates >= UPDATES, "refused after {} updates", person.updates);
            return Some(UPDATE_LIMIT);
        }
        let (mut limit, mut is_updated) = (None, false);
        for change in changes {
            let known = &mut self.experiment_properties;
            if makes_experiment_property(change) && !known.contains(&change.name) {
                if !has_room(known, &self.of_flags, &change.name) {
                    limit = Some(EXPERIMENT_LIMIT);
                    continue;
                }
                known.insert(change.name.clone());
            }
            is_updated |= person.properties.change(change, timestamp);
        }
        person.updates += u64::from(is_updated);
        limit
    }

    /// Everybody who can be asked for, by a user id and by each device id.
    pub fn everybody(&self) -> impl Iterator<Item = (&'static str, &Text, View)> {
        let users = self.by_user.iter().map(|(id, person)| ("user_id", id, self.view(*person)));
        users.chain(self.by_device.iter().map(|(id, person)| ("device_id", id, self.view(*person))))
    }

    fn view(&self, index: usize) -> View {
        let person = &self.people[index];
        let devices =
            self.by_device.iter().filter(|(_, of)| **of == index).map(|(device, _)| device.to_str().into_owned());
        View {
            user_id: person.user_id.as_ref().map(|id| id.to_str().into_owned()),
            device_ids: devices.collect(),
            properties: shown(person.properties.visible()),
        }
    }

    /// How many events changed a user's properties.
    pub fn updates(&self, user_id: &Text) -> u64 {
        self.people[self.by_user[user_id]].updates
    }
}

/// By name.
pub fn shown(properties: Object) -> Shown {
    let count = properties.len();
    let shown: Shown = properties.into_iter().collect();
    assert_eq!(shown.len(), count, "a name is shown twice");
    shown
}

/// An exposure shows its own variant, also where a later one counts for the user; one of a slot changes nothing and
/// shows nothing.
fn show_own_variant(copy: &mut Shown, sent: &NormalizedEvent) {
    let Some(exposure) = &sent.exposure else { return };
    let property = Text::from(format!("{EXPERIMENT}{}", exposure.flag_key.to_str()).as_str());
    if sent.changes.iter().all(|change| change.name != property) {
        return;
    }
    match &exposure.variant {
        Some(variant) => drop(copy.insert(property, Value::String(variant.clone()))),
        None => drop(copy.remove(&property)),
    }
}

/// Flags have the room of all, and the names of none share what is left beside every flag of the project.
fn has_room(known: &HashSet<Text>, of_flags: &HashSet<Text>, name: &Text) -> bool {
    let known_of_flags = known.intersection(of_flags).count();
    if of_flags.contains(name) {
        known_of_flags < EXPERIMENT_PROPERTIES
    } else {
        known.len() - known_of_flags < EXPERIMENT_PROPERTIES - of_flags.len()
    }
}

fn makes_experiment_property(change: &Change) -> bool {
    change.name.as_bytes().starts_with(EXPERIMENT.as_bytes()) && change.operation != Operation::Unset
}
