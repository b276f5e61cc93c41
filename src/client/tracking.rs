//! Which exposures are tracked, and when they are offered again. There are two receivers: the page's exposure tracking
//! provider and an integration plugin; each has a history of its own.
//!
//! A provider is offered an exposure until it takes it or has refused it four times. A plugin that refuses is not ready
//! yet: its exposures wait in a queue that outlives the page, and the first of them is offered once a second.
//!
//! An exposure is recorded in the history when it is safe: when the provider took it, or when it is stored in the queue. Until
//! then it is pending here and deduplicates on this page alone. When a page dies before, the exposure is lost; a later page
//! tracks it again if the variant is read there.
//!
//! Whether an exposure is sent is decided in this order:
//!
//! 1. Until the wasm is there, `variant` of `pkg/src/client/fallback.ts`: what would be an exposure is held back.
//! 2. `Client::variant` of `client.rs`: whether it is asked for, and the client is not closed.
//! 3. `Exposure::to` of `exposure.rs`: whether it is one.
//! 4. `admit` here: whether it is new, for the provider by `exposure_history.rs`, for a plugin by `session_history.rs`.
//! 5. `enqueue` and `offer_next_to_plugin` here: whether there is consent; without it, it waits.
//! 6. `handle_tracked` here: whether the receiver took it.
//!
//! What is pending stays the user's it was met by, whoever comes after.

use std::rc::Rc;

use super::config::{Config, DedupScope};
use super::exposure_history::ExposureHistory;
use super::session_history::SessionHistory;
use crate::effect::{Change, DropReason, Effect, Receiver, TrackId};
use crate::exposure::{Exposure, ExposureEvent, Tracking, insert_id};
use crate::json::{Object, Text, Value};
use crate::offer::Offer;
use crate::storage::{Area, Storage, keys};
use crate::time::{NEVER, Now, day};
use crate::user::Identity;

/// How long a plugin that is not ready is left alone, in milliseconds: the reference's interval.
const QUEUE_MILLIS: u64 = 1_000;

/// How many exposures wait for each receiver; then the oldest that is not on offer is dropped. The reference's number.
const MAX_PENDING: usize = 512;

/// Tracks exposures.
pub(super) struct Tracker<S> {
    storage: Rc<S>,
    dedup_scope: DedupScope,
    history: ExposureHistory,
    session: SessionHistory,
    /// The prefix of the keys under which exposures wait for a plugin.
    queue_prefix: Text,
    plugin: Plugin,
    /// The visitor has not yet said whether they want to be tracked: no exposure is offered.
    awaits_consent: bool,
    /// The oldest first.
    pending: Vec<PendingExposure>,
    next_id: u32,
}

/// The page's integration plugin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugin {
    None,
    SettingUp,
    Ready,
}

/// An exposure that its receiver has not taken yet.
struct PendingExposure {
    id: TrackId,
    receiver: Receiver,
    event: ExposureEvent,
    offer: Offer,
    /// It is recorded in the receiver's history.
    is_recorded: bool,
}

impl<S: Storage> Tracker<S> {
    /// Takes up what is pending: for a plugin the exposures of earlier pages, for a provider those of an instance of this page
    /// that was lost, which are offered at once.
    pub(super) fn load(config: &Config, storage: Rc<S>, now: Now) -> Self {
        let (dedup_scope, instance) = (config.dedup_scope(), config.instance_name());
        let mut tracker = Self {
            dedup_scope,
            history: ExposureHistory::new(dedup_scope, &config.namespace(), config.api_key()),
            session: SessionHistory::new(&instance),
            queue_prefix: keys::queue(&instance),
            plugin: Plugin::None,
            awaits_consent: config.awaits_consent(),
            pending: Vec::new(),
            next_id: 0,
            storage,
        };
        let retry_at = if tracker.awaits_consent { NEVER } else { now.mono };
        for (_, stored) in tracker.storage.entries(Area::Page, keys::PENDING) {
            tracker.restore(Receiver::Provider, None, &stored, retry_at, dedup_scope == DedupScope::Page);
        }
        for (key, stored) in tracker.storage.entries(Area::Local, &tracker.queue_prefix) {
            // What is on the page alone is not recorded: see `persist`.
            let is_recorded = tracker.storage.read(Area::Page, &key).is_none();
            tracker.restore(Receiver::Plugin, Some(&key), &stored, NEVER, is_recorded);
        }
        tracker
    }

    /// There is a plugin, set up with `is_ready`. What was met before it came is stored for it from now on.
    pub(super) fn integrate(&mut self, is_ready: bool, out: &mut Vec<Effect>) {
        let plugin = if is_ready { Plugin::Ready } else { Plugin::SettingUp };
        if std::mem::replace(&mut self.plugin, plugin) == Plugin::None {
            for index in 0..self.pending.len() {
                let is_plugins = |pending: &PendingExposure| pending.receiver == Receiver::Plugin;
                if self.pending.get(index).is_some_and(|pending| is_plugins(pending) && !pending.is_recorded) {
                    self.persist(index);
                }
            }
        }
        self.offer_next_to_plugin(out);
    }

    /// Whether a plugin is being set up.
    pub(super) fn awaits_plugin(&self) -> bool {
        self.plugin == Plugin::SettingUp
    }

    /// Tracks that the user met a variant, unless that is a repetition.
    #[inline(never)]
    pub(super) fn track(&mut self, exposure: Exposure, identity: &Identity, now: Now, out: &mut Vec<Effect>) {
        let (identity, insert_id) = (identity.clone(), Text::default());
        let event = ExposureEvent { exposure, identity, time: now.wall, insert_id };
        let mut is_new = false;
        for receiver in [Receiver::Provider, Receiver::Plugin] {
            if let Some(turn) = self.admit(receiver, &event) {
                self.enqueue(receiver, event.clone(), turn, out);
                is_new = true;
            }
        }
        if is_new {
            out.push(Effect::Notify(Change::Exposure(event.exposure.to_object().to_text())));
        }
    }

    /// The receiver answered an offer.
    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now, out: &mut Vec<Effect>) {
        let is_answered = |pending: &PendingExposure| pending.id == id && pending.offer.awaits_answer();
        let Some(index) = self.pending.iter().position(is_answered) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => {
                self.record(index, true);
                self.remove(index, out);
            }
            Tracking::Refused => self.retry_later(index, now, out),
        }
    }

    /// Offers again what is due.
    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut Vec<Effect>) {
        for pending in &mut self.pending {
            if pending.offer.take_due(now) && pending.receiver == Receiver::Provider {
                pending.make_offer(out);
            }
        }
        self.offer_next_to_plugin(out);
    }

    /// Drops what would be offered to a provider again. What waits for a plugin is stored.
    pub(super) fn close(&mut self, out: &mut Vec<Effect>) {
        // What waits for consent was not refused.
        let awaits_consent = self.awaits_consent;
        let waits = |pending: &PendingExposure| {
            pending.receiver == Receiver::Provider && !pending.offer.awaits_answer() && !awaits_consent
        };
        while let Some(index) = self.pending.iter().position(waits) {
            self.drop_pending(index, DropReason::ProviderRefused, out);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(super) fn next_timeout(&self) -> u64 {
        self.pending.iter().map(|pending| pending.offer.next_timeout()).fold(NEVER, u64::min)
    }

    /// Makes an exposure pending that a lost instance or an earlier page stored. `key`: where the queue has it. The prefix of
    /// one instance name may begin the key of another's.
    fn restore(&mut self, receiver: Receiver, key: Option<&Text>, stored: &Value, retry_at: u64, is_recorded: bool) {
        let stored = stored.as_str().and_then(|text| Object::parse(text)).unwrap_or_default();
        if let Some(event) = ExposureEvent::from_event(&stored)
            && key.is_none_or(|key| *key == key_of(&self.queue_prefix, &event))
        {
            self.insert(PendingExposure {
                offer: Offer::at(retry_at),
                is_recorded,
                ..PendingExposure::new(receiver, event)
            });
        }
    }

    /// The turn of an exposure that is new for a receiver: see [`insert_id`].
    #[inline(never)]
    fn admit(&mut self, receiver: Receiver, event: &ExposureEvent) -> Option<u64> {
        let is_unrecorded = |pending: &&PendingExposure| {
            pending.receiver == receiver
                && !pending.is_recorded
                && pending.event.exposure.flag_key == event.exposure.flag_key
        };
        let unrecorded = self.pending.iter().filter(is_unrecorded).map(|pending| &pending.event);
        if receiver == Receiver::Provider {
            return self.history.admit(event, unrecorded, &*self.storage);
        }
        // Without a provider, a plugin may still come to the page.
        let is_tracked = self.plugin != Plugin::None || self.dedup_scope == DedupScope::None;
        // The time as turn: each time the variant is met has an id of its own.
        (is_tracked && self.session.admit(event, unrecorded, &*self.storage)).then_some(event.time)
    }

    /// Stamps an exposure, stores it, and offers it when that is allowed.
    #[inline(never)]
    fn enqueue(&mut self, receiver: Receiver, mut event: ExposureEvent, turn: u64, out: &mut Vec<Effect>) {
        event.insert_id = insert_id(&event.identity, &event.exposure, day(event.time), turn);
        // Other receivers get variants of the kind that the page bootstrapped, as from the reference.
        if receiver == Receiver::Provider && self.dedup_scope == DedupScope::Day {
            event.exposure.make_texts();
        }
        self.make_room(receiver, out);
        let is_recorded = receiver == Receiver::Provider && self.dedup_scope == DedupScope::Page;
        let index = self.insert(PendingExposure { is_recorded, ..PendingExposure::new(receiver, event) });
        if receiver == Receiver::Provider || self.plugin != Plugin::None {
            self.persist(index);
        }
        if receiver == Receiver::Plugin {
            self.offer_next_to_plugin(out);
        } else if !self.awaits_consent
            && let Some(pending) = self.pending.get_mut(index)
        {
            pending.make_offer(out);
        }
    }

    fn make_room(&mut self, receiver: Receiver, out: &mut Vec<Effect>) {
        let is_oldest = |pending: &PendingExposure| pending.receiver == receiver && !pending.offer.awaits_answer();
        while self.pending.iter().filter(|pending| pending.receiver == receiver).count() >= MAX_PENDING
            && let Some(oldest) = self.pending.iter().position(is_oldest)
        {
            self.drop_pending(oldest, DropReason::QueueFull, out);
        }
    }

    /// Adds a pending exposure in the order in which exposures were met, and returns its index.
    fn insert(&mut self, pending: PendingExposure) -> usize {
        let id = TrackId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let is_later = |later: &PendingExposure| later.event.time > pending.event.time;
        let index = self.pending.iter().position(is_later).unwrap_or(self.pending.len());
        self.pending.insert(index, PendingExposure { id, ..pending });
        index
    }

    /// Offers the plugin the first exposure that waits for it. One that is gone from the queue was handled by another client
    /// or tab.
    fn offer_next_to_plugin(&mut self, out: &mut Vec<Effect>) {
        while self.plugin == Plugin::Ready
            && !self.awaits_consent
            && let Some(index) = self.pending.iter().position(|pending| pending.receiver == Receiver::Plugin)
            && let Some(first) = self.pending.get_mut(index).filter(|first| !first.offer.awaits_answer())
        {
            let key = key_of(&self.queue_prefix, &first.event);
            if !first.is_recorded || self.storage.read(Area::Local, &key).is_some() {
                return first.make_offer(out);
            }
            self.pending.remove(index);
        }
    }

    fn retry_later(&mut self, index: usize, now: Now, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.get_mut(index) else { return };
        let wait = (pending.receiver == Receiver::Plugin).then_some(QUEUE_MILLIS);
        if !pending.offer.refuse(wait, now) {
            self.drop_pending(index, DropReason::ProviderRefused, out);
        }
    }

    /// Drops an exposure with a reason. A plugin's is recorded, so that it is not tracked again; what a day's provider did not
    /// take, another page may track.
    fn drop_pending(&mut self, index: usize, reason: DropReason, out: &mut Vec<Effect>) {
        if self.pending.get(index).is_some_and(|pending| pending.receiver == Receiver::Plugin) {
            self.record(index, true);
        }
        self.remove(index, out);
        out.push(Effect::Notify(Change::Dropped(reason)));
    }

    fn remove(&mut self, index: usize, out: &mut Vec<Effect>) {
        let PendingExposure { receiver, event, .. } = self.pending.remove(index);
        self.storage.write(receiver.area(), &self.key(receiver, &event), None);
        if receiver == Receiver::Plugin {
            self.offer_next_to_plugin(out);
        }
    }

    /// Stores a pending exposure. In the plugin's queue it is safe, so it is recorded.
    fn persist(&mut self, index: usize) {
        let Some(PendingExposure { receiver, event, .. }) = self.pending.get(index) else { return };
        let key = self.key(*receiver, event);
        let is_stored = self.storage.write(receiver.area(), &key, Some(&event.to_event().to_text()));
        if is_stored && *receiver == Receiver::Plugin {
            self.record(index, false);
        }
    }

    /// Records a pending exposure in its receiver's history, once. `is_late`: see [`SessionHistory::record`].
    fn record(&mut self, index: usize, is_late: bool) {
        let Some(pending) = self.pending.get_mut(index).filter(|pending| !pending.is_recorded) else { return };
        pending.is_recorded = true;
        match pending.receiver {
            Receiver::Provider => self.history.record(&pending.event, &*self.storage),
            Receiver::Plugin => self.session.record(&pending.event, is_late, &*self.storage),
        }
    }

    fn key(&self, receiver: Receiver, event: &ExposureEvent) -> Text {
        let prefix = if receiver == Receiver::Provider { keys::PENDING } else { &self.queue_prefix };
        key_of(prefix, event)
    }
}

fn key_of(prefix: &[u8], event: &ExposureEvent) -> Text {
    Text::from(prefix).then(&event.insert_id)
}

impl Receiver {
    /// Where its pending exposures are stored.
    fn area(self) -> Area {
        match self {
            Self::Provider => Area::Page,
            Self::Plugin => Area::Local,
        }
    }
}

impl PendingExposure {
    fn new(receiver: Receiver, event: ExposureEvent) -> Self {
        Self { id: TrackId(0), receiver, event, offer: Offer::at(NEVER), is_recorded: false }
    }

    fn make_offer(&mut self, out: &mut Vec<Effect>) {
        self.offer.mark_offered();
        out.push(Effect::Track(self.id, self.receiver, self.event.to_event().to_text()));
    }
}
