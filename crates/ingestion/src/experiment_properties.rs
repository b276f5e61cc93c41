//! The names of a project's experiment properties: which more it may have.
//!
//! Whoever has the public key can tell exposures of flags that do not exist. So flags that the project has come first,
//! and names that are no flag's share the room that these leave.

use std::collections::HashSet;

use experiment_wasm::assignment::PREFIX;
use experiment_wasm::json::Text;

use crate::limits::EXPERIMENT_PROPERTIES;

/// From when on there is a warning, in percent.
const NEARLY_FULL: u64 = 90;

/// The experiment properties of a project, as far as a batch of events is about them.
#[derive(Default)]
pub struct ExperimentProperties {
    /// Those of the batch that the project has.
    pub known: HashSet<Text>,
    /// Those of the batch's others that are of a flag of the project.
    pub of_flags: HashSet<Text>,
    /// How many the project has, where the batch has others.
    pub counts: NameCounts,
    /// Those that the batch adds.
    pub new: Vec<Text>,
}

/// How many names a project has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameCounts {
    /// All.
    pub taken: u64,
    /// Of flags that the project has.
    pub of_flags: u64,
    /// How many flags the project has; as many as there may be properties stand for more.
    pub flags: u64,
}

impl ExperimentProperties {
    /// Adds a property, unless the project has it. `false`: the project has as many as it may have.
    pub(crate) fn add(&mut self, name: &Text) -> bool {
        if self.known.contains(name) {
            return true;
        }
        if !self.counts.take(self.of_flags.contains(name)) {
            return false;
        }
        self.known.insert(name.clone());
        self.new.push(name.clone());
        true
    }
}

impl NameCounts {
    /// How many names can be added that are no flag's.
    pub fn left_for_others(&self) -> u64 {
        self.room_of_others().saturating_sub(self.others())
    }

    /// Whether there is little room left, for names of flags or for others.
    pub fn are_nearly_full(&self) -> bool {
        let is_near = |taken: u64, room: u64| taken * 100 >= room * NEARLY_FULL;
        let room = self.room_of_others();
        is_near(self.taken, EXPERIMENT_PROPERTIES) || (room > 0 && is_near(self.others(), room))
    }

    fn room_of_others(&self) -> u64 {
        EXPERIMENT_PROPERTIES.saturating_sub(self.flags.max(self.of_flags))
    }

    fn others(&self) -> u64 {
        self.taken.saturating_sub(self.of_flags)
    }

    /// Takes one more, if there is room.
    fn take(&mut self, is_of_flag: bool) -> bool {
        let has_room = match is_of_flag {
            true => self.of_flags < EXPERIMENT_PROPERTIES,
            false => self.left_for_others() > 0,
        };
        self.taken += u64::from(has_room);
        self.of_flags += u64::from(has_room && is_of_flag);
        has_room
    }
}

/// The key of the flag that an experiment property would be of.
pub fn flag_key(name: &Text) -> Text {
    name.get(PREFIX.len()..).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(mut counts: NameCounts, is_of_flag: bool) -> u64 {
        (0..).take_while(|_| counts.take(is_of_flag)).count() as u64
    }

    #[test]
    fn flags_have_their_room_and_other_names_share_the_rest() {
        let none = NameCounts::default();
        assert_eq!(taken(none, false), 1_500);
        let ten = NameCounts { flags: 10, ..none };
        assert_eq!((taken(ten, false), taken(ten, true)), (1_490, 1_500));
        let full = NameCounts { taken: 1_493, of_flags: 3, flags: 10 };
        assert_eq!((taken(full, false), taken(full, true)), (0, 1_497));
        let many = NameCounts { flags: 1_500, ..none };
        assert_eq!((taken(many, false), taken(many, true)), (0, 1_500));
    }

    #[test]
    fn flags_that_are_made_when_others_have_taken_everything_are_set_all_the_same() {
        let late = NameCounts { taken: 1_500, of_flags: 0, flags: 2 };
        assert_eq!((taken(late, false), late.left_for_others()), (0, 0));
        assert_eq!(taken(late, true), 1_500);
    }

    #[test]
    fn a_warning_comes_before_either_room_is_full() {
        let near = |taken, of_flags, flags| NameCounts { taken, of_flags, flags }.are_nearly_full();
        assert!(!near(1_349, 0, 0) && near(1_350, 0, 0));
        assert!(!near(89, 0, 1_400) && near(90, 0, 1_400));
        assert!(!near(0, 0, 1_500) && !near(1_349, 1_349, 1_500) && near(1_350, 1_350, 1_500));
    }

    #[test]
    fn a_name_has_its_flag() {
        assert_eq!(flag_key(&"[Experiment] button".into()), "button");
        assert_eq!(flag_key(&"[Experiment] ".into()), "");
    }
}
