//! Names of experiment properties that an admin freed: who has such a property gets it unset, by the rules of any change.

use std::collections::{BTreeMap, BTreeSet};

use experiment_wasm::json::Text;

use crate::change::{self, Change, Operation};
use crate::limits::UserLimits;
use crate::lww::LwwTimestamp;
use crate::person_properties::PersonProperties;

/// Unsetting has no limit.
const NO_LIMITS: UserLimits = UserLimits { names: u64::MAX, bytes: u64::MAX, text: usize::MAX };

/// After every event that was sent in the same millisecond: it was told by somebody who had the name before.
const LAST_INDEX: u64 = u32::MAX as u64;

/// Names, and when each was freed.
pub struct FreedNames(BTreeMap<Text, u64>);

impl FreedNames {
    /// These names with their times in milliseconds.
    pub fn new(names: impl IntoIterator<Item = (Text, u64)>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The buckets that must be loaded before the names are unset. Asked a second time, it knows who has them and may want
    /// more.
    pub fn missing(&self, properties: &PersonProperties) -> BTreeSet<u32> {
        let missing = properties.missing(self.0.keys());
        let changes: Vec<_> = self.found_in(properties).map(|(name, _)| unset(name)).collect();
        match !changes.is_empty() && properties.needs_all_for(change::bytes(&changes)) {
            true => properties.all_missing(),
            false => missing,
        }
    }

    /// Unsets what a person has of them. Says whether there was any.
    pub(crate) fn unset(&self, properties: &mut PersonProperties) -> bool {
        let found: Vec<_> = self.found_in(properties).map(|(name, time)| (unset(name), time)).collect();
        found.iter().fold(false, |is_changed, (change, time)| {
            let timestamp = LwwTimestamp { time: *time, index: LAST_INDEX, insert_id: Text::default() };
            properties.change(change, &timestamp, NO_LIMITS).unwrap_or_default() || is_changed
        })
    }

    fn found_in<'a>(&self, properties: &'a PersonProperties) -> impl Iterator<Item = (&'a Text, u64)> {
        properties.of_experiments().filter_map(|name| Some((name, *self.0.get(name)?)))
    }
}

fn unset(name: &Text) -> Change {
    Change { name: name.clone(), operation: Operation::Unset }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(properties: &mut PersonProperties, name: &str, time: u64) {
        let change = Change { name: name.into(), operation: Operation::Set("on".into()) };
        let timestamp = LwwTimestamp { time, index: 7, insert_id: "any".into() };
        properties.change(&change, &timestamp, NO_LIMITS).unwrap();
    }

    #[test]
    fn what_was_set_before_is_unset_and_what_is_set_later_stays() {
        let mut properties = PersonProperties::default();
        set(&mut properties, "[Experiment] freed", 10);
        set(&mut properties, "[Experiment] taken again", 11);
        set(&mut properties, "[Experiment] other", 1);
        let freed = ["[Experiment] freed", "[Experiment] taken again", "[Experiment] nobody's"];
        let freed = FreedNames::new(freed.map(|name| (name.into(), 10)));
        assert!(freed.unset(&mut properties));
        let left: Vec<_> = properties.of_experiments().collect();
        assert_eq!(left, ["[Experiment] other", "[Experiment] taken again"]);
        assert!(!freed.unset(&mut properties));
        set(&mut properties, "[Experiment] freed", 9);
        assert_eq!(properties.of_experiments().count(), 2);
        set(&mut properties, "[Experiment] freed", 11);
        assert_eq!(properties.of_experiments().count(), 3);
    }
}
