//! The requests of a client, and what becomes of their responses.

use super::decision_ids::DecisionIds;
use super::in_flight::RequestKind;
use super::{Change, Client, Effect, FetchId, Level, RequestId};
use crate::api::{self, FetchOptions, Response};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::flag::Flags;
use crate::json::Text;
use crate::storage::{Storage, keys};
use crate::time::Now;
use crate::user::Identity;

impl<D: Dialect, S: Storage> Client<D, S> {
    pub(super) fn request_all(&mut self, id: FetchId, now: Now) {
        if let Some(refusal) = self.refusal() {
            return self.push(Effect::Settle(id, refusal));
        }
        let mut requests = vec![self.request_flags(now)];
        if self.fetches_on_start() {
            requests.push(self.request_variants(FetchOptions::default(), now));
        }
        self.in_flight.settle_after(id, requests);
    }

    pub(super) fn request_flags(&mut self, now: Now) -> RequestId {
        self.send(RequestKind::Flags, self.config.fetch_timeout(), now)
    }

    pub(super) fn request_variants(&mut self, mut options: FetchOptions, now: Now) -> RequestId {
        options.tracking = options.tracking.or_else(|| self.options.get("trackingOption")?.as_str().cloned());
        self.in_flight.supersede(options.flag_keys.as_deref(), &mut self.effects);
        let kind = RequestKind::Variants { identity: Identity::default(), options, attempt: 0 };
        self.send(kind, self.config.fetch_timeout(), now)
    }

    /// Sends a request, or holds it back while a plugin is being set up.
    pub(super) fn send(&mut self, kind: RequestKind, timeout: u64, now: Now) -> RequestId {
        let id = self.in_flight.allocate_id();
        match kind {
            RequestKind::Variants { .. } if self.tracker.awaits_plugin() => self.in_flight.hold(id, kind),
            _ => self.send_now(id, kind, timeout, now),
        }
        id
    }

    /// Sends a request for the current identity.
    pub(super) fn send_now(&mut self, id: RequestId, mut kind: RequestKind, timeout: u64, now: Now) {
        let config = &self.config;
        let request = match &mut kind {
            RequestKind::Flags => api::flags_request(config.api_key(), &config.flags_server_url(), timeout),
            RequestKind::Variants { identity, options, .. } => {
                identity.clone_from(&self.identity);
                let mut user = self.merged_user();
                user.remove("cookie");
                api::vardata_request(config.api_key(), &config.server_url(), &user, options, timeout)
            }
        };
        self.in_flight.send(id, kind, request, now, &mut self.effects);
    }

    /// Applies the body of a successful response.
    pub(super) fn apply_response(&mut self, id: RequestId, kind: &RequestKind, body: &Text) -> Result<(), Error> {
        match kind {
            RequestKind::Flags => self.apply_flags(body),
            RequestKind::Variants { identity, options, .. } => {
                let variants = api::read_vardata(body).ok_or(Error::Decode)?;
                let keys = options.flag_keys.as_deref();
                if self.variants.apply(id, identity, keys, variants, &mut self.effects) {
                    self.push(Effect::Notify(Change::Variants));
                }
                Ok(())
            }
        }
    }

    pub(super) fn apply_flags(&mut self, body: &Text) -> Result<(), Error> {
        let (flags, broken) = Flags::read(body, &self.dialect).ok_or(Error::Decode)?;
        if !broken.is_empty() {
            self.log(Level::Warn, "a flag could not be read and was left out", None);
        }
        self.flags = flags;
        self.config.stored_text(keys::FLAGS).save(self.flags.to_stored().into(), b"", &mut self.effects);
        self.merge_initial_flags();
        self.push(Effect::Notify(Change::Flags));
        Ok(())
    }

    pub(super) fn merge_initial_flags(&mut self) {
        self.target = None;
        self.decision_ids = DecisionIds::default();
        if let Some(text) = self.config.initial_flags() {
            self.flags.add_missing(&text, &self.dialect);
        }
    }

    /// A request succeeded or failed: logs and retries a failure, and settles the promise that waits.
    pub(super) fn finish_request(
        &mut self,
        id: RequestId,
        kind: RequestKind,
        failed: Option<Error>,
        retry_after: Option<u64>,
        now: Now,
    ) {
        if let Some(error) = failed {
            let is_quiet = kind.is_background() || self.throws() || error == Error::Timeout;
            let level = if is_quiet { Level::Debug } else { Level::Error };
            self.log(level, kind.failure_message(), Some(error));
            if self.config.is("retryFetchOnFailure", true) && error.is_retryable() {
                self.in_flight.retry(kind, retry_after, now);
            }
        }
        let throws = self.throws();
        self.in_flight.finish(id, failed, throws, &mut self.effects);
    }

    /// How a fetch is settled at once when no request can be made.
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

    pub(super) fn allocate_fetch_id(&mut self) -> FetchId {
        self.last_fetch_id = self.last_fetch_id.wrapping_add(1);
        FetchId(self.last_fetch_id)
    }
}

/// The body of a successful response.
pub(super) fn body_of(result: Result<Response, Error>) -> Result<Text, Error> {
    match result? {
        response if response.status == 200 => Ok(response.body),
        response => Err(Error::Http { status: response.status }),
    }
}
