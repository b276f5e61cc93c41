//! The client behind `fetch`, `variant` and `exposure`: a state machine without I/O.
//!
//! Inputs are methods and take the time; outputs are [`Effect`]s, to be polled after every call: see [`Machine`]. A driver
//! performs the effects: `wasm` in JavaScript, `tests/client.rs` by hand.
//!
//! Timelines: `tests/client.rs`. Fallback order and exposure rules: `tests/vectors/exposure.json`.

mod answer;
mod config;
mod decision_ids;
mod exposure_history;
mod identity_scoped;
mod in_flight;
mod requests;
mod session_history;
mod tracking;
mod variants;

pub use crate::effect::{Change, DropReason, Effect, FetchId, Level, Message, Receiver, RequestId, TrackId};
pub use answer::{Answer, Expose};
pub use config::{Config, DedupScope, PrimarySource, read_options};

use std::rc::Rc;

use crate::api::{self, FetchOptions, Response};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::evaluation::{Decision, Target, Trace, evaluate};
use crate::exposure::{Exposure, Tracking};
use crate::flag::{Flags, holds_none};
use crate::json::{Object, Text, Value, write, write_u64};
use crate::machine::Machine;
use crate::storage::{Area, Storage, keys};
use crate::time::{NEVER, Now, unless_never};
use crate::user::{Identity, context, merge, remove_unusable_ids};
use crate::variant::Variant;
use decision_ids::DecisionIds;
use identity_scoped::parse_stored;
use in_flight::InFlight;
use requests::body_of;
use tracking::Tracker;
use variants::Variants;

/// How long a retry may take, in milliseconds: the reference's number.
const RETRY_TIMEOUT: u64 = 10_000;

/// A client of one deployment.
pub struct Client<D: Dialect, S: Storage> {
    config: Config,
    dialect: D,
    user: Option<Object>,
    provided: Object,
    page_url: Option<Text>,
    identity: Identity,
    flags: Flags<D::Pattern>,
    decision_ids: DecisionIds,
    target: Option<Target>,
    variants: Variants,
    options: Object,
    in_flight: InFlight,
    tracker: Tracker<S>,
    last_fetch_id: u32,
    running: bool,
    closed: bool,
    poll_at: u64,
    effects: Vec<Effect>,
}

impl<D: Dialect, S: Storage> Client<D, S> {
    /// A client that continues with what earlier pages stored.
    ///
    /// From `storage`, the histories of exposures are read and written at each exposure. All else is read here, and written
    /// by effects.
    pub fn new(config: Config, dialect: D, storage: Rc<S>, now: Now) -> Self {
        let mut is_damaged = false;
        let variants = Variants::load(config.stored_text(b""), &*storage, &mut is_damaged);
        let options = parse_stored(&config.stored_text(keys::OPTIONS).read(&*storage).0, &mut is_damaged);
        let flags_text = config.stored_text(keys::FLAGS).read(&*storage).0;
        let (flags, errors) = Flags::parse(&flags_text, &dialect);
        is_damaged |= !flags_text.is_empty() && holds_none(&errors);
        let user = storage.read(Area::Page, keys::USER.as_bytes()).and_then(|text| Object::parse(&text));
        let mut client = Self {
            user,
            provided: Object::new(),
            page_url: None,
            identity: Identity::default(),
            flags,
            decision_ids: DecisionIds::default(),
            target: None,
            variants,
            options,
            in_flight: InFlight::default(),
            tracker: Tracker::load(&config, storage.clone(), now),
            last_fetch_id: 0,
            running: false,
            closed: false,
            poll_at: NEVER,
            effects: Vec::new(),
            config,
            dialect,
        };
        client.identity = Identity::of(&client.merged_user());
        client.merge_initial_flags();
        if is_damaged {
            client.log(Level::Error, "storage", Some(Error::Argument));
        }
        if storage.read(Area::Page, keys::RUNNING.as_bytes()).is_some() {
            client.run_from(now);
        }
        client
    }

    /// Sets the user, gets the flags, fetches the variants (unless `fetchOnStart` is off), and polls flags from then on.
    /// A running client only settles the promise.
    pub fn start(&mut self, user: Option<Object>, now: Now) -> FetchId {
        let id = self.allocate_fetch_id();
        if self.running {
            self.push(Effect::Settle(id, Ok(())));
            return id;
        }
        self.run_from(now);
        // A fetch has a user, with or without ids.
        self.set_user(user.or_else(|| self.fetches_on_start().then(Object::new)));
        self.request_all(id, now);
        id
    }

    /// Repeats the requests of a `start` whose promise was open when its instance was lost.
    pub fn resume(&mut self, now: Now) -> FetchId {
        let id = self.allocate_fetch_id();
        self.request_all(id, now);
        id
    }

    /// Stops polling.
    pub fn stop(&mut self) {
        self.running = false;
        self.poll_at = NEVER;
        self.push(Effect::Remove(Area::Page, keys::RUNNING.into()));
    }

    /// Stops everything, for good: no request, timer or retry is left, and no exposure is tracked any more. Exposures on offer
    /// stay on offer.
    pub fn close(&mut self) {
        self.stop();
        self.closed = true;
        self.in_flight.close(Error::Closed, self.throws(), &mut self.effects);
        self.tracker.close(&mut self.effects);
    }

    /// Fetches variants for the given user, or for the current one.
    pub fn fetch(&mut self, user: Option<Object>, options: FetchOptions, now: Now) -> FetchId {
        let user = user.or_else(|| self.user.clone()).unwrap_or_default();
        self.set_user(Some(user));
        let id = self.allocate_fetch_id();
        match self.refusal() {
            Some(error) => self.push(Effect::Settle(id, error)),
            None => {
                let request = self.request_variants(options, now);
                self.in_flight.settle_after(id, vec![request]);
            }
        }
        id
    }

    /// The variant of a flag. It cannot fail: without a variant it answers a fallback. If `expose` makes it an exposure, that is
    /// tracked, once in the [`DedupScope`].
    pub fn variant(&mut self, key: &Text, fallback: Option<&Value>, expose: Expose, now: Now) -> Answer {
        let answer = self.answer(key, fallback);
        let is_exposure = match expose {
            Expose::Never => false,
            Expose::Automatically => self.config.is("automaticExposureTracking", true),
            Expose::Always => true,
        };
        if is_exposure && !self.closed {
            self.track_exposure(key, &answer, now);
        }
        answer
    }

    /// Tracks that the user met the flag's variant.
    pub fn exposure(&mut self, key: &Text, now: Now) {
        self.variant(key, None, Expose::Always, now);
    }

    /// The variants of all flags, as the JSON of `[second, first, decided…]`. `second` and `first` are the sources' variants by
    /// flag key; `first` wins, and flags that are evaluated here win over both. Such a flag is `[id, key, variant]`, and its id
    /// alone when the same decision was returned before.
    pub fn all(&mut self) -> Text {
        let nothing = Object::new();
        let stored = self.variants.all(&self.identity).unwrap_or(&nothing);
        let mut sources = [self.config.initial_variants(), stored];
        if self.config.primary_source() == PrimarySource::InitialVariants {
            sources.reverse();
        }
        let mut out = Vec::new();
        for (mark, source) in [b'[', b','].into_iter().zip(sources) {
            out.push(mark);
            out.extend_from_slice(&source.to_text());
        }
        for decision in self.decide(None, &mut None) {
            if self.flags.flag_at(decision.flag).is_some_and(|flag| flag.is_local) {
                out.push(b',');
                self.write_decided(&decision, &mut out);
            }
        }
        out.push(b']');
        out.into()
    }

    /// Removes the stored variants.
    pub fn clear(&mut self) {
        self.variants.clear(&mut self.effects);
        self.push(Effect::Notify(Change::Variants));
    }

    /// The user as it was set.
    pub fn user(&self) -> Option<&Object> {
        self.user.as_ref()
    }

    /// Sets the user. Another identity (see [`Identity::is_same`]) is not served the variants of the previous one.
    pub fn set_user(&mut self, user: Option<Object>) {
        let user = user.map(|user| self.with_usable_ids(user));
        let text = user.as_ref().map(Object::to_text);
        self.user = user;
        self.push(match text {
            Some(text) => Effect::Save(Area::Page, keys::USER.into(), text),
            None => Effect::Remove(Area::Page, keys::USER.into()),
        });
        self.user_changed();
    }

    /// Sets what user providers return, and the page's address. They fill in fields that the user does not have.
    pub fn set_context(&mut self, provided: Object, page_url: Option<Text>) {
        self.provided = self.with_usable_ids(provided);
        self.page_url = page_url;
        self.user_changed();
    }

    /// Adds an integration plugin. Until it `is_ready`, requests for variants wait, and so do its exposures.
    pub fn integrate(&mut self, is_ready: bool, now: Now) {
        self.tracker.integrate(is_ready, &mut self.effects);
        while is_ready && let Some((id, kind)) = self.in_flight.take_held() {
            self.send_now(id, kind, self.config.fetch_timeout(), now);
        }
    }

    /// The traces of evaluation by flag key: how each flag comes to its variant.
    pub fn traces(&mut self, keys: Option<&[Text]>) -> Object {
        let mut trace = Some(Trace::default());
        self.decide(keys, &mut trace);
        trace.unwrap_or_default().into_object()
    }

    /// Sets whether fetches track an assignment at the server, on this page and later ones.
    pub fn set_tracks_assignment(&mut self, tracks: bool) {
        self.options.set("trackingOption", if tracks { "track" } else { "no-track" });
        self.config.stored_text(keys::OPTIONS).save(self.options.to_text(), b"", &mut self.effects);
    }

    fn run_from(&mut self, now: Now) {
        if self.closed {
            return;
        }
        self.running = true;
        self.poll_at = self.config.next_poll(now.mono);
        self.push(Effect::Save(Area::Page, keys::RUNNING.into(), "1".into()));
    }

    fn write_decided(&mut self, decision: &Decision, out: &mut Vec<u8>) {
        let (id, is_known) = self.decision_ids.assign(*decision);
        let id = u64::from(id);
        if is_known {
            return write_u64(id, out);
        }
        let (key, variant) = (self.flags.key_of(decision).clone(), self.variant_of(decision).into_object());
        write(&Value::Array(vec![id.into(), key.into(), variant.into()]), out);
    }

    fn variant_of(&self, decision: &Decision) -> Variant {
        Variant::from_evaluation(&self.flags.variant_of(decision))
    }

    fn decide(&mut self, keys: Option<&[Text]>, trace: &mut Option<Trace>) -> Vec<Decision> {
        let user = match self.target {
            Some(_) => None,
            None => Some(self.merged_user()),
        };
        let page_url = self.page_url.as_deref();
        let target = self.target.get_or_insert_with(|| Target::new(context(&user.unwrap_or_default(), page_url)));
        evaluate(&self.flags, target, keys, &self.dialect, trace)
    }

    fn track_exposure(&mut self, key: &Text, answer: &Answer, now: Now) {
        let Some(exposure) = Exposure::to(key, &answer.variant, answer.source, answer.has_default) else { return };
        self.tracker.track(exposure, &self.identity, now, &mut self.effects);
    }

    /// The user as requests and conditions see it.
    fn merged_user(&self) -> Object {
        let mut under = Object::new();
        under.put("library", api::LIBRARY);
        under.extend_from(&self.provided);
        merge(&under, self.user.as_ref().unwrap_or(&Object::new()))
    }

    /// Removes ids that are neither text nor number, and logs their fields.
    fn with_usable_ids(&mut self, mut user: Object) -> Object {
        remove_unusable_ids(&mut user, |field| self.log(Level::Error, field, Some(Error::Argument)));
        user
    }

    fn user_changed(&mut self) {
        self.target = None;
        let identity = Identity::of(&self.merged_user());
        let before = std::mem::replace(&mut self.identity, identity);
        if !before.is_same(&self.identity) {
            self.variants.identity_changed(&before);
            self.in_flight.identity_changed(&self.identity, &mut self.effects);
        }
        self.push(Effect::Notify(Change::User));
    }

    fn log(&mut self, level: Level, text: &'static str, error: Option<Error>) {
        self.push(Effect::Log(level, Message { text, error }));
    }

    fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}

impl<D: Dialect, S: Storage> Machine for Client<D, S> {
    fn poll_effect(&mut self) -> Option<Effect> {
        (!self.effects.is_empty()).then(|| self.effects.remove(0))
    }

    fn next_timeout(&self) -> Option<u64> {
        if self.closed {
            return None;
        }
        unless_never(self.poll_at.min(self.in_flight.next_timeout()).min(self.tracker.next_timeout()))
    }

    /// Timeouts, retries, polling, exposures to be offered again.
    fn handle_timeout(&mut self, now: Now) {
        while let Some((id, kind)) = self.in_flight.take_due(now, &mut self.effects) {
            match id {
                Some(id) => self.finish_request(id, kind, Some(Error::Timeout), None, now),
                None => drop(self.send(kind, RETRY_TIMEOUT, now)),
            }
        }
        if self.poll_at <= now.mono {
            self.poll_at = self.config.next_poll(now.mono);
            self.request_flags(now);
        }
        self.tracker.handle_timeout(now, &mut self.effects);
    }

    /// `retry_after` of the response delays the retry.
    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        let Some(kind) = self.in_flight.take(id) else { return };
        let retry_after = result.as_ref().ok().and_then(|response| response.retry_after);
        let failed = body_of(result).and_then(|body| self.apply_response(id, &kind, &body)).err();
        self.finish_request(id, kind, failed, retry_after, now);
    }

    fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now) {
        self.tracker.handle_tracked(id, tracking, now, &mut self.effects);
    }
}
