//! Requests in flight with their promises, and failed fetches that wait for a retry. A retry has no promise: the promise was
//! settled by the failure.
//!
//! A request belongs to the identity it was sent for. When the identity changes, its requests are aborted, its retries are
//! dropped, and promises that wait for them resolve. A request that waits for the plugin belongs to nobody yet.

use crate::api::{FetchOptions, Request};
use crate::effect::{Effect, FetchId, RequestId};
use crate::error::Error;
use crate::json::Text;
use crate::time::{NEVER, Now};
use crate::user::Identity;

/// How often a failed fetch is retried, and the bounds of the backoff in milliseconds: the reference's numbers.
const RETRIES: u32 = 8;
const RETRY_MIN: u64 = 500;
const RETRY_MAX: u64 = 10_000;

/// The longest `Retry-After` that is respected, in milliseconds. The visitor is long gone after that.
const RETRY_AFTER_MAX: u64 = 3_600_000;

/// What is requested.
#[derive(Clone, Debug)]
pub(super) enum RequestKind {
    Flags,
    /// `identity`: whom it was sent for. Until it is sent it says nothing: `Client::send_now` sets it.
    Variants {
        identity: Identity,
        options: FetchOptions,
        attempt: u32,
    },
}

impl RequestKind {
    /// Whether its failure is only logged for debugging: polled flags and retries come without a call of the page.
    pub(super) fn is_background(&self) -> bool {
        !matches!(self, Self::Variants { attempt: 0, .. })
    }

    /// The log message of its failure.
    pub(super) fn failure_message(&self) -> &'static str {
        match self {
            Self::Flags => "flags could not be loaded",
            Self::Variants { .. } => "variants could not be fetched",
        }
    }

    fn is_retry(&self) -> bool {
        matches!(self, Self::Variants { attempt, .. } if *attempt > 0)
    }

    fn is_of_another(&self, current: &Identity) -> bool {
        matches!(self, Self::Variants { identity, .. } if !identity.is_same(current))
    }

    /// Whether a new fetch of `keys` (`None`: of all flags) replaces this request.
    fn is_superseded_by(&self, keys: Option<&[Text]>) -> bool {
        match self {
            Self::Flags => false,
            Self::Variants { options, .. } => keys.is_none() || options.flag_keys.as_deref() == keys,
        }
    }
}

/// A request that is not done.
struct PendingRequest {
    kind: RequestKind,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not sent until the integration plugin is ready.
    AwaitsPlugin(RequestId),
    /// Sent, and given up at this time.
    Sent(RequestId, u64),
    /// Failed, and sent again at this time.
    Retry(u64),
}

impl State {
    fn id(self) -> Option<RequestId> {
        match self {
            Self::AwaitsPlugin(id) | Self::Sent(id, _) => Some(id),
            Self::Retry(_) => None,
        }
    }

    fn due(self) -> u64 {
        match self {
            Self::AwaitsPlugin(_) => NEVER,
            Self::Sent(_, time) | Self::Retry(time) => time,
        }
    }
}

/// A promise of `start` or `fetch`, and the requests it waits for.
struct PendingFetch {
    id: FetchId,
    requests: Vec<RequestId>,
    failed: Option<Error>,
}

/// The pending requests and promises of a client.
#[derive(Default)]
pub(super) struct InFlight {
    next_id: u32,
    requests: Vec<PendingRequest>,
    fetches: Vec<PendingFetch>,
}

impl InFlight {
    /// Allocates the id of a request.
    pub(super) fn allocate_id(&mut self) -> RequestId {
        let id = RequestId(self.next_id);
        self.next_id += 1;
        id
    }

    /// Sends a request that must be answered within `request.timeout_millis`, if that is not 0.
    pub(super) fn send(&mut self, id: RequestId, kind: RequestKind, request: Request, now: Now, out: &mut Vec<Effect>) {
        let deadline = if request.timeout_millis > 0 { now.mono + request.timeout_millis } else { NEVER };
        self.requests.push(PendingRequest { kind, state: State::Sent(id, deadline) });
        out.push(Effect::Send(id, Box::new(request)));
    }

    /// Holds a request back until the plugin is ready. It is sent for the identity that is current then.
    pub(super) fn hold(&mut self, id: RequestId, kind: RequestKind) {
        self.requests.push(PendingRequest { kind, state: State::AwaitsPlugin(id) });
    }

    /// Takes out a request that was held back.
    pub(super) fn take_held(&mut self) -> Option<(RequestId, RequestKind)> {
        let request = self.take_where(&|request| matches!(request.state, State::AwaitsPlugin(_)))?;
        Some((request.state.id()?, request.kind))
    }

    /// Settles the promise `id` when all of `requests` are done.
    pub(super) fn settle_after(&mut self, id: FetchId, requests: Vec<RequestId>) {
        self.fetches.push(PendingFetch { id, requests, failed: None });
    }

    /// Takes out the request that was answered; `None` if it was aborted.
    pub(super) fn take(&mut self, id: RequestId) -> Option<RequestKind> {
        self.take_where(&|request| request.state.id() == Some(id)).map(|request| request.kind)
    }

    /// Settles the promise that waits for this request, unless it waits for others too.
    pub(super) fn finish(&mut self, id: RequestId, failed: Option<Error>, throws: bool, out: &mut Vec<Effect>) {
        let Some(index) = self.fetches.iter().position(|fetch| fetch.requests.contains(&id)) else { return };
        let Some(fetch) = self.fetches.get_mut(index) else { return };
        fetch.requests.retain(|request| *request != id);
        fetch.failed = fetch.failed.or(failed);
        if fetch.requests.is_empty() {
            let error = fetch.failed.filter(|_| throws);
            out.push(Effect::Settle(fetch.id, error.map_or(Ok(()), Err)));
            self.fetches.swap_remove(index);
        }
    }

    /// Schedules the retry of a failed fetch, unless it was the last.
    pub(super) fn retry(&mut self, mut kind: RequestKind, retry_after: Option<u64>, now: Now) {
        if let RequestKind::Variants { attempt, .. } = &mut kind
            && *attempt < RETRIES
        {
            let wait = backoff(*attempt).max(retry_after.unwrap_or(0).min(RETRY_AFTER_MAX));
            *attempt += 1;
            self.requests.push(PendingRequest { kind, state: State::Retry(now.mono + wait) });
        }
    }

    /// Takes out a request that is due: with its id one that timed out, which is aborted; without one a retry.
    pub(super) fn take_due(&mut self, now: Now, out: &mut Vec<Effect>) -> Option<(Option<RequestId>, RequestKind)> {
        let request = self.take_where(&|request| request.state.due() <= now.mono)?;
        let id = request.state.id();
        out.extend(id.map(Effect::Abort));
        Some((id, request.kind))
    }

    /// Drops the retries that a new fetch of `keys` replaces.
    pub(super) fn supersede(&mut self, keys: Option<&[Text]>, out: &mut Vec<Effect>) {
        self.abort_where(&|request| request.kind.is_retry() && request.kind.is_superseded_by(keys), None, false, out);
    }

    /// The identity changed: drops the requests of the previous one.
    pub(super) fn identity_changed(&mut self, identity: &Identity, out: &mut Vec<Effect>) {
        let is_held = |request: &PendingRequest| matches!(request.state, State::AwaitsPlugin(_));
        self.abort_where(&|request| !is_held(request) && request.kind.is_of_another(identity), None, false, out);
    }

    /// Aborts everything; promises are settled with `error`.
    pub(super) fn close(&mut self, error: Error, throws: bool, out: &mut Vec<Effect>) {
        self.abort_where(&|_| true, Some(error), throws, out);
    }

    /// When the next request is due.
    pub(super) fn next_timeout(&self) -> u64 {
        self.requests.iter().map(|request| request.state.due()).fold(NEVER, u64::min)
    }

    fn abort_where(
        &mut self,
        which: &dyn Fn(&PendingRequest) -> bool,
        error: Option<Error>,
        throws: bool,
        out: &mut Vec<Effect>,
    ) {
        while let Some(request) = self.take_where(which) {
            if let Some(id) = request.state.id() {
                out.push(Effect::Abort(id));
                self.finish(id, error, throws, out);
            }
        }
    }

    fn take_where(&mut self, which: &dyn Fn(&PendingRequest) -> bool) -> Option<PendingRequest> {
        self.requests.iter().position(which).map(|index| self.requests.remove(index))
    }
}

/// The wait before retry number `attempt` + 1: half a second, half as much again each time, ten seconds at most.
fn backoff(attempt: u32) -> u64 {
    ((RETRY_MIN * 3_u64.pow(attempt)) >> attempt).min(RETRY_MAX)
}
