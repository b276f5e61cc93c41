//! All properties of one user.

use std::collections::BTreeMap;

use super::change::{Change, Operation};
use super::difference::{Visible, to_object};
use super::lww::LwwTimestamp;
use super::property::Property;
use experiment_wasm::assignment::PREFIX;
use experiment_wasm::json::{Object, Text};

/// A user's properties. The same changes in any order make the same properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    by_name: BTreeMap<Text, Property>,
    /// When all were cleared last: older changes, also of names that are not known yet, come too late.
    cleared: LwwTimestamp,
}

impl Properties {
    /// Makes a change. Says whether it made a difference.
    pub fn change(&mut self, change: &Change, stamp: &LwwTimestamp) -> bool {
        if change.operation == Operation::ClearAll {
            return self.clear(stamp);
        }
        let next = self.after(change, stamp);
        next.is_some_and(|next| {
            self.put(change.name.clone(), next);
            true
        })
    }

    /// The property after a change of one, or `None` when the change does nothing.
    pub(super) fn after(&self, change: &Change, stamp: &LwwTimestamp) -> Option<Property> {
        match self.by_name.get(&change.name) {
            Some(property) => property.after(&change.operation, stamp),
            None => Property::unset(self.since(&change.name)).after(&change.operation, stamp),
        }
    }

    /// Gives a name this property.
    pub(super) fn put(&mut self, name: Text, property: Property) {
        self.by_name.insert(name, property);
    }

    /// From when changes of a name count that was never seen.
    fn since(&self, name: &Text) -> LwwTimestamp {
        if is_of_experiment(name) { LwwTimestamp::default() } else { self.cleared.clone() }
    }

    fn clear(&mut self, stamp: &LwwTimestamp) -> bool {
        if *stamp <= self.cleared {
            return false;
        }
        self.cleared = stamp.clone();
        for (name, property) in &mut self.by_name {
            if !is_of_experiment(name)
                && let Some(next) = property.after(&Operation::ClearAll, stamp)
            {
                *property = next;
            }
        }
        true
    }

    /// Takes in what turned out to be the same user's.
    pub fn merge(&mut self, other: Self) {
        for (name, theirs) in other.by_name {
            let merged = match self.by_name.remove(&name) {
                Some(mine) => mine.merged(theirs),
                None => theirs,
            };
            self.by_name.insert(name, merged);
        }
        let last = std::mem::take(&mut self.cleared).max(other.cleared);
        self.clear(&last);
    }

    /// What there is under a name, unset or not.
    pub fn get(&self, name: &[u8]) -> Option<&Property> {
        self.by_name.get(name)
    }

    /// The properties as an event or an answer shows them: names and values, nothing of what was unset.
    pub fn visible(&self) -> Object {
        to_object(self.state())
    }

    /// The same as a state.
    pub fn state(&self) -> Visible {
        self.by_name.iter().filter_map(|(name, property)| Some((name.clone(), property.value()?))).collect()
    }

    /// All names, unset or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, &Property)> {
        self.by_name.iter()
    }

    /// When all were cleared last.
    pub fn cleared(&self) -> &LwwTimestamp {
        &self.cleared
    }

    /// Stored properties that were cleared at this time.
    pub(super) fn cleared_at(cleared: LwwTimestamp) -> Self {
        Self { by_name: BTreeMap::new(), cleared }
    }

    /// Adds stored properties.
    pub(super) fn load(&mut self, stored: impl IntoIterator<Item = (Text, Property)>) {
        self.by_name.extend(stored);
    }

    /// Forgets what is as if it was never there: a name that was cleared with all others and never changed since.
    pub(super) fn forget_cleared(&mut self) {
        let cleared = Property::unset(self.cleared.clone());
        self.by_name.retain(|name, property| is_of_experiment(name) || *property != cleared);
    }
}

/// Whether a name is of an experiment: only exposures change those.
pub(super) fn is_of_experiment(name: &Text) -> bool {
    name.starts_with(PREFIX.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change;
    use experiment_wasm::json::parse;

    fn stamp(time: u64) -> LwwTimestamp {
        LwwTimestamp { time, index: 0, insert_id: time.to_string().as_str().into() }
    }

    /// Changes at 1, 2, 3 …
    fn changed(changes: &[&str], order: impl IntoIterator<Item = usize>) -> Properties {
        let mut properties = Properties::default();
        for index in order {
            let sent = parse(changes[index].as_bytes()).unwrap().into_object().unwrap();
            for change in change::read(sent).unwrap() {
                properties.change(&change, &stamp(index as u64 + 1));
            }
        }
        properties
    }

    #[test]
    fn clearing_comes_late_or_early_and_spares_experiments() {
        let all = [r#"{"old":1,"[Experiment] f":"on"}"#, r#"{"$clearAll":"-"}"#, r#"{"new":1}"#];
        for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1]] {
            assert_eq!(changed(&all, order).visible().to_json(), r#"{"[Experiment] f":"on","new":1}"#, "{order:?}");
        }
    }

    #[test]
    fn two_histories_of_one_user_become_one() {
        let all = [
            r#"{"n":1,"m":1}"#,
            r#"{"$add":{"n":1}}"#,
            r#"{"$add":{"n":5,"m":5}}"#,
            r#"{"$clearAll":"-"}"#,
            r#"{"m":7}"#,
        ];
        for split in 0..32_usize {
            let (mine, theirs) = (0..5).partition::<Vec<_>, _>(|index| split & (1 << index) != 0);
            let mut merged = changed(&all[..3], mine.iter().copied().filter(|index| *index < 3));
            merged.merge(changed(&all[..3], theirs.iter().copied().filter(|index| *index < 3)));
            assert_eq!(merged.visible().to_json(), r#"{"m":6,"n":7}"#, "{split}");
            let mut merged = changed(&all, mine);
            merged.merge(changed(&all, theirs));
            assert_eq!(merged.visible().to_json(), r#"{"m":7}"#, "{split}");
        }
    }

    #[test]
    fn a_history_does_not_grow_without_end() {
        let bytes = |changes: &[&str]| {
            let properties = changed(changes, 0..changes.len());
            properties.iter().map(|(_, property)| property.bytes()).sum::<u64>()
        };
        let all = vec![r#"{"$add":{"n":1}}"#; 1_000];
        assert_eq!(changed(&all, 0..1_000).visible().to_json(), r#"{"n":1000}"#);
        assert!(bytes(&all) < 1_000);
        assert!(bytes(&vec![r#"{"$setOnce":{"initial_referrer":"EMPTY"}}"#; 1_000]) < 200);
    }
}
