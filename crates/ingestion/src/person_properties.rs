//! The properties of one person as they are stored, in [buckets](crate::bucket) and [states](crate::difference), of
//! which only what a batch of events needs is loaded.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use experiment_wasm::json::{Text, Value};

use crate::bucket::{self, bucket_of, buckets_for};
use crate::change::{Change, Operation};
use crate::difference::Difference;
use crate::limits::{PropertyLimit, UserLimits};
use crate::lww::LwwTimestamp;
use crate::name::MAX_NAME_BYTES;
use crate::properties::{Properties, is_of_experiment};
use crate::property::Property;

/// What it takes to store a property beside its name and value, in bytes: quotes, brackets, the number of its timestamp.
const PROPERTY_BYTES: u64 = 8;

/// What it takes to store a state beside its text, in bytes.
pub(crate) const STATE_BYTES: u64 = 64;

/// The key of a variant in quotes: who has as many properties as one may have can still be in experiments.
const VARIANT_BYTES: u64 = MAX_NAME_BYTES as u64 + 2;

/// What is stored of a person's properties beside the properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many buckets there are.
    pub buckets: u32,
    /// How many names there are, unset or not, of experiments not counted.
    pub names: u64,
    /// How many bytes all names and values have.
    pub bytes: u64,
    /// When all were cleared last.
    pub cleared: LwwTimestamp,
    /// The state of now; none where there never was a property.
    pub state: Option<State>,
}

/// The number of a state, and what leads to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Its number: 1, 2, … for each person.
    pub number: i64,
    /// The number of the last whole state, which it differs from by all states since.
    pub base: i64,
    /// How many bytes these differences have.
    pub difference_bytes: u64,
}

impl State {
    /// A whole state.
    pub(crate) fn whole(number: i64) -> Self {
        Self { number, base: number, difference_bytes: 0 }
    }

    /// The state after it, which differs by so many bytes.
    pub(crate) fn followed_by(self, number: i64, bytes: u64) -> Self {
        Self { number, base: self.base, difference_bytes: self.difference_bytes + bytes }
    }
}

/// A state to be stored: whole where it is its own base, else the difference to the state before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewState {
    /// The person's state of now.
    pub state: State,
    /// The JSON of a [`Difference`].
    pub difference: String,
}

/// A person's properties, as far as they are loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonProperties {
    summary: Summary,
    properties: Properties,
    loaded: BTreeSet<u32>,
    unreadable: BTreeSet<u32>,
    changed: BTreeSet<u32>,
    /// All buckets are to be written, and none that was stored before is to stay.
    is_rewritten: bool,
    /// The names that changed since the state of now, with the values that it has.
    before: BTreeMap<Text, Option<Value>>,
}

/// The buckets of a person that are to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedBuckets {
    /// None of those that are stored stays.
    pub is_rewritten: bool,
    /// The number and the text of each.
    pub buckets: Vec<(u32, String)>,
}

impl PersonProperties {
    /// Nothing is loaded yet.
    pub fn stored(summary: Summary) -> Self {
        let properties = Properties::cleared_at(summary.cleared.clone());
        Self { summary, properties, ..Self::default() }
    }

    /// Properties that are not in buckets yet. Their next state is whole, and comes after the last one.
    pub fn first_stored(properties: Properties, last: Option<State>) -> Self {
        let mut first = Self { is_rewritten: true, ..Self::default() };
        first.summary.state = last.map(|last| State { difference_bytes: u64::MAX / 2, ..last });
        first.merge(properties);
        first
    }

    /// What is to be stored beside the buckets.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The buckets of these names that are not loaded.
    pub fn missing<'a>(&self, names: impl Iterator<Item = &'a Text>) -> BTreeSet<u32> {
        let buckets = names.map(|name| bucket_of(name, self.summary.buckets));
        buckets.filter(|bucket| self.is_missing(*bucket)).collect()
    }

    /// All buckets that are not loaded.
    pub fn all_missing(&self) -> BTreeSet<u32> {
        (0..self.summary.buckets).filter(|bucket| self.is_missing(*bucket)).collect()
    }

    fn is_missing(&self, bucket: u32) -> bool {
        bucket < self.summary.buckets && !self.loaded.contains(&bucket)
    }

    /// Whether more bytes of changes ask for a whole state or for more buckets, for which all must be loaded.
    pub fn needs_all_for(&self, bytes: u64) -> bool {
        let differences = self.summary.state.map_or(0, |state| state.difference_bytes + STATE_BYTES);
        differences + bytes >= self.summary.bytes || buckets_for(self.summary.bytes + bytes) > self.summary.buckets
    }

    /// Adds a bucket; `None` where nothing is stored of it. Says whether it can be read.
    pub fn load(&mut self, bucket: u32, text: Option<&str>) -> bool {
        self.loaded.insert(bucket);
        let stored = text.map_or(Some(Default::default()), |text| bucket::from_json(text.as_bytes()));
        match stored {
            Some(properties) => self.properties.load(properties),
            None => drop(self.unreadable.insert(bucket)),
        }
        !self.unreadable.contains(&bucket)
    }

    /// Whether what these changes are about could be read, so that it can be changed.
    pub fn are_readable(&self, changes: &[Change]) -> bool {
        let is_readable = |change: &Change| match change.operation {
            Operation::ClearAll => self.is_readable(),
            _ => !self.unreadable.contains(&bucket_of(&change.name, self.summary.buckets)),
        };
        changes.iter().all(is_readable)
    }

    /// Whether all that is loaded could be read.
    pub fn is_readable(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// What there is under a name, unset or not, if its bucket is loaded.
    pub fn get(&self, name: &Text) -> Option<&Property> {
        self.properties.get(name)
    }

    /// The names of experiments that have a value, as far as they are loaded.
    pub fn of_experiments(&self) -> impl Iterator<Item = &Text> {
        let all = self.properties.iter();
        all.filter(|(name, property)| is_of_experiment(name) && property.value().is_some()).map(|(name, _)| name)
    }

    /// Makes a change, for which everything must be loaded that it is about. Says whether it made a difference.
    ///
    /// # Errors
    /// The limit over which it would lead; nothing is changed then.
    pub fn change(
        &mut self,
        change: &Change,
        timestamp: &LwwTimestamp,
        limits: UserLimits,
    ) -> Result<bool, PropertyLimit> {
        if change.operation == Operation::ClearAll {
            return Ok(self.change_all(|properties| properties.change(change, timestamp)));
        }
        let Some(next) = self.properties.after(change, timestamp) else { return Ok(false) };
        let before = self.get(&change.name).map(|property| (property.value(), property.bytes()));
        let (value, bytes) = before.map_or((None, None), |(value, bytes)| (value, Some(bytes)));
        if !is_of_experiment(&change.name) || next.bytes() > VARIANT_BYTES {
            self.check(&change.name, bytes, next.bytes(), limits)?;
        }
        self.count(&change.name, bytes, next.bytes());
        self.before.entry(change.name.clone()).or_insert(value);
        self.properties.put(change.name.clone(), next);
        self.changed.insert(bucket_of(&change.name, self.summary.buckets));
        Ok(true)
    }

    /// Whether a property may have so many bytes. What does not grow may stay over a limit that was higher.
    fn check(&self, name: &Text, before: Option<u64>, after: u64, limits: UserLimits) -> Result<(), PropertyLimit> {
        if before.is_none() && self.summary.names >= limits.names && !is_of_experiment(name) {
            return Err(PropertyLimit::UserProperties);
        }
        let growth = stored_bytes(name, Some(after)).saturating_sub(stored_bytes(name, before));
        if growth > 0 && self.summary.bytes + growth > limits.bytes {
            return Err(PropertyLimit::UserPropertyBytes);
        }
        Ok(())
    }

    /// Takes in all properties of what turned out to be the same person. Both must be loaded.
    pub fn merge(&mut self, other: Properties) {
        self.change_all(|properties| {
            properties.merge(other);
            true
        });
    }

    /// Takes all properties out, for another person. They must be loaded.
    pub fn take(&mut self) -> Properties {
        self.is_rewritten = true;
        self.before.clear();
        self.summary = Summary { state: self.summary.state, ..Summary::default() };
        self.loaded.clear();
        std::mem::take(&mut self.properties)
    }

    /// The state after the changes of an event, where that is another one than before.
    pub fn next_state(&mut self) -> Option<NewState> {
        let mut difference = Difference::default();
        for (name, before) in std::mem::take(&mut self.before) {
            let after = self.get(&name).and_then(Property::value);
            difference.put(name, before.as_ref(), after);
        }
        if difference.is_empty() {
            return None;
        }
        let text = difference.to_json();
        let bytes = text.len() as u64 + STATE_BYTES;
        let state = match self.summary.state {
            Some(last) if !self.is_whole_due(last, bytes) => last.followed_by(last.number + 1, bytes),
            last => State::whole(last.map_or(0, |last| last.number) + 1),
        };
        self.summary.state = Some(state);
        let is_whole = state.number == state.base;
        // The first state is its own difference to no properties.
        let whole = (is_whole && state.number > 1).then(|| Difference::whole(self.properties.state()).to_json());
        Some(NewState { state, difference: whole.unwrap_or(text) })
    }

    /// A whole state is stored when the differences since the last one have together grown as large as it is. Where not
    /// all properties are loaded, the next event looks again.
    fn is_whole_due(&self, last: State, bytes: u64) -> bool {
        self.is_loaded() && last.difference_bytes + bytes >= self.summary.bytes
    }

    /// Whether all there is was loaded, and could be read.
    fn is_loaded(&self) -> bool {
        self.is_readable() && !(0..self.summary.buckets).any(|bucket| self.is_missing(bucket))
    }

    /// The buckets to be stored now.
    pub fn take_changed(&mut self) -> ChangedBuckets {
        if self.is_loaded() {
            self.resize();
        }
        let (changed, is_rewritten) = (std::mem::take(&mut self.changed), std::mem::take(&mut self.is_rewritten));
        let buckets = self.summary.buckets;
        let mut texts: Vec<(u32, Vec<(&Text, &Property)>)> = match is_rewritten {
            true => (0..buckets).map(|bucket| (bucket, Vec::new())).collect(),
            false => changed.into_iter().map(|bucket| (bucket, Vec::new())).collect(),
        };
        for (name, property) in self.properties.iter() {
            let bucket = bucket_of(name, buckets);
            if let Ok(index) = texts.binary_search_by_key(&bucket, |(bucket, _)| *bucket)
                && let Some((_, properties)) = texts.get_mut(index)
            {
                properties.push((name, property));
            }
        }
        let buckets = texts.into_iter().map(|(bucket, all)| (bucket, bucket::to_json(all.into_iter()))).collect();
        ChangedBuckets { is_rewritten, buckets }
    }

    /// Whether there are buckets to be stored.
    pub fn has_changed(&self) -> bool {
        self.is_rewritten || !self.changed.is_empty()
    }

    /// Forgets what is loaded, which must be stored.
    pub fn unload(&mut self) {
        *self = Self::stored(std::mem::take(&mut self.summary));
    }

    /// About how many bytes are loaded.
    pub fn loaded_bytes(&self) -> u64 {
        self.summary.bytes * (self.loaded.len() as u64).max(1) / u64::from(self.summary.buckets.max(1))
    }

    /// More buckets for more bytes, and fewer where they would be nearly empty.
    fn resize(&mut self) {
        let (now, best) = (self.summary.buckets, buckets_for(self.summary.bytes));
        let is_empty = self.properties.iter().next().is_none();
        let next = if is_empty { 0 } else { best };
        if self.is_rewritten || next > now || next < now / 4 || (is_empty && now > 0) {
            self.summary.buckets = next;
            self.is_rewritten = true;
            self.loaded = (0..next).collect();
        }
    }

    fn change_all(&mut self, change: impl FnOnce(&mut Properties) -> bool) -> bool {
        let before = self.properties.state();
        if !change(&mut self.properties) {
            return false;
        }
        self.properties.forget_cleared();
        self.recount();
        for name in self.properties.state().into_keys().filter(|name| !before.contains_key(name)) {
            self.before.entry(name).or_insert(None);
        }
        for (name, value) in before {
            self.before.entry(name).or_insert(Some(value));
        }
        self.is_rewritten = true;
        true
    }

    /// Counts a property that has so many bytes now, and had so many before.
    fn count(&mut self, name: &Text, before: Option<u64>, after: u64) {
        let with = self.summary.bytes + stored_bytes(name, Some(after));
        self.summary.bytes = with.saturating_sub(stored_bytes(name, before));
        if before.is_none() && !is_of_experiment(name) {
            self.summary.names += 1;
        }
    }

    fn recount(&mut self) {
        (self.summary.names, self.summary.bytes) = (0, 0);
        self.summary.cleared = self.properties.cleared().clone();
        let all: Vec<_> = self.properties.iter().map(|(name, property)| (name.clone(), property.bytes())).collect();
        all.iter().for_each(|(name, bytes)| self.count(name, None, *bytes));
    }
}

/// The bytes of a property with its name; none where there is no property.
fn stored_bytes(name: &Text, bytes: Option<u64>) -> u64 {
    bytes.map_or(0, |bytes| name.len() as u64 + PROPERTY_BYTES + bytes)
}
