//! Identity resolution: which person the ids of an event mean, and what becomes of a visitor who logs in.
//!
//! A user id wins over a device. The first user id on an anonymous device takes that visitor over, or, where the user
//! is known already, the visitor merges into the user. Users never merge. Events of a device without a user id belong
//! to its last known user. Pure: it works on what a transaction has loaded, and marks what it changed to be saved.

use std::collections::{BTreeSet, HashMap};

use crate::person_properties::PersonProperties;
use experiment_wasm::json::Text;
use experiment_wasm::user::Identity;

/// A user, or a visitor who has not logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id of a user who has logged in.
    pub user_id: Option<Text>,
    /// The person that this visitor turned out to be.
    pub merged_into: Option<i64>,
    /// As far as they are loaded. What cannot be read stays as it is stored, for a later version that can read it.
    pub properties: std::result::Result<PersonProperties, Unreadable>,
}

impl Default for Person {
    fn default() -> Self {
        Self { user_id: None, merged_into: None, properties: Ok(PersonProperties::default()) }
    }
}

/// What is stored of a person's properties cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

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

    /// The people that an event is about: the known user, and the person of the device.
    pub fn candidates(&self, identity: &Identity) -> Candidates {
        let user = identity.user_id.as_ref().and_then(|user_id| self.by_user.get(user_id)).copied();
        let on_device = identity.device_id.as_ref().and_then(|device| self.by_device.get(device)).copied();
        let visitor = on_device.filter(|id| identity.user_id.is_some() && self.is_visitor(*id));
        match (&identity.user_id, user, visitor) {
            (None, ..) => Candidates { person: on_device, merged: None },
            (Some(_), None, visitor) => Candidates { person: visitor, merged: None },
            (Some(_), user, merged) => Candidates { person: user, merged },
        }
    }

    /// The person of these ids, before a login merges two of them.
    pub fn find(&self, identity: &Identity) -> Option<&Person> {
        let id = match &identity.user_id {
            Some(user_id) => self.by_user.get(user_id),
            None => self.by_device.get(identity.device_id.as_ref()?),
        };
        self.persons.get(id?)
    }

    /// A person.
    pub fn get(&self, id: i64) -> Option<&Person> {
        self.persons.get(&id)
    }

    /// A person's properties, if they can be read.
    pub fn properties(&self, id: i64) -> Option<&PersonProperties> {
        self.persons.get(&id)?.properties.as_ref().ok()
    }

    /// The same, to be changed or loaded.
    pub fn properties_mut(&mut self, id: i64) -> Option<&mut PersonProperties> {
        self.persons.get_mut(&id)?.properties.as_mut().ok()
    }

    /// A person was changed, and is to be stored.
    pub fn mark_changed(&mut self, id: i64) {
        self.changed_persons.insert(id);
    }

    /// Takes out who was changed or is new, to be stored: their ids.
    pub fn take_changed_persons(&mut self) -> BTreeSet<i64> {
        std::mem::take(&mut self.changed_persons)
    }

    /// Forgets the properties that are loaded and stored.
    pub fn unload(&mut self) {
        let all = self.persons.values_mut().filter_map(|person| person.properties.as_mut().ok());
        all.filter(|properties| !properties.has_changed()).for_each(PersonProperties::unload);
    }

    /// Takes out every device that has another person than before, with that person.
    pub fn take_changed_devices(&mut self) -> Vec<(Text, i64)> {
        let changed = std::mem::take(&mut self.changed_devices).into_iter();
        changed.filter_map(|device| self.by_device.get(&device).copied().map(|person| (device, person))).collect()
    }

    fn is_visitor(&self, id: i64) -> bool {
        self.persons.get(&id).is_some_and(|person| person.user_id.is_none())
    }

    fn user(&mut self, user_id: &Text, on_device: Option<i64>) -> i64 {
        let visitor = on_device.filter(|id| self.is_visitor(*id));
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
        let become_one =
            [visitor, user].into_iter().all(|id| self.properties(id).is_some_and(PersonProperties::is_readable));
        if let Some(person) = self.persons.get_mut(&visitor) {
            person.merged_into = Some(user);
        }
        if become_one
            && let Some(brought) = self.properties_mut(visitor).map(PersonProperties::take)
            && let Some(properties) = self.properties_mut(user)
        {
            properties.merge(brought);
        }
        self.changed_persons.extend([visitor, user]);
        user
    }
}

/// Who an event is about, before it is applied. Nobody is a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The person who gets the changes.
    pub person: Option<i64>,
    /// The visitor who turns out to be that person.
    pub merged: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, Operation};
    use crate::limits::UserLimits;
    use crate::lww::LwwTimestamp;

    fn who(user_id: &str, device_id: &str) -> Identity {
        let id = |text: &str| Some(Text::from(text)).filter(|text| !text.is_empty());
        Identity { user_id: id(user_id), device_id: id(device_id) }
    }

    fn set(people: &mut PersonIndex, person: i64, name: &str, value: &str, time: u64) {
        let change = Change { name: name.into(), operation: Operation::Set(value.into()) };
        let timestamp = LwwTimestamp { time, index: 0, insert_id: Text::default() };
        people.properties_mut(person).unwrap().change(&change, &timestamp, UserLimits::default()).unwrap();
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
        let candidates = Candidates { person: Some(user), merged: Some(visitor) };
        assert_eq!(people.candidates(&who("u", "laptop")), candidates);
        assert_eq!(people.resolve(&who("u", "laptop")), user);
        let value = |name: &str| people.properties(user).unwrap().get(&name.into()).unwrap().value();
        assert_eq!(["plan", "size"].map(value), [Some("new".into()), Some("new".into())]);
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
