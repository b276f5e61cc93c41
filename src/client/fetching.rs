//! Requests under way, requests to be tried again, and the promises that wait for them.
//!
//! A request belongs to the person it was made for: when somebody else comes to the page it is aborted, its retries die,
//! and who waits for it is told that the client is ready.

use crate::api::{FetchOptions, Request};
use crate::effect::{Effect, FetchId, RequestId};
use crate::error::Error;
use crate::json::Text;
use crate::time::{NEVER, Now};
use crate::user::Identity;

/// How often a failed fetch is tried again, and how long it waits: the reference's numbers, in milliseconds.
const RETRIES: u32 = 8;
const RETRY_MIN: u64 = 500;
const RETRY_MAX: u64 = 10_000;

/// How long a server may make a retry wait, in milliseconds. The person is long gone after that.
const RETRY_AFTER_MAX: u64 = 3_600_000;

/// When a request is due that waits for something else than time: after those that may take as long as they want.
const HELD: u64 = NEVER;
const PATIENT: u64 = NEVER - 1;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Flags,
    Variants { person: Identity, options: FetchOptions, attempt: u32 },
}

impl Ask {
    /// Whether nobody is to hear of it when it fails: flags are polled, and a retry is nobody's call.
    pub(super) fn is_quiet(&self) -> bool {
        !matches!(self, Self::Variants { attempt: 0, .. })
    }

    /// What to say when it fails.
    pub(super) fn failure(&self) -> &'static str {
        match self {
            Self::Flags => "flags could not be loaded",
            Self::Variants { .. } => "variants could not be fetched",
        }
    }

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

/// A request: under way when it has an id, and then due means given up; else to be tried again when it is due.
struct Job {
    id: Option<RequestId>,
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
    jobs: Vec<Job>,
    waits: Vec<Wait>,
}

impl Requests {
    /// The number of the next request.
    pub(super) fn number(&mut self) -> RequestId {
        let id = RequestId(self.next);
        self.next += 1;
        id
    }

    /// Sends a request that must be answered within `request.timeout_millis`, if that is not 0.
    pub(super) fn send(&mut self, id: RequestId, ask: Ask, request: Request, now: Now, out: &mut Vec<Effect>) {
        let due = if request.timeout_millis > 0 { now.mono + request.timeout_millis } else { PATIENT };
        self.jobs.push(Job { id: Some(id), ask, due });
        out.push(Effect::Send(id, Box::new(request)));
    }

    /// Keeps a request until it can be sent. It is for whoever is on the page then.
    pub(super) fn hold(&mut self, id: RequestId, ask: Ask) {
        self.jobs.push(Job { id: Some(id), ask, due: HELD });
    }

    /// Takes out a request that was kept.
    pub(super) fn held(&mut self) -> Option<(RequestId, Ask)> {
        let job = self.take_where(&|job| job.due == HELD)?;
        Some((job.id?, job.ask))
    }

    /// Settles `id` when all of `requests` are done.
    pub(super) fn wait(&mut self, id: FetchId, requests: Vec<RequestId>) {
        self.waits.push(Wait { id, requests, failed: None });
    }

    /// The request an answer is for, if it is still wanted.
    pub(super) fn take(&mut self, id: RequestId) -> Option<Ask> {
        self.take_where(&|job| job.id == Some(id)).map(|job| job.ask)
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
    pub(super) fn retry(&mut self, mut ask: Ask, retry_after: Option<u64>, now: Now) {
        if let Ask::Variants { attempt, .. } = &mut ask
            && *attempt < RETRIES
        {
            let wait = backoff(*attempt).max(retry_after.unwrap_or(0).min(RETRY_AFTER_MAX));
            *attempt += 1;
            self.jobs.push(Job { id: None, ask, due: now.mono + wait });
        }
    }

    /// Takes out what is due: a request that was not answered in time, which is aborted, or one to be tried again.
    pub(super) fn due(&mut self, now: Now, out: &mut Vec<Effect>) -> Option<(Option<RequestId>, Ask)> {
        let job = self.take_where(&|job| job.due <= now.mono)?;
        out.extend(job.id.map(Effect::Abort));
        Some((job.id, job.ask))
    }

    /// A new fetch of `keys`: what retries fetched the same is not wanted any more.
    pub(super) fn supersede(&mut self, keys: Option<&[Text]>, out: &mut Vec<Effect>) {
        let is_retry = |ask: &Ask| matches!(ask, Ask::Variants { attempt, .. } if *attempt > 0);
        self.abandon(&|job| is_retry(&job.ask) && job.ask.is_superseded_by(keys), None, false, out);
    }

    /// Somebody else is on the page: requests for whoever was there before are not wanted any more.
    pub(super) fn leave(&mut self, identity: &Identity, out: &mut Vec<Effect>) {
        self.abandon(&|job| job.due < HELD && job.ask.is_of_another(identity), None, false, out);
    }

    /// Breaks everything off; who waits is told `error`.
    pub(super) fn close(&mut self, error: Error, throws: bool, out: &mut Vec<Effect>) {
        self.abandon(&|_| true, Some(error), throws, out);
    }

    /// When something is due.
    pub(super) fn next_timeout(&self) -> u64 {
        self.jobs.iter().map(|job| job.due).filter(|due| *due < PATIENT).fold(NEVER, u64::min)
    }

    fn abandon(&mut self, which: &dyn Fn(&Job) -> bool, error: Option<Error>, throws: bool, out: &mut Vec<Effect>) {
        while let Some(job) = self.take_where(which) {
            if let Some(id) = job.id {
                out.push(Effect::Abort(id));
                self.done(id, error, throws, out);
            }
        }
    }

    fn take_where(&mut self, which: &dyn Fn(&Job) -> bool) -> Option<Job> {
        self.jobs.iter().position(which).map(|place| self.jobs.remove(place))
    }
}

/// The wait before retry number `attempt` + 1: half a second, half as much again each time, ten seconds at most.
fn backoff(attempt: u32) -> u64 {
    ((RETRY_MIN * 3_u64.pow(attempt)) >> attempt).min(RETRY_MAX)
}
