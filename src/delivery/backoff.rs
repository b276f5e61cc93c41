//! When an outbox sends: later after each failure, with jitter, and never before the server allows it.

use crate::time::Now;

/// The bounds of the backoff, in milliseconds: doubled each time, with full jitter.
const RETRY_MIN: u64 = 1_000;
pub(super) const RETRY_MAX: u64 = 300_000;

/// The longest wait after failures that time does not mend: an endpoint that refuses, an event that fails alone.
pub(super) const REFUSED_MAX: u64 = 3_600_000;

/// The bounds within which `Retry-After` is respected, in milliseconds.
const RETRY_AFTER_MIN: u64 = 1_000;
const RETRY_AFTER_MAX: u64 = 86_400_000;

/// Within how many milliseconds events are sent when the network is back. All pages notice at once, so they are spread.
const ONLINE_MILLIS: u64 = 1_500;

/// The backoff of an outbox.
pub(super) struct Backoff {
    /// Nothing is sent before, unless the page closes.
    pub(super) send_at: u64,
    /// Nothing is sent before, even then: the server asked for it, or refuses.
    pub(super) blocked_until: u64,
    /// Failures since the last success.
    pub(super) failures: u32,
    random: u64,
}

impl Backoff {
    /// `seed` makes the jitter.
    pub(super) fn new(seed: u64) -> Self {
        Self { send_at: 0, blocked_until: 0, failures: 0, random: seed | 1 }
    }

    /// Backs off after a failed request. Several that fail at once are one failure.
    pub(super) fn failed(&mut self, longest: u64, retry_after: Option<u64>, now: Now) {
        self.failures += u32::from(self.send_at <= now.mono);
        let wait = self.next_wait(self.failures, longest);
        let requested = retry_after.map_or(0, |wait| wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX));
        self.blocked_until = self.blocked_until.max(now.mono + requested);
        self.send_at = self.blocked_until.max(now.mono + wait);
    }

    /// Starts anew: the network is back.
    pub(super) fn online(&mut self, now: Now) {
        self.failures = 0;
        self.send_at = now.mono + self.next_random() % ONLINE_MILLIS;
    }

    /// The wait after so many failures, with jitter.
    pub(super) fn next_wait(&mut self, failures: u32, longest: u64) -> u64 {
        let longest = (RETRY_MIN << failures.saturating_sub(1).min(16)).min(longest);
        longest / 2 + self.next_random() % (longest / 2 + 1)
    }

    /// Xorshift: jitter needs no better.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
