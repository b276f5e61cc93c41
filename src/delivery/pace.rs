//! When an outbox sends: after a failure later each time, with jitter, and never before the server allows it.

use crate::time::Now;

/// The waits between tries, in milliseconds: doubled each time, with full jitter.
const RETRY_MIN: u64 = 1_000;
pub(super) const RETRY_MAX: u64 = 300_000;

/// The longest wait for what does not get better by itself: an endpoint that refuses, an event that fails alone.
pub(super) const REFUSED_MAX: u64 = 3_600_000;

/// The bounds of what a server may ask for with `Retry-After`, in milliseconds.
const RETRY_AFTER_MIN: u64 = 1_000;
const RETRY_AFTER_MAX: u64 = 86_400_000;

/// Within how many milliseconds events leave when the network is back. All pages hear of it at once, so they are spread.
const ONLINE_MILLIS: u64 = 1_500;

/// The pace of an outbox.
pub(super) struct Pace {
    /// Nothing leaves before, unless the page goes.
    pub(super) send_at: u64,
    /// Nothing leaves before, even then: the server asked for it, or refuses.
    pub(super) held_until: u64,
    /// Failures since the last success.
    pub(super) failures: u32,
    random: u64,
}

impl Pace {
    /// `seed` makes the jitter.
    pub(super) fn new(seed: u64) -> Self {
        Self { send_at: 0, held_until: 0, failures: 0, random: seed | 1 }
    }

    /// A request failed. Several that fail at once are one failure.
    pub(super) fn failed(&mut self, longest: u64, retry_after: Option<u64>, now: Now) {
        self.failures += u32::from(self.send_at <= now.mono);
        let wait = self.wait(self.failures, longest);
        let asked = retry_after.map_or(0, |wait| wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX));
        self.held_until = self.held_until.max(now.mono + asked);
        self.send_at = self.held_until.max(now.mono + wait);
    }

    /// The network is back.
    pub(super) fn online(&mut self, now: Now) {
        self.failures = 0;
        self.send_at = now.mono + self.random() % ONLINE_MILLIS;
    }

    /// How long to wait after so many failures.
    pub(super) fn wait(&mut self, failures: u32, longest: u64) -> u64 {
        let longest = (RETRY_MIN << failures.saturating_sub(1).min(16)).min(longest);
        longest / 2 + self.random() % (longest / 2 + 1)
    }

    /// Xorshift: jitter needs no better.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
