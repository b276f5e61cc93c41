//! Local evaluation, for servers: flags are loaded and polled, users are evaluated here, and each new result is tracked as an
//! assignment, once.
//!
//! A state machine like the client of a page: time comes in, [`Effect`]s go out. Each call evaluates the user it is given;
//! nothing of a user is kept for the next call. Timelines: `tests/local.rs`; a program that uses it:
//! `examples/local_evaluation.rs`.

mod loading;
mod retry_queue;

use std::collections::VecDeque;

use crate::api::{Response, flags_request};
use crate::assignment::filter::{CAPACITY, Filter};
use crate::assignment::{Assigned, event, insert_id, of_evaluation};
use crate::dialect::Dialect;
use crate::effect::{Change, Effect, FetchId, Level, Message, RequestId, TrackId};
use crate::error::Error;
use crate::evaluation::{NoopVisitor, Target, evaluate};
use crate::exposure::Tracking;
use crate::flag::{FlagError, Flags};
use crate::json::{Object, Text, Value, parse};
use crate::machine::Machine;
use crate::storage::{Area, Storage, keys};
use crate::time::{Now, day, unless_never};
use crate::user::{Identity, context, remove_unusable_ids};

use loading::Loading;
use retry_queue::RetryQueue;

/// How often flags are polled, in milliseconds: the reference's default.
pub const POLLING_MILLIS: u64 = 30_000;

/// The configuration of a local evaluation.
#[derive(Clone, Debug)]
pub struct Config {
    /// The deployment key, of a server deployment: those get all flags.
    pub api_key: Text,
    /// The origin that flags are loaded from.
    pub server_url: Text,
    /// How often flags are polled, in milliseconds.
    pub polling_millis: u64,
    /// Whether assignments are tracked.
    pub tracks_assignments: bool,
    /// What assignments carry as `[Experiment] Environment Name`.
    pub environment: Option<Text>,
    /// How many assignments of the day are remembered.
    pub capacity: usize,
}

impl Config {
    /// The defaults for a deployment and a server: polls each 30 seconds, tracks assignments, remembers 65,536 of them.
    pub fn new(api_key: impl Into<Text>, server_url: impl Into<Text>) -> Self {
        Self {
            api_key: api_key.into(),
            server_url: server_url.into(),
            polling_millis: POLLING_MILLIS,
            tracks_assignments: true,
            environment: None,
            capacity: CAPACITY,
        }
    }
}

/// Compiled flags, and the assignments that were tracked.
pub struct LocalEvaluation<D: Dialect> {
    dialect: D,
    config: Config,
    flags: Flags<D::Pattern>,
    filter: Filter,
    loading: Loading,
    retry_queue: RetryQueue,
    /// The fields of unusable ids, each logged once.
    reported: Vec<&'static str>,
    effects: VecDeque<Effect>,
}

impl<D: Dialect> LocalEvaluation<D> {
    /// Without flags, and not loading any yet.
    pub fn new(dialect: D, config: Config) -> Self {
        Self {
            dialect,
            flags: Flags::default(),
            filter: Filter::new(config.capacity),
            loading: Loading::default(),
            retry_queue: RetryQueue::default(),
            reported: Vec::new(),
            effects: VecDeque::new(),
            config,
        }
    }

    /// Restores what an instance that was lost had saved in [`Area::Page`]: its flags, and the assignments that were not
    /// settled. A process that keeps its instance ignores [`Effect::Save`] and [`Effect::Remove`], and has no need of this.
    #[must_use]
    pub fn restored(mut self, storage: &impl Storage, now: Now) -> Self {
        let flags = storage.read(Area::Page, keys::LOCAL_FLAGS.as_bytes());
        if let Some((flags, _)) = flags.and_then(|text| Flags::read(&text, &self.dialect)) {
            self.flags = flags;
        }
        for (_, event) in storage.entries(Area::Page, keys::ASSIGNMENT.as_bytes()) {
            self.restore(event.as_str().cloned().unwrap_or_default(), now);
        }
        self
    }

    /// Replaces the flags: JSON of `[flag, …]` or `{key: flag, …}`. Returns the flags that cannot be read.
    ///
    /// # Errors
    /// [`Error::Decode`] when the text holds no flags. The flags of before stay.
    pub fn set_flags(&mut self, text: &[u8]) -> Result<Vec<FlagError>, Error> {
        let (flags, broken) = Flags::read(text, &self.dialect).ok_or(Error::Decode)?;
        self.flags = flags;
        self.effects.push_back(Effect::Save(Area::Page, keys::LOCAL_FLAGS.into(), text.into()));
        Ok(broken)
    }

    /// Loads the flags now, and again each [`Config::polling_millis`]. [`Effect::Settle`] has the result of the first load.
    pub fn start(&mut self, now: Now) -> FetchId {
        self.loading.start_polling(self.config.polling_millis);
        self.refresh(now)
    }

    /// Loads the flags now, unless a request is in flight. [`Effect::Settle`] has the result.
    pub fn refresh(&mut self, now: Now) -> FetchId {
        let call = self.loading.await_result();
        if let Some(error) = self.config_error() {
            self.stop();
            self.settle(Err(error), None, now);
        } else if let Some(id) = self.loading.begin(now) {
            self.send(id);
        }
        call
    }

    /// Why no request can be made.
    fn config_error(&self) -> Option<Error> {
        match &self.config {
            Config { api_key, .. } if api_key.is_empty() => Some(Error::ApiKeyEmpty),
            Config { server_url, .. } if server_url.trim_ascii().is_empty() => Some(Error::Argument),
            _ => None,
        }
    }

    /// Stops polling. A request in flight is still applied.
    pub fn stop(&mut self) {
        self.loading.stop_polling();
    }

    /// The variants of a user, by flag key: of the flags in `keys` and of those they depend on, or of all. A value that is
    /// no text is its JSON. A result that is new today is an [`Effect::Track`]. An id that is neither text nor number counts as
    /// absent, and its field is logged once.
    pub fn evaluate(&mut self, user: &Object, keys: Option<&[Text]>, now: Now) -> Object {
        let mut user = user.clone();
        remove_unusable_ids(&mut user, |field| self.report(field));
        let mut target = Target::new(context(&user, None));
        let decisions = evaluate(&self.flags, &mut target, keys, &self.dialect, &mut NoopVisitor);
        let mut variants: Vec<Object> = decisions.iter().map(|decision| self.flags.variant_of(decision)).collect();
        if self.config.tracks_assignments {
            let assigned = of_evaluation(&self.flags, &decisions, &variants, keys);
            self.track_assignment(&Identity::of_user(&user, &self.dialect), &assigned, now);
        }
        variants.iter_mut().for_each(|variant| self.make_value_text(variant));
        let keys = decisions.iter().map(|decision| self.flags.key_of(decision).clone());
        keys.zip(variants.into_iter().map(Value::from)).collect()
    }

    /// Tracks an assignment that is new today. One without a user or without flags is none.
    fn track_assignment(&mut self, identity: &Identity, assigned: &[Assigned], now: Now) {
        if identity.is_unknown() || assigned.is_empty() {
            return;
        }
        let day = day(now.wall);
        let id = insert_id(identity, assigned, day);
        if self.filter.insert(&id, day) {
            let event = event(identity, self.config.environment.as_ref(), assigned, now.wall);
            self.offer(id, event.to_text());
        }
    }

    /// Offers an assignment again that was not settled when an instance was lost.
    fn restore(&mut self, event_text: Text, now: Now) {
        let event = parse(&event_text).ok().and_then(Value::into_object).unwrap_or_default();
        if let Some(id) = event.get("insert_id").and_then(Value::as_str).cloned() {
            self.filter.insert(&id, day(now.wall));
            self.offer(id, event_text);
        }
    }

    fn offer(&mut self, insert_id: Text, event: Text) {
        self.effects.push_back(Effect::Save(Area::Page, key_of(&insert_id), event.clone()));
        self.retry_queue.offer(insert_id, event, &mut self.effects);
        self.remove_settled();
    }

    /// Removes settled assignments from the page, and reports the dropped ones: the next evaluation of the user tracks them
    /// again.
    fn remove_settled(&mut self) {
        while let Some((insert_id, dropped)) = self.retry_queue.take_settled() {
            self.effects.push_back(Effect::Remove(Area::Page, key_of(&insert_id)));
            if let Some(reason) = dropped {
                self.filter.remove(&insert_id);
                self.effects.push_back(Effect::Notify(Change::Dropped(reason)));
            }
        }
    }

    fn settle(&mut self, result: Result<(), Error>, retry_after: Option<u64>, now: Now) {
        if let Some(result) = self.loading.settle(result, retry_after, now) {
            if let Err(error) = result {
                self.log(Level::Error, "the flags could not be loaded; those of before stay", Some(error));
            }
            let calls = self.loading.take_calls();
            self.effects.extend(calls.map(|call| Effect::Settle(call, result)));
        }
    }

    fn send(&mut self, id: RequestId) {
        let Config { api_key, server_url, .. } = &self.config;
        let request = flags_request(api_key, server_url, loading::TIMEOUT_MILLIS);
        self.effects.push_back(Effect::Send(id, Box::new(request)));
    }

    fn report(&mut self, field: &'static str) {
        if !self.reported.contains(&field) {
            self.reported.push(field);
            self.log(Level::Error, field, Some(Error::Argument));
        }
    }

    fn log(&mut self, level: Level, text: &'static str, error: Option<Error>) {
        self.effects.push_back(Effect::Log(level, Message { text, error }));
    }

    /// Makes a text of a variant's value, as the reference's server SDKs do.
    fn make_value_text(&self, variant: &mut Object) {
        match variant.get("value") {
            None | Some(Value::String(_)) => {}
            Some(Value::Null) => drop(variant.remove("value")),
            Some(value) => {
                let text = self.dialect.stringify(value);
                variant.set("value", text);
            }
        }
    }
}

fn key_of(insert_id: &[u8]) -> Text {
    Text::from(keys::ASSIGNMENT).then(insert_id)
}

impl<D: Dialect> Machine for LocalEvaluation<D> {
    fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn next_timeout(&self) -> Option<u64> {
        unless_never(self.loading.next_timeout().min(self.retry_queue.next_timeout()))
    }

    /// Does what is due: polls, retries, offers again, aborts requests that take too long.
    fn handle_timeout(&mut self, now: Now) {
        self.retry_queue.handle_timeout(now, &mut self.effects);
        if let Some(id) = self.loading.end_overdue(now) {
            self.effects.push_back(Effect::Abort(id));
            self.settle(Err(Error::Timeout), None, now);
        }
        if let Some(id) = self.loading.begin_due(now) {
            self.send(id);
        }
    }

    /// The status 304 means that nothing changed; an edge uses it too for a body that it has read before.
    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        if !self.loading.end(id) {
            return;
        }
        let (read, retry_after) = match result {
            Ok(Response { status: 200, body, .. }) => (self.set_flags(&body), None),
            Ok(Response { status: 304, .. }) => (Ok(Vec::new()), None),
            Ok(Response { status, retry_after, .. }) => (Err(Error::Http { status }), retry_after),
            Err(error) => (Err(error), None),
        };
        if read.as_ref().is_ok_and(|broken| !broken.is_empty()) {
            self.log(Level::Warn, "some flags could not be read and are left out", None);
        }
        self.settle(read.map(drop), retry_after, now);
    }

    /// Refused, an assignment is offered again after 1, 5 and 25 seconds.
    fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now) {
        self.retry_queue.handle_tracked(id, tracking, now);
        self.remove_settled();
    }
}
