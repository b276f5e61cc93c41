//! Requests under way, requests to be tried again, and the promises that wait for them.
//!
//! A request belongs to the person it was made for: when somebody else comes to the page it is aborted, its retries die,
//! and who waits for it is told that the client is ready.

use crate::effect::{Effect, FetchId, RequestId};
use crate::api::{FetchOptions, Request};
use crate::error::Error;
use crate::json::Text;
use crate::time::Now;
use crate::user::Identity;

/// How often a failed fetch is tried again, and how long it waits: the reference's numbers, in milliseconds.
const RETRIES: u32 = 8;
const RETRY_MIN: u64 = 500;
const RETRY_MAX: u64 = 10_000;

/// How long a server may make a retry wait, in milliseconds. The person is long gone after that.
const RETRY_AFTER_MAX: u64 = 3_600_000;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Flags,
    Variants { person: Identity, options: FetchOptions, attempt: u32 },
}

impl Ask {
    /// The flags a request for variants is limited to, if it is one.
    pub(super) fn keys(&self) -> Option<Option<&[Text]>> {
        match self {
            Self::Flags => None,
            Self::Variants { options, .. } => Some(options.flag_keys.as_deref()),
        }
    }

    fn is_of_another(&self, identity: &Identity) -> bool {
        matches!(self, Self::Variants { person, .. } if !person.is_same(identity))
    }

    /// Whether a new fetch of `keys` makes this one needless.
    fn is_superseded_by(&self, keys: Option<&[Text]>) -> bool {
        self.keys().is_some_and(|own| keys.is_none() || own == keys)
    }
}

struct UnderWay {
    id: RequestId,
    ask: Ask,
    deadline: u64,
}

struct Again {
    ask: Ask,
    due: u64,
}

/// A promise of `start` or `fetch`, and the requests it waits for.
struct Wait {
    id: FetchId,
    requests: Vec<RequestId>,
    failed: Option<Error>,
}

/// The requests of a client.
#[derive(Default)]
pub(super) struct Requests {
    next: u32,
    under_way: Vec<UnderWay>,
    again: Vec<Again>,
    waits: Vec<Wait>,
}

impl Requests {
    /// Sends a request that must be answered within `request.timeout_millis`.
    pub(super) fn send(&mut self, ask: Ask, request: Request, now: Now, out: &mut Vec<Effect>) -> RequestId {
        let id = RequestId(self.next);
        self.next += 1;
        self.under_way.push(UnderWay { id, ask, deadline: now.mono + request.timeout_millis });
        out.push(Effect::Send(id, Box::new(request)));
        id
    }

    /// Settles `id` when all of `requests` are done.
    pub(super) fn wait(&mut self, id: FetchId, requests: Vec<RequestId>) {
        self.waits.push(Wait { id, requests, failed: None });
    }

    /// The request an answer is for, if it is still wanted.
    pub(super) fn take(&mut self, id: RequestId) -> Option<Ask> {
        self.take_where(|request| request.id == id).map(|request| request.ask)
    }

    /// Whoever waits for the request is told, once nothing else keeps them waiting.
    pub(super) fn done(&mut self, id: RequestId, failed: Option<Error>, throws: bool, out: &mut Vec<Effect>) {
        let Some(place) = self.waits.iter().position(|wait| wait.requests.contains(&id)) else { return };
        let Some(wait) = self.waits.get_mut(place) else { return };
        wait.requests.retain(|request| *request != id);
        wait.failed = wait.failed.or(failed);
        if wait.requests.is_empty() {
            let error = wait.failed.filter(|_| throws);
            out.push(Effect::Settle(wait.id, error.map_or(Ok(()), Err)));
            self.waits.swap_remove(place);
        }
    }

    /// Tries a failed fetch again later, unless it was tried often enough.
    pub(super) fn retry(&mut self, ask: Ask, retry_after: Option<u64>, now: Now) {
        let Ask::Variants { person, options, attempt } = ask else { return };
        if attempt < RETRIES {
            let wait = backoff(attempt).max(retry_after.unwrap_or(0).min(RETRY_AFTER_MAX));
            let ask = Ask::Variants { person, options, attempt: attempt + 1 };
            self.again.push(Again { ask, due: now.mono + wait });
        }
    }

    /// Takes out a retry that is due.
    pub(super) fn due(&mut self, now: Now) -> Option<Ask> {
        self.forget_retry(|again| again.due <= now.mono)
    }

    /// Takes out and aborts a request that was not answered in time.
    pub(super) fn timed_out(&mut self, now: Now, out: &mut Vec<Effect>) -> Option<(RequestId, Ask)> {
        self.abort(|request| request.deadline <= now.mono, out)
    }

    /// A new fetch of `keys`: what retries fetched the same is not wanted any more.
    pub(super) fn supersede(&mut self, keys: Option<&[Text]>, out: &mut Vec<Effect>) {
        while self.forget_retry(|again| again.ask.is_superseded_by(keys)).is_some() {}
        let is_retry = |ask: &Ask| matches!(ask, Ask::Variants { attempt, .. } if *attempt > 0);
        while self.abort(|request| is_retry(&request.ask) && request.ask.is_superseded_by(keys), out).is_some() {}
    }

    /// Somebody else is on the page: requests for whoever was there before are not wanted any more.
    pub(super) fn leave(&mut self, identity: &Identity, out: &mut Vec<Effect>) {
        while self.forget_retry(|again| again.ask.is_of_another(identity)).is_some() {}
        while let Some((id, _)) = self.abort(|request| request.ask.is_of_another(identity), out) {
            self.done(id, None, false, out);
        }
    }

    /// Breaks everything off; who waits is told `error`.
    pub(super) fn close(&mut self, error: Error, throws: bool, out: &mut Vec<Effect>) {
        self.again.clear();
        while let Some((id, _)) = self.abort(|_| true, out) {
            self.done(id, Some(error), throws, out);
        }
    }

    /// When something is due.
    pub(super) fn next_timeout(&self) -> Option<u64> {
        let deadline = self.under_way.iter().map(|request| request.deadline).min();
        earliest(deadline, self.again.iter().map(|again| again.due).min())
    }

    fn abort(&mut self, which: impl Fn(&UnderWay) -> bool, out: &mut Vec<Effect>) -> Option<(RequestId, Ask)> {
        let gone = self.take_where(which)?;
        out.push(Effect::Abort(gone.id));
        Some((gone.id, gone.ask))
    }

    fn take_where(&mut self, which: impl Fn(&UnderWay) -> bool) -> Option<UnderWay> {
        self.under_way.iter().position(which).map(|place| self.under_way.remove(place))
    }

    fn forget_retry(&mut self, which: impl Fn(&Again) -> bool) -> Option<Ask> {
        self.again.iter().position(which).map(|place| self.again.remove(place).ask)
    }
}

/// The earlier of two times, where there are any.
pub(super) fn earliest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}

/// The wait before retry number `attempt` + 1: half a second, half as much again each time, ten seconds at most.
fn backoff(attempt: u32) -> u64 {
    (0..attempt).fold(RETRY_MIN, |wait, _| (wait + wait / 2).min(RETRY_MAX))
}
