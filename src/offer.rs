//! What becomes of one event that a provider is offered: it is taken, or refused and offered again later.

use crate::exposure::RETRY_MILLIS;
use crate::time::{NEVER, Now};

/// How one event stands with its provider.
#[derive(Debug)]
pub(crate) struct Offer {
    refusals: usize,
    /// When it is offered again; [`NEVER`] while that depends on something else than time.
    retry_at: u64,
    /// The provider has not answered.
    is_open: bool,
}

impl Offer {
    /// Not offered yet. It will be at that time.
    pub(crate) fn at(retry_at: u64) -> Self {
        Self { refusals: 0, retry_at, is_open: false }
    }

    /// The provider is asked.
    pub(crate) fn open(&mut self) {
        self.is_open = true;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// When it is offered again.
    pub(crate) fn next_timeout(&self) -> u64 {
        if self.is_open { NEVER } else { self.retry_at }
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
        self.is_open = false;
        self.retry_at = wait.map_or(NEVER, |wait| now.mono + wait);
        wait.is_some()
    }
}
