//! What a client asks of servers, and what it makes of the answers.

use super::fetching::Ask;
use super::told::Told;
use super::{Change, Client, Effect, FLAGS, FetchId, Level, RequestId};
use crate::api::{self, FetchOptions, Response};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::flag::Flags;
use crate::json::Text;
use crate::storage::Storage;
use crate::time::Now;
use crate::user::Identity;

impl<D: Dialect, S: Storage> Client<D, S> {
    pub(super) fn ask_all(&mut self, id: FetchId, now: Now) {
        if let Some(refusal) = self.refusal() {
            return self.push(Effect::Settle(id, refusal));
        }
        let mut requests = vec![self.request_flags(now)];
        if self.fetches_on_start() {
            requests.push(self.request_variants(FetchOptions::default(), now));
        }
        self.requests.wait(id, requests);
    }

    pub(super) fn request_flags(&mut self, now: Now) -> RequestId {
        self.send(Ask::Flags, self.config.fetch_timeout(), now)
    }

    pub(super) fn request_variants(&mut self, mut options: FetchOptions, now: Now) -> RequestId {
        options.tracking = options.tracking.or_else(|| self.options.get("trackingOption")?.as_str().cloned());
        self.requests.supersede(options.flag_keys.as_deref(), &mut self.effects);
        let ask = Ask::Variants { person: Identity::default(), options, attempt: 0 };
        self.send(ask, self.config.fetch_timeout(), now)
    }

    pub(super) fn send(&mut self, ask: Ask, timeout: u64, now: Now) -> RequestId {
        let id = self.requests.number();
        match ask {
            Ask::Variants { .. } if self.tracker.is_waiting() => self.requests.hold(id, ask),
            _ => self.dispatch(id, ask, timeout, now),
        }
        id
    }

    pub(super) fn dispatch(&mut self, id: RequestId, mut ask: Ask, timeout: u64, now: Now) {
        let config = &self.config;
        let request = match &mut ask {
            Ask::Flags => api::flags_request(config.api_key(), &config.flags_server_url(), timeout),
            Ask::Variants { person, options, .. } => {
                person.clone_from(&self.identity);
                let mut user = self.merged_user();
                user.remove("cookie");
                api::vardata_request(config.api_key(), &config.server_url(), &user, options, timeout)
            }
        };
        self.requests.send(id, ask, request, now, &mut self.effects);
    }

    pub(super) fn answered(&mut self, id: RequestId, ask: &Ask, body: &Text) -> Result<(), Error> {
        match ask {
            Ask::Flags => self.flags_answered(body),
            Ask::Variants { person, options, .. } => {
                let answer = api::read_vardata(body).ok_or(Error::Decode)?;
                let keys = options.flag_keys.as_deref();
                if self.variants.apply(id, person, keys, answer, &mut self.effects) {
                    self.push(Effect::Notify(Change::Variants));
                }
                Ok(())
            }
        }
    }

    pub(super) fn flags_answered(&mut self, body: &Text) -> Result<(), Error> {
        let (flags, broken) = Flags::read(body, &self.dialect).ok_or(Error::Decode)?;
        if !broken.is_empty() {
            self.log(Level::Warn, "a flag could not be read and was left out", None);
        }
        self.flags = flags;
        self.config.place(FLAGS).save(self.flags.to_stored().into(), b"", &mut self.effects);
        self.merge_initial_flags();
        self.push(Effect::Notify(Change::Flags));
        Ok(())
    }

    pub(super) fn merge_initial_flags(&mut self) {
        self.target = None;
        self.told = Told::default();
        if let Some(text) = self.config.initial_flags() {
            self.flags.add_missing(&text, &self.dialect);
        }
    }

    pub(super) fn finish(
        &mut self,
        id: RequestId,
        ask: Ask,
        failed: Option<Error>,
        retry_after: Option<u64>,
        now: Now,
    ) {
        if let Some(error) = failed {
            let is_told = ask.is_quiet() || self.throws() || error == Error::Timeout;
            let level = if is_told { Level::Debug } else { Level::Error };
            self.log(level, ask.failure(), Some(error));
            if self.config.is("retryFetchOnFailure", true) && error.is_retryable() {
                self.requests.retry(ask, retry_after, now);
            }
        }
        let throws = self.throws();
        self.requests.done(id, failed, throws, &mut self.effects);
    }

    /// How a fetch is settled at once when it cannot be made.
    pub(super) fn refusal(&mut self) -> Option<Result<(), Error>> {
        let error = match self.config.api_key().is_empty() {
            _ if self.closed => Error::Closed,
            true => Error::ApiKeyEmpty,
            false => return None,
        };
        self.log(Level::Error, "a request was not made", Some(error));
        Some(if self.throws() { Err(error) } else { Ok(()) })
    }

    pub(super) fn fetches_on_start(&self) -> bool {
        self.config.is("fetchOnStart", true)
    }

    /// Whether `start` and `fetch` fail when their request does.
    pub(super) fn throws(&self) -> bool {
        self.config.is("throwOnError", false)
    }

    pub(super) fn next_fetch(&mut self) -> FetchId {
        self.next_fetch = self.next_fetch.wrapping_add(1);
        FetchId(self.next_fetch)
    }
}

/// The body of an answer that is one.
pub(super) fn accepted(result: Result<Response, Error>) -> Result<Text, Error> {
    match result? {
        response if response.status == 200 => Ok(response.body),
        response => Err(Error::Http { status: response.status }),
    }
}
