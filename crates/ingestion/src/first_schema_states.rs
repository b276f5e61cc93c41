//! The states of a person whose events were stored with all properties, as the first schema did.

use crate::difference::{Difference, Visible};
use crate::person_properties::{NewState, STATE_BYTES, State};

/// What an event adds to its id to number the state that it shows first. Such numbers come before all others of the
/// person, which begin at 1, and are in the order of the events.
const FIRST_NUMBER: i64 = -(1 << 52);

/// The states up to an event, and the properties that it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateHistory {
    last: Option<State>,
    visible: Visible,
}

impl StateHistory {
    /// After a state that is stored.
    pub fn after(last: State, visible: Visible) -> Self {
        Self { last: Some(last), visible }
    }

    /// The number of the state of an event with this id that shows these properties, and the state to be stored where
    /// it is a new one. Events must come in the order of their ids.
    pub fn next(&mut self, event: i64, visible: Visible) -> (Option<i64>, Option<NewState>) {
        if visible == self.visible {
            return (self.last.map(|last| last.number), None);
        }
        let number = FIRST_NUMBER + event;
        let difference = Difference::between(&self.visible, &visible).to_json();
        let whole = Difference::whole(visible.clone()).to_json();
        let bytes = stored_bytes(&difference);
        let state = match self.last {
            Some(last) if last.difference_bytes + bytes < whole.len() as u64 => last.followed_by(number, bytes),
            _ => State::whole(number),
        };
        (self.last, self.visible) = (Some(state), visible);
        (Some(number), Some(NewState { state, difference: if state.base == number { whole } else { difference } }))
    }
}

/// How many bytes it takes to store a difference.
pub fn stored_bytes(difference: &str) -> u64 {
    difference.len() as u64 + STATE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference;
    use experiment_wasm::json::parse;

    #[test]
    fn every_event_finds_its_properties_again_in_little_room() {
        let properties = |event: usize| {
            let all: Vec<_> =
                (0..50).map(|name| format!(r#""name {name}":{}"#, (event / 3).saturating_sub(name))).collect();
            parse(format!("{{{}}}", all.join(",")).as_bytes())
                .unwrap()
                .into_object()
                .unwrap()
                .into_iter()
                .collect::<Visible>()
        };
        let (mut history, mut states, mut shown) = (StateHistory::default(), Vec::new(), Vec::new());
        assert_eq!(history.next(1, Visible::new()), (None, None));
        for event in 2..300_usize {
            let (number, new) = history.next(event as i64, properties(event));
            assert!(number.unwrap() < 0);
            states.extend(new);
            shown.push((event, number.unwrap()));
        }
        assert_eq!(states.len(), 100);
        for (event, number) in shown {
            let base = states.iter().find(|one| one.state.number == number).unwrap().state.base;
            let chain = states.iter().filter(|one| one.state.base == base && one.state.number <= number);
            assert_eq!(difference::state(chain.map(|one| &*one.difference)).unwrap(), properties(event));
        }
    }
}
