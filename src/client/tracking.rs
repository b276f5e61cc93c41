//! Which exposures are told, and told again. There are two that can be told: the page's exposure tracking provider, and an
//! integration plugin; each has its own record of what it was told.
//!
//! A provider is handed an exposure until it takes it or has refused it four times. A plugin that refuses is not ready
//! yet: its exposures wait in a queue that outlives the page, and the first of them is tried once a second.

use super::config::{Config, Window};
use super::record::Record;
use super::session::Session;
use crate::effect::{Change, DropReason, Effect, Receiver, TrackId};
use crate::exposure::{Exposure, ExposureEvent, RETRY_MILLIS, Tracking, insert_id};
use crate::json::{Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::time::{NEVER, Now, day};
use crate::user::Identity;

/// How long a plugin that is not ready is left alone, in milliseconds: the reference's interval.
const QUEUE_MILLIS: u64 = 1_000;

/// How many exposures wait for a plugin; then the oldest is dropped. The reference's number.
const QUEUE: usize = 512;

/// How long the day's record waits for more before it is written, in milliseconds. What a killed tab loses in between is
/// told again under the same insert id.
const SAVE_MILLIS: u64 = 100;

/// Where the page keeps what a provider was told, for a client that takes over after a trap.
const TOLD: &[u8] = b"told ";
/// What marks an exposure that is the provider's by now, or nobody's any more.
const SETTLED: &str = "settled";

/// Tells exposures.
pub(super) struct Tracker {
    window: Window,
    record: Record,
    session: Session,
    /// Where exposures wait for a plugin.
    queue: Text,
    /// Whether there is a plugin, and it is set up.
    plugin: Option<bool>,
    /// Nobody is told yet: the visitor has not said whether they want to be tracked.
    is_held: bool,
    offered: Vec<Offer>,
    /// Who was told last, and the page's keys of what they were told and is settled.
    person: Identity,
    settled: Vec<Text>,
    next: u32,
    save_at: u64,
}

/// An exposure that was not taken yet. `again` is the time of the next offer, if it waits for one.
struct Offer {
    id: TrackId,
    to: Receiver,
    event: ExposureEvent,
    refusals: usize,
    again: u64,
    is_asked: bool,
}

impl Tracker {
    /// Takes up what the page and earlier pages recorded; exposures left open by a lost instance are offered at once.
    pub(super) fn load(config: &Config, storage: &dyn Storage, now: Now) -> Self {
        let instance = config.instance_name();
        let mut tracker = Self {
            window: config.window(),
            record: Record::load(config.window(), &config.namespace(), storage, day(now.wall)),
            session: Session::load(&instance, storage),
            queue: Text::from("EXP_queue_v1_").then(&instance).then(b"_"),
            plugin: None,
            is_held: config.is_held(),
            offered: Vec::new(),
            person: Identity::default(),
            settled: Vec::new(),
            next: 0,
            save_at: NEVER,
        };
        for (_, told) in storage.entries(Area::Page, TOLD) {
            tracker.take_up(Receiver::Provider, &told, now);
        }
        for (_, waiting) in storage.entries(Area::Local, &tracker.queue) {
            tracker.take_up(Receiver::Plugin, &waiting, now);
        }
        tracker
    }

    /// There is a plugin; with `is_ready` it is set up. What was met before it came is kept for it from now on.
    pub(super) fn integrate(&mut self, is_ready: bool, out: &mut Vec<Effect>) {
        if self.plugin.replace(is_ready).is_none() {
            for offer in self.offered.iter().filter(|offer| offer.to == Receiver::Plugin) {
                out.push(self.keep(offer.to, &offer.event));
                self.session.save(out);
            }
        }
        self.offer_first(out);
    }

    /// Whether a plugin is being set up.
    pub(super) fn is_waiting(&self) -> bool {
        self.plugin == Some(false)
    }

    /// The person met a variant.
    pub(super) fn exposed(&mut self, exposure: Exposure, person: &Identity, now: Now, out: &mut Vec<Effect>) {
        let mut is_new = false;
        if self.person != *person {
            self.person = person.clone();
            out.extend(self.settled.drain(..).map(|key| Effect::Remove(Area::Page, key)));
        }
        if let Some(turn) = self.record.turn(person, &exposure, day(now.wall)) {
            if self.window == Window::Day {
                self.save_at = self.save_at.min(now.mono + SAVE_MILLIS);
            }
            self.hand(Receiver::Provider, exposure.clone(), person, turn, now, out);
            is_new = true;
        }
        // Where there is neither, a plugin may still come to the page.
        let has_plugin = self.plugin.is_some();
        if (has_plugin || self.window == Window::None) && self.session.is_new(person, &exposure) {
            if has_plugin && !exposure.is_impression() {
                self.session.save(out);
            }
            // The time makes the id another one, each time the variant is met.
            self.hand(Receiver::Plugin, exposure.clone(), person, now.wall, now, out);
            is_new = true;
        }
        if is_new {
            out.push(Effect::Notify(Change::Exposure(Box::new(exposure))));
        }
    }

    /// Somebody answered.
    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now, out: &mut Vec<Effect>) {
        let Some(place) = self.offered.iter().position(|offer| offer.id == id && offer.is_asked) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => self.forget(place, out),
            Tracking::Refused => self.refused(place, now, out),
        }
    }

    /// Offers again what is due and writes the record when it is time.
    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut Vec<Effect>) {
        for offer in self.offered.iter_mut().filter(|offer| !offer.is_asked && offer.again <= now.mono) {
            offer.make(out);
        }
        if self.save_at <= now.mono {
            self.save(now, out);
        }
    }

    /// Writes the record, and says what is not told any more: what a provider refused and was to be offered again. What
    /// waits for a plugin is stored.
    pub(super) fn close(&mut self, now: Now, out: &mut Vec<Effect>) {
        // Nobody refused what waits for the visitor's consent.
        let is_held = self.is_held;
        let waits = |offer: &Offer| offer.to == Receiver::Provider && !offer.is_asked && !is_held;
        while let Some(place) = self.offered.iter().position(waits) {
            self.give_up(place, DropReason::ProviderRefused, out);
        }
        self.save(now, out);
    }

    fn save(&mut self, now: Now, out: &mut Vec<Effect>) {
        if std::mem::replace(&mut self.save_at, NEVER) < NEVER {
            out.push(self.record.save(day(now.wall)));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(super) fn next_timeout(&self) -> u64 {
        let waiting = self.offered.iter().filter(|offer| !offer.is_asked);
        waiting.map(|offer| offer.again).fold(self.save_at, u64::min)
    }

    /// An exposure that a lost instance or an earlier page had not been rid of.
    fn take_up(&mut self, to: Receiver, told: &Text, now: Now) {
        let told = parse(told).ok().and_then(Value::into_object).unwrap_or_default();
        let Some(event) = ExposureEvent::from_event(&told) else { return };
        let is_provider = to == Receiver::Provider;
        if is_provider {
            self.record.turn(&event.identity, &event.exposure, day(event.time));
            self.person = event.identity.clone();
        }
        if told.get(SETTLED).is_some() {
            self.settled.push(self.key(to, &event));
        } else {
            let at_once = is_provider && !self.is_held;
            self.offer(to, event, if at_once { now.mono } else { NEVER });
        }
    }

    /// Stamps an exposure, keeps it, and offers it when it can be.
    fn hand(
        &mut self,
        to: Receiver,
        exposure: Exposure,
        person: &Identity,
        turn: u64,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let insert_id = insert_id(person, &exposure, day(now.wall), turn);
        let event = ExposureEvent { exposure, identity: person.clone(), time: now.wall, insert_id };
        if to == Receiver::Provider || self.plugin.is_some() {
            out.push(self.keep(to, &event));
        }
        let offer = self.offer(to, event, NEVER);
        if to == Receiver::Plugin {
            self.offer_first(out);
        } else if !self.is_held
            && let Some(offer) = self.offered.get_mut(offer)
        {
            offer.make(out);
        }
        if self.offered.len() > QUEUE
            && let Some(oldest) = self.offered.iter().position(|offer| !offer.is_asked)
        {
            self.give_up(oldest, DropReason::QueueFull, out);
        }
    }

    fn offer(&mut self, to: Receiver, event: ExposureEvent, again: u64) -> usize {
        let id = TrackId(self.next);
        self.next = self.next.wrapping_add(1);
        // In the order in which they were met, wherever they were kept.
        let place = self.offered.iter().position(|later| later.event.time > event.time).unwrap_or(self.offered.len());
        self.offered.insert(place, Offer { id, to, event, refusals: 0, again, is_asked: false });
        place
    }

    /// The plugin is asked about the first exposure that waits for it.
    fn offer_first(&mut self, out: &mut Vec<Effect>) {
        let first = self.offered.iter_mut().find(|offer| offer.to == Receiver::Plugin);
        if let Some(first) = first.filter(|first| self.plugin == Some(true) && !self.is_held && !first.is_asked) {
            first.make(out);
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

    fn give_up(&mut self, place: usize, reason: DropReason, out: &mut Vec<Effect>) {
        self.forget(place, out);
        out.push(Effect::Notify(Change::Dropped(reason)));
    }

    fn forget(&mut self, place: usize, out: &mut Vec<Effect>) {
        let Offer { to, event, .. } = self.offered.remove(place);
        let key = self.key(to, &event);
        // What another client is to know after a trap: of the plugin's, nothing; and nothing of whoever left.
        if to == Receiver::Plugin {
            out.push(Effect::Remove(to.area(), key));
            self.offer_first(out);
        } else if event.identity == self.person {
            let mut told = event.to_event();
            told.put(SETTLED, true);
            out.push(Effect::Save(to.area(), key.clone(), told.to_text()));
            self.settled.push(key);
        } else {
            out.push(Effect::Remove(to.area(), key));
        }
    }

    fn keep(&self, to: Receiver, event: &ExposureEvent) -> Effect {
        Effect::Save(to.area(), self.key(to, event), event.to_event().to_text())
    }

    fn key(&self, to: Receiver, event: &ExposureEvent) -> Text {
        let prefix = match to {
            Receiver::Provider => TOLD,
            Receiver::Plugin => self.queue.as_bytes(),
        };
        Text::from(prefix).then(&event.insert_id)
    }
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
    fn make(&mut self, out: &mut Vec<Effect>) {
        self.is_asked = true;
        out.push(Effect::Track(self.id, self.to, Box::new(self.event.clone())));
    }
}
