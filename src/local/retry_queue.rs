//! Assignments that are offered and not taken yet: each is offered again until it is taken or was refused four times.

use std::collections::VecDeque;

use crate::effect::{DropReason, Effect, Receiver, TrackId};
use crate::exposure::Tracking;
use crate::json::Text;
use crate::offer::Offer;
use crate::time::{NEVER, Now};

/// How many bytes of events wait at most; then the oldest goes, and is counted. 30,000 events of ten flags.
const WAITING_BYTES: usize = 16 << 20;

/// Assignments on offer.
#[derive(Debug)]
pub(super) struct RetryQueue {
    /// The oldest first, so in the order of their numbers.
    waiting: VecDeque<PendingEvent>,
    bytes: usize,
    next: u32,
    /// Not after the earliest time that one is offered again.
    due: u64,
    settled: VecDeque<(Text, Option<DropReason>)>,
}

#[derive(Debug)]
struct PendingEvent {
    id: TrackId,
    insert_id: Text,
    event: Text,
    offer: Offer,
}

impl Default for RetryQueue {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, next: 0, due: NEVER, settled: VecDeque::new() }
    }
}

impl RetryQueue {
    pub(super) fn offer(&mut self, insert_id: Text, event: Text, out: &mut VecDeque<Effect>) {
        let id = TrackId(self.next);
        // An offer of four thousand million offers before was settled or given up since.
        self.next = self.next.wrapping_add(1);
        self.bytes += event.len();
        let mut pending = PendingEvent { id, insert_id, event, offer: Offer::at(NEVER) };
        pending.make_offer(out);
        self.waiting.push_back(pending);
        while self.bytes > WAITING_BYTES && self.waiting.len() > 1 {
            self.settle(0, Some(DropReason::QueueFull));
        }
    }

    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now) {
        let Some(index) = self.index_of(id) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => self.settle(index, None),
            Tracking::Refused => self.refused(index, now),
        }
    }

    /// The index of an offer that is open.
    fn index_of(&self, id: TrackId) -> Option<usize> {
        let first = self.waiting.front()?.id.0;
        let nth = |id: TrackId| id.0.wrapping_sub(first);
        let index = self.waiting.binary_search_by_key(&nth(id), |pending| nth(pending.id)).ok()?;
        self.waiting.get(index).is_some_and(|pending| pending.offer.is_open()).then_some(index)
    }

    fn refused(&mut self, index: usize, now: Now) {
        let Some(PendingEvent { offer, .. }) = self.waiting.get_mut(index) else { return };
        match offer.refuse(None, now) {
            true => self.due = self.due.min(offer.next_timeout()),
            false => self.settle(index, Some(DropReason::ProviderRefused)),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut VecDeque<Effect>) {
        if self.due > now.mono {
            return;
        }
        for pending in &mut self.waiting {
            if pending.offer.take_due(now) {
                pending.make_offer(out);
            }
        }
        self.due = self.waiting.iter().map(|pending| pending.offer.next_timeout()).fold(NEVER, u64::min);
    }

    pub(super) fn next_timeout(&self) -> u64 {
        self.due
    }

    /// One that was settled since the last call: its insert id, and why it was given up, if it was not taken.
    pub(super) fn settled(&mut self) -> Option<(Text, Option<DropReason>)> {
        self.settled.pop_front()
    }

    fn settle(&mut self, index: usize, dropped: Option<DropReason>) {
        if let Some(PendingEvent { insert_id, event, .. }) = self.waiting.remove(index) {
            self.bytes -= event.len();
            self.settled.push_back((insert_id, dropped));
        }
    }
}

impl PendingEvent {
    fn make_offer(&mut self, out: &mut VecDeque<Effect>) {
        self.offer.open();
        out.push_back(Effect::Track(self.id, Receiver::Provider, self.event.clone()));
    }
}
