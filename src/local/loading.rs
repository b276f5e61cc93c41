//! When flags are requested: on demand, again after a failure that may pass, and at each interval. One request at a time.

use crate::effect::{FetchId, RequestId};
use crate::error::Error;
use crate::time::{NEVER, Now};

/// How long a response may take, in milliseconds: the default of the browser's client.
pub(super) const TIMEOUT_MILLIS: u64 = 10_000;

/// The waits before a failed request is retried, in milliseconds; its promise stays open. After the last the load has failed.
const RETRY_MILLIS: [u64; 2] = [500, 1_500];

/// The longest `Retry-After` that is respected, in milliseconds.
const RETRY_AFTER_MAX: u64 = 3_600_000;

/// The state of loading.
#[derive(Debug)]
pub(super) struct Loading {
    /// The request in flight, and its deadline.
    request: Option<(RequestId, u64)>,
    next_id: u32,
    /// The calls that wait for its result.
    calls: Vec<FetchId>,
    next_call: u32,
    /// When the next request is due.
    due: u64,
    interval: Option<u64>,
    failures: usize,
}

impl Default for Loading {
    fn default() -> Self {
        Self { request: None, next_id: 0, calls: Vec::new(), next_call: 0, due: NEVER, interval: None, failures: 0 }
    }
}

impl Loading {
    pub(super) fn start_polling(&mut self, millis: u64) {
        self.interval = Some(millis);
    }

    /// Stops polling. A retry that a promise waits for is still made.
    pub(super) fn stop_polling(&mut self) {
        self.interval = None;
        if self.failures == 0 {
            self.due = NEVER;
        }
    }

    /// Adds a call that waits for the result.
    pub(super) fn await_result(&mut self) -> FetchId {
        let call = FetchId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        self.calls.push(call);
        call
    }

    /// Takes out the calls that wait.
    pub(super) fn take_calls(&mut self) -> impl Iterator<Item = FetchId> + use<> {
        std::mem::take(&mut self.calls).into_iter()
    }

    /// Begins a request, unless one is in flight.
    pub(super) fn begin(&mut self, now: Now) -> Option<RequestId> {
        if self.request.is_some() {
            return None;
        }
        let id = RequestId(self.next_id);
        self.next_id += 1;
        self.due = NEVER;
        self.request = Some((id, now.mono + TIMEOUT_MILLIS));
        Some(id)
    }

    /// Begins the request that is due.
    pub(super) fn begin_due(&mut self, now: Now) -> Option<RequestId> {
        if self.due <= now.mono { self.begin(now) } else { None }
    }

    /// Ends the request in flight, if it is this one.
    pub(super) fn end(&mut self, id: RequestId) -> bool {
        self.request.take_if(|(own, _)| *own == id).is_some()
    }

    /// Ends the request that took too long.
    pub(super) fn end_overdue(&mut self, now: Now) -> Option<RequestId> {
        self.request.take_if(|(_, deadline)| *deadline <= now.mono).map(|(id, _)| id)
    }

    /// Schedules the next request. Returns the result of the load, unless it is retried. A server that sent `Retry-After` gets
    /// no retry before the next poll.
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
        let requested = retry_after.map_or(0, |wait| wait.min(RETRY_AFTER_MAX));
        self.due = self.interval.map_or(NEVER, |interval| now.mono + interval.max(requested));
        Some(result)
    }

    pub(super) fn next_timeout(&self) -> u64 {
        self.request.map_or(self.due, |(_, deadline)| deadline)
    }
}
