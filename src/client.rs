//! The client behind `fetch`, `variant` and `exposure`: a state machine that touches nothing.
//!
//! Inputs are methods and take the time; outputs are [`Effect`]s, to be polled after every call: see [`Machine`]. Whoever
//! drives it performs the effects; `web` does so in the browser, `tests/client.rs` by hand.
//!
//! Timelines: `tests/client.rs`. Fallback order and exposure rules: `tests/vectors/exposure.json`.

mod answer;
mod asking;
mod config;
mod fetching;
mod owned;
mod record;
mod session;
mod told;
mod tracking;
mod variants;

pub use crate::effect::{Change, DropReason, Effect, FetchId, Level, Message, Receiver, RequestId, TrackId};
pub use answer::Answer;
pub use config::{Config, Source, Window, read_options};

use std::rc::Rc;

use crate::api::{self, FetchOptions, Response};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::evaluation::{Decision, Target, Trace, evaluate};
use crate::exposure::{Exposure, Tracking};
use crate::flag::{Flags, holds_none};
use crate::json::{Object, Text, Value, write, write_u64};
use crate::machine::Machine;
use crate::storage::{Area, Storage};
use crate::time::{NEVER, Now, comes};
use crate::user::{Identity, context, merge, remove_unusable_ids};
use crate::variant::Variant;
use answer::Sources;
use asking::accepted;
use fetching::Requests;
use owned::object_of;
use told::Told;
use tracking::Tracker;
use variants::Variants;

/// How long a retry may take, in milliseconds: the reference's number.
const RETRY_TIMEOUT: u64 = 10_000;

/// Where the page keeps the user and that it was started, for a client that takes over after a trap.
const USER: &str = "user";
const RUNNING: &str = "running";

/// What the keys of flags and of fetch options end in: the reference's.
const FLAGS: &[u8] = b"-flags";
const OPTIONS: &[u8] = b"-variants-options";

/// Whether asking for a variant means that the user meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expose {
    /// It is only looked at.
    Never,
    /// Yes, unless the option `automaticExposureTracking` is off.
    Automatically,
    /// Yes.
    Always,
}

/// A client of one deployment.
pub struct Client<D: Dialect, S: Storage> {
    config: Config,
    dialect: D,
    user: Option<Object>,
    provided: Object,
    page_url: Option<Text>,
    identity: Identity,
    flags: Flags<D::Pattern>,
    told: Told,
    target: Option<Target>,
    variants: Variants,
    options: Object,
    requests: Requests,
    tracker: Tracker<S>,
    next_fetch: u32,
    running: bool,
    closed: bool,
    poll_at: u64,
    effects: Vec<Effect>,
}

impl<D: Dialect, S: Storage> Client<D, S> {
    /// A client that takes up what earlier pages stored.
    ///
    /// Of `storage` the records of exposures are read and written again whenever somebody is told; all else is read here, and
    /// written by effects.
    pub fn new(config: Config, dialect: D, storage: Rc<S>, now: Now) -> Self {
        let mut is_damaged = false;
        let variants = Variants::load(config.place(b""), &*storage, &mut is_damaged);
        let options = object_of(&config.place(OPTIONS).read(&*storage).0, &mut is_damaged);
        let flags_text = config.place(FLAGS).read(&*storage).0;
        let (flags, errors) = Flags::parse(&flags_text, &dialect);
        is_damaged |= !flags_text.is_empty() && holds_none(&errors);
        let user = storage.read(Area::Page, USER.as_bytes()).and_then(|text| Object::parse(&text));
        let mut client = Self {
            user,
            provided: Object::new(),
            page_url: None,
            identity: Identity::default(),
            flags,
            told: Told::default(),
            target: None,
            variants,
            options,
            requests: Requests::default(),
            tracker: Tracker::load(&config, storage.clone(), now),
            next_fetch: 0,
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
        if storage.read(Area::Page, RUNNING.as_bytes()).is_some() {
            client.run_from(now);
        }
        client
    }

    /// Sets the user, gets the flags, fetches the variants (unless `fetchOnStart` is off), and polls flags from then on.
    /// A client that runs already only settles.
    pub fn start(&mut self, user: Option<Object>, now: Now) -> FetchId {
        let id = self.next_fetch();
        if self.running {
            self.push(Effect::Settle(id, Ok(())));
            return id;
        }
        self.run_from(now);
        // A fetch is for somebody, known or not.
        self.set_user(user.or_else(|| self.fetches_on_start().then(Object::new)));
        self.ask_all(id, now);
        id
    }

    /// Makes the requests of a `start` once more, for one that was open when its instance was lost.
    pub fn resume(&mut self, now: Now) -> FetchId {
        let id = self.next_fetch();
        self.ask_all(id, now);
        id
    }

    /// Stops polling.
    pub fn stop(&mut self) {
        self.running = false;
        self.poll_at = NEVER;
        self.push(Effect::Remove(Area::Page, RUNNING.into()));
    }

    /// Stops everything, for good: no request, timer or retry is left, and nobody is asked or told any more. Exposures that
    /// were handed over stay handed over.
    pub fn close(&mut self) {
        self.stop();
        self.closed = true;
        self.requests.close(Error::Closed, self.throws(), &mut self.effects);
        self.tracker.close(&mut self.effects);
    }

    /// Fetches variants for the user given, or for the one there is.
    pub fn fetch(&mut self, user: Option<Object>, options: FetchOptions, now: Now) -> FetchId {
        let user = user.or_else(|| self.user.clone()).unwrap_or_default();
        self.set_user(Some(user));
        let id = self.next_fetch();
        match self.refusal() {
            Some(error) => self.push(Effect::Settle(id, error)),
            None => {
                let request = self.request_variants(options, now);
                self.requests.wait(id, vec![request]);
            }
        }
        id
    }

    /// The variant of a flag. It cannot fail: what is not known falls back. Meeting it is told, once in its window, as
    /// `expose` says.
    pub fn variant(&mut self, key: &Text, fallback: Option<&Value>, expose: Expose, now: Now) -> Answer {
        let answer = self.answer(key, fallback);
        let tells = match expose {
            Expose::Never => false,
            Expose::Automatically => self.config.is("automaticExposureTracking", true),
            Expose::Always => true,
        };
        if tells && !self.closed {
            self.tell(key, &answer, now);
        }
        answer
    }

    /// The user met the flag's variant.
    pub fn exposure(&mut self, key: &Text, now: Now) {
        self.variant(key, None, Expose::Always, now);
    }

    /// The variants of all flags, as the JSON of `[second, first, decided…]`: by flag key what the second source has, over it
    /// what the first has, and over both what is evaluated here, of each flag `[number, key, variant]`, and the number alone
    /// once that was told.
    pub fn all(&mut self) -> Text {
        let nothing = Object::new();
        let stored = self.variants.all(&self.identity).unwrap_or(&nothing);
        let mut sources = [self.config.initial_variants(), stored];
        if self.config.source() == Source::InitialVariants {
            sources.reverse();
        }
        let mut out = Vec::new();
        for (before, source) in [b'[', b','].into_iter().zip(sources) {
            out.push(before);
            out.extend_from_slice(&source.to_text());
        }
        for decision in self.decide(None, &mut None) {
            if self.flags.at(decision.flag).is_some_and(|flag| flag.is_local) {
                out.push(b',');
                self.write_decided(&decision, &mut out);
            }
        }
        out.push(b']');
        out.into()
    }

    /// Forgets the stored variants.
    pub fn clear(&mut self) {
        self.variants.clear(&mut self.effects);
        self.push(Effect::Notify(Change::Variants));
    }

    /// The user as it was set.
    pub fn user(&self) -> Option<&Object> {
        self.user.as_ref()
    }

    /// Sets the user. Somebody else (see [`Identity::is_same`]) is not served the variants of who was there before.
    pub fn set_user(&mut self, user: Option<Object>) {
        let user = user.map(|user| self.with_usable_ids(user));
        let text = user.as_ref().map(Object::to_text);
        self.user = user;
        self.push(match text {
            Some(text) => Effect::Save(Area::Page, USER.into(), text),
            None => Effect::Remove(Area::Page, USER.into()),
        });
        self.user_changed();
    }

    /// What user providers say, and the page's address. They fill in what the user does not have.
    pub fn set_context(&mut self, provided: Object, page_url: Option<Text>) {
        self.provided = self.with_usable_ids(provided);
        self.page_url = page_url;
        self.user_changed();
    }

    /// There is an integration plugin. Until it `is_ready`, requests for variants wait, and so do its exposures.
    pub fn integrate(&mut self, is_ready: bool, now: Now) {
        self.tracker.integrate(is_ready, &mut self.effects);
        while is_ready && let Some((id, ask)) = self.requests.held() {
            self.dispatch(id, ask, self.config.fetch_timeout(), now);
        }
    }

    /// How each flag comes to its variant, by flag key.
    pub fn traces(&mut self, keys: Option<&[Text]>) -> Object {
        let mut trace = Some(Trace::default());
        self.decide(keys, &mut trace);
        trace.unwrap_or_default().into_object()
    }

    /// Whether fetches track an assignment at the server, from now on and on later pages.
    pub fn set_tracks_assignment(&mut self, tracks: bool) {
        self.options.set("trackingOption", if tracks { "track" } else { "no-track" });
        self.config.place(OPTIONS).save(self.options.to_text(), b"", &mut self.effects);
    }

    fn run_from(&mut self, now: Now) {
        if self.closed {
            return;
        }
        self.running = true;
        self.poll_at = self.config.next_poll(now.mono);
        self.push(Effect::Save(Area::Page, RUNNING.into(), "1".into()));
    }

    fn answer(&mut self, key: &Text, fallback: Option<&Value>) -> Answer {
        let stored = self.sources(key, fallback).stored();
        let is_local = self.flags.is_local(key);
        if !is_local && (stored.is_some() || !self.flags.contains(key)) {
            return stored.unwrap_or_else(Answer::nothing);
        }
        let decisions = self.decide(Some(std::slice::from_ref(key)), &mut None);
        let own = decisions.iter().find(|decision| self.flags.key_of(decision) == key);
        let answer = self.sources(key, fallback).evaluated(own.map(|decision| self.variant_of(decision)));
        // A flag of the server's is evaluated here only where no fallback is given.
        answer.map(|answer| Answer { is_kept: answer.is_kept && is_local, ..answer }).unwrap_or_else(Answer::nothing)
    }

    fn sources<'a>(&'a self, key: &'a Text, fallback: Option<&'a Value>) -> Sources<'a> {
        Sources { config: &self.config, variants: &self.variants, person: &self.identity, key, fallback }
    }

    fn write_decided(&mut self, decision: &Decision, out: &mut Vec<u8>) {
        let (number, is_told) = self.told.number(*decision);
        let number = u64::from(number);
        if is_told {
            return write_u64(number, out);
        }
        let (key, variant) = (self.flags.key_of(decision).clone(), self.variant_of(decision).into_object());
        write(&Value::Array(vec![number.into(), key.into(), variant.into()]), out);
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

    fn tell(&mut self, key: &Text, answer: &Answer, now: Now) {
        let Some(exposure) = Exposure::to(key, &answer.variant, answer.source, answer.has_default) else { return };
        self.tracker.exposed(exposure, &self.identity, now, &mut self.effects);
    }

    /// The user as requests and conditions see it.
    fn merged_user(&self) -> Object {
        let mut under = Object::new();
        under.put("library", api::LIBRARY);
        under.extend_from(&self.provided);
        merge(&under, self.user.as_ref().unwrap_or(&Object::new()))
    }

    /// An id that is neither text nor number counts as absent, and its field is said.
    fn with_usable_ids(&mut self, mut user: Object) -> Object {
        remove_unusable_ids(&mut user, |field| self.log(Level::Error, field, Some(Error::Argument)));
        user
    }

    fn user_changed(&mut self) {
        self.target = None;
        let identity = Identity::of(&self.merged_user());
        let before = std::mem::replace(&mut self.identity, identity);
        if !before.is_same(&self.identity) {
            self.variants.leave(&before);
            self.requests.leave(&self.identity, &mut self.effects);
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
        comes(self.poll_at.min(self.requests.next_timeout()).min(self.tracker.next_timeout()))
    }

    /// Timeouts, retries, polling, exposures to be offered again.
    fn handle_timeout(&mut self, now: Now) {
        while let Some((id, ask)) = self.requests.due(now, &mut self.effects) {
            match id {
                Some(id) => self.finish(id, ask, Some(Error::Timeout), None, now),
                None => drop(self.send(ask, RETRY_TIMEOUT, now)),
            }
        }
        if self.poll_at <= now.mono {
            self.poll_at = self.config.next_poll(now.mono);
            self.request_flags(now);
        }
        self.tracker.handle_timeout(now, &mut self.effects);
    }

    /// `retry_after` of the response delays the next try.
    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        let Some(ask) = self.requests.take(id) else { return };
        let retry_after = result.as_ref().ok().and_then(|response| response.retry_after);
        let failed = accepted(result).and_then(|body| self.answered(id, &ask, &body)).err();
        self.finish(id, ask, failed, retry_after, now);
    }

    fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now) {
        self.tracker.handle_tracked(id, tracking, now, &mut self.effects);
    }
}
