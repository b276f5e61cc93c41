//! Identity resolution: which person the ids of an event mean, and what becomes of a visitor who logs in.
//!
//! A user id wins over a device. The first user id on an anonymous device takes that visitor over, or, where the user
//! is known already, the visitor merges into the user. Users never merge. Events of a device without a user id belong
//! to its last known user. Pure: it works on what a transaction has loaded, and marks what it changed to be saved.

use std::collections::{BTreeSet, HashMap};

use crate::change::Change;
use crate::lww::LwwTimestamp;
use crate::properties::Properties;
use experiment_wasm::json::{Object, Text};
use experiment_wasm::user::Identity;

/// A user, or a visitor who has not logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id of a user who has logged in.
    pub user_id: Option<Text>,
    /// The person that this visitor turned out to be.
    pub merged_into: Option<i64>,
    /// What is stored and cannot be read is kept as it is, for a later version that can read it.
    pub properties: std::result::Result<Properties, Text>,
}

impl Default for Person {
    fn default() -> Self {
        Self { user_id: None, merged_into: None, properties: Ok(Properties::default()) }
    }
}

/// The people of one project that a batch of events is about.
#[derive(Default)]
pub struct PersonIndex {
    next_id: i64,
    persons: HashMap<i64, Person>,
    by_user: HashMap<Text, i64>,
    by_device: HashMap<Text, i64>,
    changed_persons: BTreeSet<i64>,
    changed_devices: BTreeSet<Text>,
}

impl PersonIndex {
    /// Empty; new people are numbered from `next_id`.
    pub fn new(next_id: i64) -> Self {
        Self { next_id, ..Self::default() }
    }

    /// Adds a person that is stored.
    pub fn add_person(&mut self, id: i64, person: Person) {
        if let Some(user_id) = &person.user_id {
            self.by_user.insert(user_id.clone(), id);
        }
        self.persons.insert(id, person);
    }

    /// Adds a device that is stored.
    pub fn add_device(&mut self, device_id: Text, person: i64) {
        self.by_device.insert(device_id, person);
    }

    /// Whether a person is loaded.
    pub fn contains(&self, id: i64) -> bool {
        self.persons.contains_key(&id)
    }

    /// The person that an event is about.
    pub fn resolve(&mut self, identity: &Identity) -> i64 {
        let on_device = identity.device_id.as_ref().and_then(|device| self.by_device.get(device)).copied();
        let person = match &identity.user_id {
            Some(user_id) => self.user(user_id, on_device),
            None => on_device.unwrap_or_else(|| self.newcomer(None)),
        };
        if let Some(device) = identity.device_id.as_ref().filter(|_| on_device != Some(person)) {
            self.by_device.insert(device.clone(), person);
            self.changed_devices.insert(device.clone());
        }
        person
    }

    /// The properties of the person of these ids, before a login merges two of them.
    pub fn find(&self, identity: &Identity) -> Option<&Properties> {
        let id = match &identity.user_id {
            Some(user_id) => self.by_user.get(user_id),
            None => self.by_device.get(identity.device_id.as_ref()?),
        };
        self.persons.get(id?)?.properties.as_ref().ok()
    }

    /// Whether a person's properties could be read, so that they can be changed.
    pub fn is_readable(&self, id: i64) -> bool {
        self.persons.get(&id).is_some_and(|person| person.properties.is_ok())
    }

    /// Changes one of a person's properties. Says whether that made a difference.
    pub fn change(&mut self, id: i64, change: &Change, stamp: &LwwTimestamp) -> bool {
        let properties = self.persons.get_mut(&id).and_then(|person| person.properties.as_mut().ok());
        let is_changed = properties.is_some_and(|properties| properties.change(change, stamp));
        if is_changed {
            self.changed_persons.insert(id);
        }
        is_changed
    }

    /// A person's properties as an event shows them, if they could be read.
    pub fn snapshot(&self, id: i64) -> Option<Object> {
        Some(self.persons.get(&id)?.properties.as_ref().ok()?.visible())
    }

    /// Every person that was changed or is new.
    pub fn changed_persons(&self) -> impl Iterator<Item = (i64, &Person)> {
        self.changed_persons.iter().filter_map(|id| Some((*id, self.persons.get(id)?)))
    }

    /// Every device that has another person than before.
    pub fn changed_devices(&self) -> impl Iterator<Item = (&Text, i64)> {
        self.changed_devices.iter().filter_map(|device| Some((device, *self.by_device.get(device)?)))
    }

    fn user(&mut self, user_id: &Text, on_device: Option<i64>) -> i64 {
        let is_visitor = |id: &i64| self.persons.get(id).is_some_and(|person| person.user_id.is_none());
        let visitor = on_device.filter(is_visitor);
        match (self.by_user.get(user_id).copied(), visitor) {
            (Some(user), Some(visitor)) => self.merge(visitor, user),
            (Some(user), None) => user,
            (None, Some(visitor)) => self.name(visitor, user_id),
            (None, None) => self.newcomer(Some(user_id)),
        }
    }

    fn newcomer(&mut self, user_id: Option<&Text>) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.add_person(id, Person { user_id: user_id.cloned(), ..Person::default() });
        self.changed_persons.insert(id);
        id
    }

    fn name(&mut self, visitor: i64, user_id: &Text) -> i64 {
        if let Some(person) = self.persons.get_mut(&visitor) {
            person.user_id = Some(user_id.clone());
        }
        self.by_user.insert(user_id.clone(), visitor);
        self.changed_persons.insert(visitor);
        visitor
    }

    /// Properties that cannot be read stay where they are, and with them those that they should become one with.
    fn merge(&mut self, visitor: i64, user: i64) -> i64 {
        let become_one = [visitor, user].into_iter().all(|id| self.is_readable(id));
        let mut brought = Properties::default();
        if let Some(person) = self.persons.get_mut(&visitor) {
            person.merged_into = Some(user);
            if let (Ok(properties), true) = (&mut person.properties, become_one) {
                brought = std::mem::take(properties);
            }
        }
        if let Some(Ok(properties)) = self.persons.get_mut(&user).map(|person| &mut person.properties) {
            properties.merge(brought);
        }
        self.changed_persons.extend([visitor, user]);
        user
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Operation;

    fn who(user_id: &str, device_id: &str) -> Identity {
        let id = |text: &str| Some(Text::from(text)).filter(|text| !text.is_empty());
        Identity { user_id: id(user_id), device_id: id(device_id) }
    }

    fn set(people: &mut PersonIndex, person: i64, name: &str, value: &str, time: u64) {
        let change = Change { name: name.into(), operation: Operation::Set(value.into()) };
        people.change(person, &change, &LwwTimestamp { time, index: 0, insert_id: Text::default() });
    }

    #[test]
    fn the_first_user_id_on_an_anonymous_device_takes_the_visitor_over() {
        let mut people = PersonIndex::new(1);
        let visitor = people.resolve(&who("", "d"));
        assert_eq!(people.resolve(&who("u", "d")), visitor);
        assert_eq!(people.resolve(&who("u", "")), visitor);
    }

    #[test]
    fn a_visitor_merges_into_the_user_they_turn_out_to_be_and_the_later_value_counts() {
        let mut people = PersonIndex::new(1);
        let user = people.resolve(&who("u", "phone"));
        let visitor = people.resolve(&who("", "laptop"));
        set(&mut people, user, "plan", "old", 1);
        set(&mut people, visitor, "plan", "new", 2);
        set(&mut people, user, "size", "new", 2);
        set(&mut people, visitor, "size", "old", 1);
        assert_eq!(people.resolve(&who("u", "laptop")), user);
        assert_eq!(people.snapshot(user).unwrap().to_json(), r#"{"plan":"new","size":"new"}"#);
        assert_eq!(people.resolve(&who("", "laptop")), user);
    }

    #[test]
    fn two_users_of_one_device_stay_two_and_the_device_follows_the_last() {
        let mut people = PersonIndex::new(1);
        let first = people.resolve(&who("first", "d"));
        let second = people.resolve(&who("second", "d"));
        assert_ne!(first, second);
        assert_eq!(people.resolve(&who("", "d")), second);
        assert_eq!(people.resolve(&who("first", "")), first);
    }
}
