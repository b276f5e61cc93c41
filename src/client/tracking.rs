//! Which exposures are told, and told again. There are two that can be told: the page's exposure tracking provider, and an
//! integration plugin; each has its own record of what it was told.
//!
//! A provider is handed an exposure until it takes it or has refused it four times. A plugin that refuses is not ready
//! yet: its exposures wait in a queue that outlives the page, and the first of them is tried once a second.
//!
//! What is told goes into a record only when it is safe: when the provider took it, when it lies in the queue. Until then it
//! waits here, and counts as told on this page alone; a page that dies before leaves it to the next one.

use std::rc::Rc;

use super::config::{Config, Window};
use super::record::Record;
use super::session::Session;
use crate::effect::{Change, DropReason, Effect, Receiver, TrackId};
use crate::exposure::{Exposure, ExposureEvent, RETRY_MILLIS, Tracking, insert_id};
use crate::json::{Object, Text, Value};
use crate::storage::{Area, Storage};
use crate::time::{NEVER, Now, day};
use crate::user::Identity;

/// How long a plugin that is not ready is left alone, in milliseconds: the reference's interval.
const QUEUE_MILLIS: u64 = 1_000;

/// How many exposures wait for a plugin, and as many for a provider; then the oldest that nobody is asked about at this
/// moment is dropped. The reference's number.
const QUEUE: usize = 512;

/// Where the page keeps what a provider has not taken yet, for a client that takes over after a trap.
const TOLD: &[u8] = b"told ";

/// Tells exposures.
pub(super) struct Tracker<S> {
    storage: Rc<S>,
    window: Window,
    record: Record,
    session: Session,
    /// Where exposures wait for a plugin.
    queue: Text,
    /// Whether there is a plugin, and it is set up.
    plugin: Option<bool>,
    /// Nobody is told yet: the visitor has not said whether they want to be tracked.
    is_held: bool,
    /// The oldest first.
    offered: Vec<Offer>,
    next: u32,
}

/// An exposure that was not taken yet. `again` is the time of the next offer, if it waits for one; `is_told`: it stands in the
/// record.
struct Offer {
    id: TrackId,
    to: Receiver,
    event: ExposureEvent,
    refusals: usize,
    again: u64,
    is_asked: bool,
    is_told: bool,
}

impl<S: Storage> Tracker<S> {
    /// Takes up what the page and earlier pages recorded; exposures left open by a lost instance are offered at once.
    pub(super) fn load(config: &Config, storage: Rc<S>, now: Now) -> Self {
        let (window, instance) = (config.window(), config.instance_name());
        let mut tracker = Self {
            window,
            record: Record::new(window, &config.namespace(), config.api_key()),
            session: Session::new(&instance),
            queue: Text::from("EXP_queue_v1_").then(&instance).then(b"_"),
            plugin: None,
            is_held: config.is_held(),
            offered: Vec::new(),
            next: 0,
            storage,
        };
        let again = if tracker.is_held { NEVER } else { now.mono };
        for (_, told) in tracker.storage.entries(Area::Page, TOLD) {
            tracker.take_up(Receiver::Provider, None, &told, again, window == Window::Page);
        }
        for (key, waiting) in tracker.storage.entries(Area::Local, &tracker.queue) {
            // What lies on the page alone is in no record: see `keep`.
            let is_told = tracker.storage.read(Area::Page, &key).is_none();
            tracker.take_up(Receiver::Plugin, Some(&key), &waiting, NEVER, is_told);
        }
        tracker
    }

    /// There is a plugin; with `is_ready` it is set up. What was met before it came is kept for it from now on.
    pub(super) fn integrate(&mut self, is_ready: bool, out: &mut Vec<Effect>) {
        if self.plugin.replace(is_ready).is_none() {
            for place in 0..self.offered.len() {
                if self.offered.get(place).is_some_and(|offer| offer.to == Receiver::Plugin && !offer.is_told) {
                    self.keep(place);
                }
            }
        }
        self.offer_first(out);
    }

    /// Whether a plugin is being set up.
    pub(super) fn is_waiting(&self) -> bool {
        self.plugin == Some(false)
    }

    /// The person met a variant.
    #[inline(never)]
    pub(super) fn exposed(&mut self, exposure: Exposure, person: &Identity, now: Now, out: &mut Vec<Effect>) {
        let (identity, insert_id) = (person.clone(), Text::default());
        let event = ExposureEvent { exposure, identity, time: now.wall, insert_id };
        let mut is_new = false;
        for to in [Receiver::Provider, Receiver::Plugin] {
            if let Some(turn) = self.turn(to, &event) {
                self.hand(to, event.clone(), turn, out);
                is_new = true;
            }
        }
        if is_new {
            out.push(Effect::Notify(Change::Exposure(Box::new(event.exposure))));
        }
    }

    /// Somebody answered.
    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now, out: &mut Vec<Effect>) {
        let Some(place) = self.offered.iter().position(|offer| offer.id == id && offer.is_asked) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => {
                self.tell(place, true);
                self.forget(place, out);
            }
            Tracking::Refused => self.refused(place, now, out),
        }
    }

    /// Offers again what is due.
    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut Vec<Effect>) {
        for offer in self.offered.iter_mut().filter(|offer| !offer.is_asked && offer.again <= now.mono) {
            offer.again = NEVER;
            if offer.to == Receiver::Provider {
                offer.make(out);
            }
        }
        self.offer_first(out);
    }

    /// Says what is not told any more: what a provider refused and was to be offered again. What waits for a plugin is
    /// stored.
    pub(super) fn close(&mut self, out: &mut Vec<Effect>) {
        // Nobody refused what waits for the visitor's consent.
        let is_held = self.is_held;
        let waits = |offer: &Offer| offer.to == Receiver::Provider && !offer.is_asked && !is_held;
        while let Some(place) = self.offered.iter().position(waits) {
            self.give_up(place, DropReason::ProviderRefused, out);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(super) fn next_timeout(&self) -> u64 {
        let waiting = self.offered.iter().filter(|offer| !offer.is_asked);
        waiting.map(|offer| offer.again).fold(NEVER, u64::min)
    }

    /// An exposure that a lost instance or an earlier page had not been rid of.
    /// `key`: where it waited, which may be the queue of an instance whose name only begins like this one's.
    fn take_up(&mut self, to: Receiver, key: Option<&Text>, told: &Value, again: u64, is_told: bool) {
        let told = told.as_str().and_then(|told| Object::parse(told)).unwrap_or_default();
        if let Some(event) = ExposureEvent::from_event(&told)
            && key.is_none_or(|key| *key == key_of(&self.queue, &event))
        {
            self.offer(Offer { again, is_told, ..Offer::new(to, event) });
        }
    }

    /// The number that tells the exposure from others of the variant, if it is to be told.
    #[inline(never)]
    fn turn(&mut self, to: Receiver, event: &ExposureEvent) -> Option<u64> {
        let waits = |offer: &&Offer| {
            offer.to == to && !offer.is_told && offer.event.exposure.flag_key == event.exposure.flag_key
        };
        let waiting = self.offered.iter().filter(waits).map(|offer| &offer.event);
        if to == Receiver::Provider {
            return self.record.turn(event, waiting, &*self.storage);
        }
        // Where there is neither, a plugin may still come to the page.
        let is_heard = self.plugin.is_some() || self.window == Window::None;
        // The time makes the id another one, each time the variant is met.
        (is_heard && self.session.is_new(event, waiting, &*self.storage)).then_some(event.time)
    }

    /// Stamps an exposure, keeps it, and offers it when it can be.
    #[inline(never)]
    fn hand(&mut self, to: Receiver, mut event: ExposureEvent, turn: u64, out: &mut Vec<Effect>) {
        event.insert_id = insert_id(&event.identity, &event.exposure, day(event.time), turn);
        // Others are handed what the page bootstrapped, as the reference hands it.
        if to == Receiver::Provider && self.window == Window::Day {
            event.exposure.make_texts();
        }
        self.make_room(to, out);
        let is_told = to == Receiver::Provider && self.window == Window::Page;
        let place = self.offer(Offer { is_told, ..Offer::new(to, event) });
        if to == Receiver::Provider || self.plugin.is_some() {
            self.keep(place);
        }
        if to == Receiver::Plugin {
            self.offer_first(out);
        } else if !self.is_held
            && let Some(offer) = self.offered.get_mut(place)
        {
            offer.make(out);
        }
    }

    fn make_room(&mut self, to: Receiver, out: &mut Vec<Effect>) {
        while self.offered.iter().filter(|offer| offer.to == to).count() >= QUEUE
            && let Some(oldest) = self.offered.iter().position(|offer| offer.to == to && !offer.is_asked)
        {
            self.give_up(oldest, DropReason::QueueFull, out);
        }
    }

    fn offer(&mut self, offer: Offer) -> usize {
        let id = TrackId(self.next);
        self.next = self.next.wrapping_add(1);
        // In the order in which they were met, wherever they were kept.
        let is_later = |later: &Offer| later.event.time > offer.event.time;
        let place = self.offered.iter().position(is_later).unwrap_or(self.offered.len());
        self.offered.insert(place, Offer { id, ..offer });
        place
    }

    /// The plugin is asked about the first exposure that waits for it. One that is gone from the queue another client, or
    /// another tab, was rid of.
    fn offer_first(&mut self, out: &mut Vec<Effect>) {
        while self.plugin == Some(true)
            && !self.is_held
            && let Some(place) = self.offered.iter().position(|offer| offer.to == Receiver::Plugin)
            && let Some(first) = self.offered.get_mut(place).filter(|first| !first.is_asked)
        {
            let key = key_of(&self.queue, &first.event);
            if !first.is_told || self.storage.read(Area::Local, &key).is_some() {
                return first.make(out);
            }
            self.offered.remove(place);
        }
    }

    fn refused(&mut self, place: usize, now: Now, out: &mut Vec<Effect>) {
        let Some(offer) = self.offered.get_mut(place) else { return };
        let wait = match offer.to {
            Receiver::Provider => RETRY_MILLIS.get(offer.refusals).copied(),
            Receiver::Plugin => Some(QUEUE_MILLIS),
        };
        offer.refusals += 1;
        offer.is_asked = false;
        match wait {
            Some(wait) => offer.again = now.mono + wait,
            None => self.give_up(place, DropReason::ProviderRefused, out),
        }
    }

    /// A plugin is told of it no more. What the day's provider did not take, another page may tell it.
    fn give_up(&mut self, place: usize, reason: DropReason, out: &mut Vec<Effect>) {
        if self.offered.get(place).is_some_and(|offer| offer.to == Receiver::Plugin) {
            self.tell(place, true);
        }
        self.forget(place, out);
        out.push(Effect::Notify(Change::Dropped(reason)));
    }

    fn forget(&mut self, place: usize, out: &mut Vec<Effect>) {
        let Offer { to, event, .. } = self.offered.remove(place);
        self.storage.write(to.area(), &self.key(to, &event), None);
        if to == Receiver::Plugin {
            self.offer_first(out);
        }
    }

    /// Writes an exposure down. In the queue it is as good as told; of a day's provider it is not known before it answers.
    fn keep(&mut self, place: usize) {
        let Some(Offer { to, event, .. }) = self.offered.get(place) else { return };
        let is_kept = self.storage.write(to.area(), &self.key(*to, event), Some(&event.to_event().to_text()));
        if is_kept && *to == Receiver::Plugin {
            self.tell(place, false);
        }
    }

    /// It stands in the record from now on.
    fn tell(&mut self, place: usize, is_late: bool) {
        let Some(offer) = self.offered.get_mut(place).filter(|offer| !offer.is_told) else { return };
        offer.is_told = true;
        match offer.to {
            Receiver::Provider => self.record.tell(&offer.event, &*self.storage),
            Receiver::Plugin => self.session.tell(&offer.event, is_late, &*self.storage),
        }
    }

    fn key(&self, to: Receiver, event: &ExposureEvent) -> Text {
        let prefix = if to == Receiver::Provider { TOLD } else { &self.queue };
        key_of(prefix, event)
    }
}

fn key_of(prefix: &[u8], event: &ExposureEvent) -> Text {
    Text::from(prefix).then(&event.insert_id)
}

impl Receiver {
    /// Where exposures lie that they have not taken yet.
    fn area(self) -> Area {
        match self {
            Self::Provider => Area::Page,
            Self::Plugin => Area::Local,
        }
    }
}

impl Offer {
    fn new(to: Receiver, event: ExposureEvent) -> Self {
        Self { id: TrackId(0), to, event, refusals: 0, again: NEVER, is_asked: false, is_told: false }
    }

    fn make(&mut self, out: &mut Vec<Effect>) {
        self.is_asked = true;
        out.push(Effect::Track(self.id, self.to, Box::new(self.event.clone())));
    }
}
