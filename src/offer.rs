//! What becomes of one event that a provider is offered: it is taken, or refused and offered again later.

use crate::exposure::RETRY_MILLIS;
use crate::time::{NEVER, Now};

/// How one event stands with its provider.
#[derive(Debug)]
pub(crate) struct Offer {
    refusals: usize,
    /// When it is offered again; [`NEVER`] while that depends on something else than time.
    retry_at: u64,
    /// It is on offer, and the provider has not answered.
    awaits_answer: bool,
}

impl Offer {
    /// Not offered yet. It will be at that time.
    pub(crate) fn at(retry_at: u64) -> Self {
        Self { refusals: 0, retry_at, awaits_answer: false }
    }

    /// It is on offer from now on.
    pub(crate) fn mark_offered(&mut self) {
        self.awaits_answer = true;
    }

    /// Whether it is on offer.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.awaits_answer
    }

    /// When it is offered again.
    pub(crate) fn next_timeout(&self) -> u64 {
        if self.awaits_answer { NEVER } else { self.retry_at }
    }

    /// Whether it is to be offered again now. It is no longer due then.
    pub(crate) fn take_due(&mut self, now: Now) -> bool {
        let is_due = self.next_timeout() <= now.mono;
        if is_due {
            self.retry_at = NEVER;
        }
        is_due
    }

    /// The provider refused. It is offered again after `wait`, or where that is open after 1, 5 and 25 seconds; `false`: it is
    /// to be given up.
    pub(crate) fn refuse(&mut self, wait: Option<u64>, now: Now) -> bool {
        let wait = wait.or(RETRY_MILLIS.get(self.refusals).copied());
        self.refusals += 1;
        self.awaits_answer = false;
        self.retry_at = wait.map_or(NEVER, |wait| now.mono + wait);
        wait.is_some()
    }
}
