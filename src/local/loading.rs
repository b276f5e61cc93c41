//! When flags are asked for: on demand, again after a failure that may pass, and at each interval. One request at a time.

use crate::effect::{FetchId, RequestId};
use crate::error::Error;
use crate::time::{NEVER, Now};

/// How long an answer may take, in milliseconds: the default of the browser's client.
pub(super) const TIMEOUT_MILLIS: u64 = 10_000;

/// The waits before a failed request is tried again, in milliseconds; whoever waits for the flags waits on. Then it failed.
const RETRY_MILLIS: [u64; 2] = [500, 1_500];

/// How long a server may make the next request wait, in milliseconds.
const RETRY_AFTER_MAX: u64 = 3_600_000;

/// The state of loading.
#[derive(Debug)]
pub(super) struct Loading {
    /// The request under way, and when it is given up.
    request: Option<(RequestId, u64)>,
    next: u32,
    /// Those that wait for it.
    calls: Vec<FetchId>,
    next_call: u32,
    /// When the next request is due.
    due: u64,
    interval: Option<u64>,
    failures: usize,
}

impl Default for Loading {
    fn default() -> Self {
        Self { request: None, next: 0, calls: Vec::new(), next_call: 0, due: NEVER, interval: None, failures: 0 }
    }
}

impl Loading {
    pub(super) fn poll_every(&mut self, millis: u64) {
        self.interval = Some(millis);
    }

    /// A try that somebody waits for is still made.
    pub(super) fn poll_no_more(&mut self) {
        self.interval = None;
        if self.failures == 0 {
            self.due = NEVER;
        }
    }

    /// One more call waits.
    pub(super) fn wait(&mut self) -> FetchId {
        let call = FetchId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        self.calls.push(call);
        call
    }

    /// Those that waited. They no longer do.
    pub(super) fn settled(&mut self) -> impl Iterator<Item = FetchId> + use<> {
        std::mem::take(&mut self.calls).into_iter()
    }

    /// The request to send now, unless one is under way.
    pub(super) fn begin(&mut self, now: Now) -> Option<RequestId> {
        if self.request.is_some() {
            return None;
        }
        let id = RequestId(self.next);
        self.next += 1;
        self.due = NEVER;
        self.request = Some((id, now.mono + TIMEOUT_MILLIS));
        Some(id)
    }

    /// The request to send now because it is time.
    pub(super) fn due(&mut self, now: Now) -> Option<RequestId> {
        if self.due <= now.mono { self.begin(now) } else { None }
    }

    /// Whether this is the request under way. It no longer is.
    pub(super) fn ends(&mut self, id: RequestId) -> bool {
        self.request.take_if(|(own, _)| *own == id).is_some()
    }

    /// The request that took too long.
    pub(super) fn expired(&mut self, now: Now) -> Option<RequestId> {
        self.request.take_if(|(_, deadline)| *deadline <= now.mono).map(|(id, _)| id)
    }

    /// What to tell those who wait, if they need not wait for another try. A server that asks to be left alone is.
    pub(super) fn settle(
        &mut self,
        result: Result<(), Error>,
        retry_after: Option<u64>,
        now: Now,
    ) -> Option<Result<(), Error>> {
        let again = RETRY_MILLIS.get(self.failures).filter(|_| retry_after.is_none());
        if let Some(wait) = again.filter(|_| result.is_err_and(Error::is_retryable)) {
            self.failures += 1;
            self.due = now.mono + wait;
            return None;
        }
        self.failures = 0;
        let asked = retry_after.map_or(0, |wait| wait.min(RETRY_AFTER_MAX));
        self.due = self.interval.map_or(NEVER, |interval| now.mono + interval.max(asked));
        Some(result)
    }

    pub(super) fn next_timeout(&self) -> u64 {
        self.request.map_or(self.due, |(_, deadline)| deadline)
    }
}
