//! How long a project keeps its events.

use experiment_wasm::time::DAY_MILLIS;

/// The fewest days: a month that events are deleted of is over by then, whenever they were received in it.
const FEWEST_DAYS: u64 = 31;

/// The most days: a hundred years.
const MOST_DAYS: u64 = 36_500;

const HOUR_MILLIS: u64 = 60 * 60 * 1_000;

/// How long a project keeps its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    millis: u64,
}

impl Retention {
    /// So many days, from 31 to 36,500.
    pub fn of_days(days: u64) -> Option<Self> {
        (FEWEST_DAYS..=MOST_DAYS).contains(&days).then(|| Self { millis: days * DAY_MILLIS })
    }

    /// How many days that are.
    pub fn days(self) -> u64 {
        self.millis / DAY_MILLIS
    }

    /// Whether an event that happened at this time is too old to be stored. It may have been stored and deleted before, and
    /// would count twice.
    pub fn is_expired(self, time: u64, now: u64) -> bool {
        time < now.saturating_sub(self.millis)
    }

    /// Events that were received before this time are deleted: an hour after no equal one is stored any more, since clocks
    /// of replicas differ.
    pub fn deleted_before(self, now: u64) -> u64 {
        now.saturating_sub(self.millis + HOUR_MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Month;

    #[test]
    fn what_is_deleted_is_not_stored_again() {
        let (kept, now) = (Retention::of_days(31).unwrap(), 1_795_824_708_133);
        let deleted = kept.deleted_before(now);
        assert!(kept.is_expired(deleted, now) && kept.is_expired(deleted, now - HOUR_MILLIS + 1));
        assert!(!kept.is_expired(now - 31 * DAY_MILLIS, now));
        assert_eq!([0, 30, 36_501, u64::MAX].map(Retention::of_days), [None; 4]);
    }

    #[test]
    fn a_month_of_which_events_are_deleted_is_over() {
        let kept = Retention::of_days(FEWEST_DAYS).unwrap();
        for now in (100..2_000).map(|n| n * DAY_MILLIS) {
            assert!(Month::of(kept.deleted_before(now)).millis().end <= now);
        }
    }
}
