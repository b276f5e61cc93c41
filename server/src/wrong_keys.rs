//! Slower answers to wrong admin keys, once there were many. Who has the right key is never slowed, and nobody is locked
//! out: only the refusal waits. Kept in one number for the whole server, whoever asks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many wrong keys cost nothing: more than a person or a program with an old key sends before somebody looks.
const FREE: u64 = 200;

/// How much longer each further refusal takes, in milliseconds.
const STEP_MILLIS: u64 = 5;

/// The longest that a refusal takes, in milliseconds. Guesses of one connection after another are one a second then.
const LONGEST_MILLIS: u64 = 1_000;

/// How soon one wrong key is forgotten, in milliseconds.
const FORGOTTEN_MILLIS: u64 = 1_000;

/// The wrong keys that are not forgotten yet.
#[derive(Default)]
pub struct WrongKeys(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    count: u64,
    /// Until when they are forgotten that the count is without.
    since: u64,
}

impl WrongKeys {
    /// One more, at this time: how long its refusal waits, and whether it is the first that does.
    pub fn came(&self, now: u64) -> (Duration, bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let forgotten = now.saturating_sub(known.since) / FORGOTTEN_MILLIS;
        known.since += forgotten * FORGOTTEN_MILLIS;
        known.count = known.count.saturating_sub(forgotten);
        if known.count == 0 {
            known.since = now;
        }
        // More need not be remembered than what waits longest.
        known.count = (known.count + 1).min(FREE + LONGEST_MILLIS / STEP_MILLIS);
        let wait = known.count.saturating_sub(FREE) * STEP_MILLIS;
        (Duration::from_millis(wait), known.count == FREE + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the last of so many wrong keys waits, in milliseconds.
    fn wait(keys: &WrongKeys, count: usize, now: u64) -> u128 {
        (0..count).map(|_| keys.came(now).0.as_millis()).last().unwrap()
    }

    #[test]
    fn refusals_are_slower_after_many_wrong_keys_and_never_slower_than_a_second() {
        let keys = WrongKeys::default();
        assert_eq!(wait(&keys, 200, 7), 0);
        assert_eq!(keys.came(7), (Duration::from_millis(5), true));
        assert_eq!(keys.came(7), (Duration::from_millis(10), false));
        assert_eq!(wait(&keys, 100_000, 7), 1_000);
    }

    #[test]
    fn wrong_keys_are_forgotten() {
        let keys = WrongKeys::default();
        wait(&keys, 100_000, 0);
        // 400 of them, in 100 seconds 300, in 400 none.
        assert_eq!(wait(&keys, 1, 100_000), 505);
        assert_eq!(wait(&keys, 1, 500_000), 0);
        // One a second is forgotten as soon as it comes.
        assert!((501..2_000).all(|second| keys.came(second * 1_000).0.is_zero()));
    }
}
