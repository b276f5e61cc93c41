//! Which exposures are told, and told again: one per flag, variant, experiment and person within the window, each handed
//! over until the provider takes it or has refused it four times.

use super::config::Window;
use super::record::Record;
use crate::effect::{Change, DropReason, Effect, TrackId};
use crate::exposure::{Exposure, ExposureEvent, Tracking, insert_id};
use crate::json::{Object, Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::time::{Now, day};
use crate::user::Identity;

/// After how many milliseconds a refused exposure is offered again; then it is dropped (DESIGN, "Identity and exposures").
const RETRY_MILLIS: [u64; 3] = [1_000, 5_000, 25_000];

/// How long the day's record waits for more before it is written, in milliseconds. What a killed tab loses in between is
/// told again under the same insert id.
const SAVE_MILLIS: u64 = 100;

/// Where the page keeps what was told, for a client that takes over after a trap.
const TOLD: &[u8] = b"told ";
/// What marks an exposure that is the provider's by now, or nobody's any more.
const SETTLED: &str = "settled";

/// Tells exposures.
pub(super) struct Tracker {
    window: Window,
    record: Record,
    offered: Vec<Offer>,
    next: u32,
    save_at: Option<u64>,
}

/// An exposure that the provider has not taken yet. `again` is the time of the next offer; without one it is being asked.
struct Offer {
    id: TrackId,
    event: ExposureEvent,
    refusals: usize,
    again: Option<u64>,
}

impl Tracker {
    /// Takes up what the page and earlier pages recorded; exposures left open by a lost instance are offered at once.
    pub(super) fn load(window: Window, namespace: &Text, storage: &dyn Storage, now: Now) -> Self {
        let record = Record::load(window, namespace, storage, day(now.wall));
        let mut tracker = Self { window, record, offered: Vec::new(), next: 0, save_at: None };
        for (_, text) in storage.entries(Area::Page, TOLD) {
            let told = parse(&text).ok().and_then(Value::into_object).unwrap_or_default();
            if let Some(event) = ExposureEvent::from_event(&told) {
                tracker.record.turn(&event.identity, &event.exposure, day(event.time));
                if told.get(SETTLED).is_none() {
                    tracker.offer(event, Some(now.mono));
                }
            }
        }
        tracker
    }

    /// The user met a variant.
    pub(super) fn exposed(&mut self, exposure: Exposure, identity: &Identity, now: Now, out: &mut Vec<Effect>) {
        if self.window == Window::None {
            return;
        }
        let today = day(now.wall);
        let Some(turn) = self.record.turn(identity, &exposure, today) else { return };
        let insert_id = insert_id(identity, &exposure, today, turn);
        if self.window == Window::Day {
            self.save_at.get_or_insert(now.mono + SAVE_MILLIS);
        }
        let event = ExposureEvent { exposure, identity: identity.clone(), time: now.wall, insert_id };
        out.push(keep(&event, event.to_event()));
        let id = self.offer(event.clone(), None);
        out.push(Effect::Track(id, Box::new(event)));
        out.push(Effect::Notify(Change::Exposure));
    }

    /// The provider answered.
    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now, out: &mut Vec<Effect>) {
        let Some(place) = self.offered.iter().position(|offer| offer.id == id && offer.again.is_none()) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => self.forget(place, out),
            Tracking::Refused => self.refused(place, now, out),
        }
    }

    /// Offers again what is due and writes the record when it is time.
    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut Vec<Effect>) {
        for offer in self.offered.iter_mut().filter(|offer| offer.again.is_some_and(|due| due <= now.mono)) {
            offer.again = None;
            out.push(Effect::Track(offer.id, Box::new(offer.event.clone())));
        }
        if self.save_at.is_some_and(|due| due <= now.mono) {
            self.save(now, out);
        }
    }

    /// Writes the record now.
    pub(super) fn save(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.save_at.take().is_some() {
            out.push(self.record.save(day(now.wall)));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(super) fn next_timeout(&self) -> Option<u64> {
        self.offered.iter().filter_map(|offer| offer.again).chain(self.save_at).min()
    }

    fn offer(&mut self, event: ExposureEvent, again: Option<u64>) -> TrackId {
        let id = TrackId(self.next);
        self.next = self.next.wrapping_add(1);
        self.offered.push(Offer { id, event, refusals: 0, again });
        id
    }

    fn refused(&mut self, place: usize, now: Now, out: &mut Vec<Effect>) {
        let Some(offer) = self.offered.get_mut(place) else { return };
        let wait = RETRY_MILLIS.get(offer.refusals);
        offer.refusals += 1;
        match wait {
            Some(wait) => offer.again = Some(now.mono + wait),
            None => {
                self.forget(place, out);
                out.push(Effect::Notify(Change::Dropped(DropReason::ProviderRefused)));
            }
        }
    }

    fn forget(&mut self, place: usize, out: &mut Vec<Effect>) {
        let event = self.offered.remove(place).event;
        let mut told = event.to_event();
        told.put(SETTLED, true);
        out.push(keep(&event, told));
    }
}

fn keep(event: &ExposureEvent, told: Object) -> Effect {
    Effect::Save(Area::Page, Text::from(TOLD).then(&event.insert_id), told.to_text())
}
