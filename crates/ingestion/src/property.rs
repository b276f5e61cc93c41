//! One user property: its value does not depend on the order in which changes arrive, only on their [`LwwTimestamp`]s.
//!
//! Setting and unsetting forgets what was before. The other operators build on what is there, so a few of them are
//! remembered: an older change that comes late is put in order among them.

use super::change::Operation;
use super::difference::json_bytes;
use super::lww::LwwTimestamp;
use experiment_wasm::json::Value;

/// How many operations are remembered after the last value that was set or unset. Older ones become part of it.
const MOST_LATER: usize = 16;

/// What a user has under one name, or had: that it was unset must be remembered to refuse older changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    /// The value that was set last; none where it was unset or never set.
    base: Option<Value>,
    /// From when that counts.
    since: LwwTimestamp,
    /// What was done to it since, in the order of the stamps.
    later: Vec<(LwwTimestamp, Operation)>,
}

impl Property {
    /// Without a value from a moment on.
    pub fn unset(since: LwwTimestamp) -> Self {
        Self { base: None, since, later: Vec::new() }
    }

    /// What was stored: the value that was set last, from when it counts, and what was done to it since.
    pub(super) fn new(base: Option<Value>, since: LwwTimestamp, later: Vec<(LwwTimestamp, Operation)>) -> Self {
        Self { base, since, later }
    }

    /// The value that was set last.
    pub(super) fn base(&self) -> Option<&Value> {
        self.base.as_ref()
    }

    /// From when that counts.
    pub(super) fn since(&self) -> &LwwTimestamp {
        &self.since
    }

    /// What was done to it since.
    pub(super) fn later(&self) -> impl Iterator<Item = &(LwwTimestamp, Operation)> {
        self.later.iter()
    }

    /// About how many bytes it takes to store it.
    pub(super) fn bytes(&self) -> u64 {
        let later = self.later.iter().filter_map(|(_, operation)| operation.named());
        let later: u64 = later.map(|(operator, argument)| operator.len() as u64 + json_bytes(&argument) + 8).sum();
        self.base.as_ref().map_or(0, json_bytes) + later
    }

    /// The value of now.
    pub fn value(&self) -> Option<Value> {
        self.value_before(self.later.len())
    }

    fn value_before(&self, index: usize) -> Option<Value> {
        self.later.iter().take(index).fold(self.base.clone(), |value, (_, operation)| operation.on(value))
    }

    /// The property after a change, or `None` when the change does nothing.
    pub fn after(&self, operation: &Operation, stamp: &LwwTimestamp) -> Option<Self> {
        if *stamp < self.since {
            return None;
        }
        match operation {
            Operation::Set(_) | Operation::Unset | Operation::ClearAll => {
                let later = self.later.iter().filter(|(at, _)| at > stamp).cloned().collect();
                Some(Self { base: operation.on(None), since: stamp.clone(), later })
            }
            relative => self.with(relative, stamp),
        }
    }

    /// What is set once where there is a value is not remembered: pages send the same few of them all the time. So it is
    /// lost if a later change unsets that value and comes in late.
    fn with(&self, operation: &Operation, stamp: &LwwTimestamp) -> Option<Self> {
        let index = self.later.partition_point(|(at, _)| at <= stamp);
        if matches!(operation, Operation::SetOnce(_)) && self.value_before(index).is_some() {
            return None;
        }
        let mut next = self.clone();
        next.later.insert(index, (stamp.clone(), operation.clone()));
        next.fold();
        Some(next)
    }

    fn fold(&mut self) {
        let surplus = self.later.len().saturating_sub(MOST_LATER);
        for (stamp, operation) in self.later.drain(..surplus) {
            self.base = operation.on(self.base.take());
            self.since = stamp;
        }
    }

    /// The property of one person who was two: what both did, in the order of the stamps.
    pub fn merged(mut self, mut other: Self) -> Self {
        if other.since > self.since {
            std::mem::swap(&mut self, &mut other);
        }
        self.later.extend(other.later.into_iter().filter(|(at, _)| *at > self.since));
        self.later.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.fold();
        self
    }
}
