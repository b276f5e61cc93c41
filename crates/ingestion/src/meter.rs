//! A meter: how many events of each id came in lately, against a limit over a period.
//!
//! Each id has a level that rises with every event and sinks evenly, so that the limit is an average over the period.
//! An id whose level has sunk to nothing is forgotten: memory follows the recent traffic, not the number of ids.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// How many events of one id are taken in a time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many events.
    pub events: u64,
    /// In how many milliseconds.
    pub millis: u64,
}

/// Under so many ids nothing is looked for to be forgotten.
pub(super) const FEW_IDS: usize = 1_024;

/// The levels of all ids under one limit. An event raises a level by `limit.millis`, a millisecond lowers it by
/// `limit.events`: whole numbers, whose greatest, a full day's quota, is 4.3 × 10¹³.
#[derive(Debug)]
pub struct Meter<Id> {
    pub(super) limit: Limit,
    pub(super) levels: HashMap<Id, Level>,
    /// At how many ids those that have sunk to nothing are forgotten.
    forget_at: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    height: u64,
    at: u64,
}

/// An id that would be over the limit.
pub(super) struct Over<Id> {
    pub id: Id,
    pub events: u64,
    pub wait: u64,
}

impl<Id: Clone + Eq + Hash + Ord> Meter<Id> {
    /// Nothing has come in yet.
    pub fn new(limit: Limit) -> Self {
        Self { limit, levels: HashMap::new(), forget_at: FEW_IDS }
    }

    /// How many events of an id are taken now.
    pub fn room(&self, id: &Id, now: u64) -> u64 {
        (self.limit.events * self.limit.millis).saturating_sub(self.height(id, now)) / self.limit.millis
    }

    fn height(&self, id: &Id, now: u64) -> u64 {
        self.levels.get(id).map_or(0, |level| level.sunk(self.limit, now))
    }

    pub(super) fn over(&self, counts: &BTreeMap<Id, u64>, now: u64) -> Vec<Over<Id>> {
        let full = self.limit.events * self.limit.millis;
        let checked = |(id, count): (&Id, &u64)| {
            let (before, more) = (self.height(id, now), count * self.limit.millis);
            let excess = if more > full { before } else { (before + more).saturating_sub(full) };
            let events = (before + more).div_ceil(self.limit.millis);
            (before + more > full).then(|| Over { id: id.clone(), events, wait: excess.div_ceil(self.limit.events) })
        };
        counts.iter().filter_map(checked).collect()
    }

    /// So many events of each id came in.
    pub fn rise(&mut self, counts: &BTreeMap<Id, u64>, now: u64) {
        for (id, count) in counts {
            let height = self.height(id, now) + count * self.limit.millis;
            self.levels.insert(id.clone(), Level { height, at: now });
        }
        if self.levels.len() >= self.forget_at {
            self.forget(now);
        }
    }

    /// Half of what it looks at is new since the last time, so an event pays for two looks.
    fn forget(&mut self, now: u64) {
        self.levels.retain(|_, level| level.sunk(self.limit, now) > 0);
        self.forget_at = FEW_IDS.max(2 * self.levels.len());
        self.levels.shrink_to(self.forget_at);
    }
}

impl Level {
    fn sunk(self, limit: Limit, now: u64) -> u64 {
        self.height.saturating_sub(now.saturating_sub(self.at).saturating_mul(limit.events))
    }
}
