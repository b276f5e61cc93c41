//! Assignments that are offered and not taken yet: each is offered again until it is taken or was refused four times.

use std::collections::VecDeque;

use super::Effect;
use crate::effect::{DropReason, TrackId};
use crate::exposure::{RETRY_MILLIS, Tracking};
use crate::json::Text;
use crate::time::{NEVER, Now};

/// How many bytes of events wait at most; then the oldest goes, and is counted. 30,000 events of ten flags.
const WAITING_BYTES: usize = 16 << 20;

/// Assignments on offer.
#[derive(Debug)]
pub(super) struct Offers {
    /// The oldest first, so in the order of their numbers.
    waiting: VecDeque<Offer>,
    bytes: usize,
    next: u32,
    /// Not after the earliest time that one is offered again.
    due: u64,
    given_up: Vec<(TrackId, Text, DropReason)>,
}

#[derive(Debug)]
struct Offer {
    id: TrackId,
    insert_id: Text,
    event: Text,
    refusals: usize,
    /// When it is offered again; `None` while it is on offer.
    again: Option<u64>,
}

impl Default for Offers {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, next: 0, due: NEVER, given_up: Vec::new() }
    }
}

impl Offers {
    pub(super) fn offer(&mut self, insert_id: Text, event: Text, out: &mut VecDeque<Effect>) {
        let id = TrackId(self.next);
        // An offer of four thousand million offers before was settled or given up since.
        self.next = self.next.wrapping_add(1);
        self.bytes += event.len();
        out.push_back(Effect::Track(id, event.clone()));
        self.waiting.push_back(Offer { id, insert_id, event, refusals: 0, again: None });
        while self.bytes > WAITING_BYTES && self.waiting.len() > 1 {
            self.give_up(0, DropReason::QueueFull);
        }
    }

    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now) {
        let Some(place) = self.place(id) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => drop(self.remove(place)),
            Tracking::Refused => self.refused(place, now),
        }
    }

    /// Where the offer stands, if it was not answered before.
    fn place(&self, id: TrackId) -> Option<usize> {
        let first = self.waiting.front()?.id.0;
        let nth = |id: TrackId| id.0.wrapping_sub(first);
        let place = self.waiting.binary_search_by_key(&nth(id), |offer| nth(offer.id)).ok()?;
        self.waiting.get(place).is_some_and(|offer| offer.again.is_none()).then_some(place)
    }

    fn refused(&mut self, place: usize, now: Now) {
        let Some(offer) = self.waiting.get_mut(place) else { return };
        match RETRY_MILLIS.get(offer.refusals) {
            Some(wait) => {
                offer.refusals += 1;
                offer.again = Some(now.mono + wait);
                self.due = self.due.min(now.mono + wait);
            }
            None => self.give_up(place, DropReason::ProviderRefused),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut VecDeque<Effect>) {
        if self.due > now.mono {
            return;
        }
        for offer in &mut self.waiting {
            if offer.again.take_if(|again| *again <= now.mono).is_some() {
                out.push_back(Effect::Track(offer.id, offer.event.clone()));
            }
        }
        self.due = self.waiting.iter().filter_map(|offer| offer.again).min().unwrap_or(NEVER);
    }

    pub(super) fn next_timeout(&self) -> u64 {
        self.due
    }

    /// One that was given up since the last call: its number, its insert id and why.
    pub(super) fn given_up(&mut self) -> Option<(TrackId, Text, DropReason)> {
        self.given_up.pop()
    }

    fn give_up(&mut self, place: usize, reason: DropReason) {
        if let Some(Offer { id, insert_id, .. }) = self.remove(place) {
            self.given_up.push((id, insert_id, reason));
        }
    }

    fn remove(&mut self, place: usize) -> Option<Offer> {
        let offer = self.waiting.remove(place)?;
        self.bytes -= offer.event.len();
        Some(offer)
    }
}
