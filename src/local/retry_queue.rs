//! Events that the provider has not taken yet: each is offered again until it is taken or was refused four times.

use std::collections::VecDeque;

use crate::effect::{DropReason, Effect, Receiver, TrackId};
use crate::exposure::Tracking;
use crate::json::Text;
use crate::offer::Offer;
use crate::time::{NEVER, Now};

/// How many bytes of events are pending at most; then the oldest is dropped, and counted. 30,000 events of ten flags.
const MAX_BYTES: usize = 16 << 20;

/// Pending events.
#[derive(Debug)]
pub(super) struct RetryQueue {
    /// The oldest first, so in the order of their ids.
    pending: VecDeque<PendingEvent>,
    bytes: usize,
    next_id: u32,
    /// Not after the earliest retry.
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
        Self { pending: VecDeque::new(), bytes: 0, next_id: 0, due: NEVER, settled: VecDeque::new() }
    }
}

impl RetryQueue {
    /// Adds an event and offers it.
    pub(super) fn offer(&mut self, insert_id: Text, event: Text, out: &mut VecDeque<Effect>) {
        let id = TrackId(self.next_id);
        // The event that had this id four thousand million events ago is not pending any more.
        self.next_id = self.next_id.wrapping_add(1);
        self.bytes += event.len();
        let mut pending = PendingEvent { id, insert_id, event, offer: Offer::at(NEVER) };
        pending.make_offer(out);
        self.pending.push_back(pending);
        while self.bytes > MAX_BYTES && self.pending.len() > 1 {
            self.settle(0, Some(DropReason::QueueFull));
        }
    }

    /// The provider answered an offer.
    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now) {
        let Some(index) = self.index_of(id) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => self.settle(index, None),
            Tracking::Refused => self.retry_later(index, now),
        }
    }

    /// The index of an event that is on offer.
    fn index_of(&self, id: TrackId) -> Option<usize> {
        let first = self.pending.front()?.id.0;
        let nth = |id: TrackId| id.0.wrapping_sub(first);
        let index = self.pending.binary_search_by_key(&nth(id), |event| nth(event.id)).ok()?;
        self.pending.get(index).is_some_and(|event| event.offer.awaits_answer()).then_some(index)
    }

    fn retry_later(&mut self, index: usize, now: Now) {
        let Some(PendingEvent { offer, .. }) = self.pending.get_mut(index) else { return };
        match offer.refuse(None, now) {
            true => self.due = self.due.min(offer.next_timeout()),
            false => self.settle(index, Some(DropReason::ProviderRefused)),
        }
    }

    /// Offers again what is due.
    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut VecDeque<Effect>) {
        if self.due > now.mono {
            return;
        }
        for event in &mut self.pending {
            if event.offer.take_due(now) {
                event.make_offer(out);
            }
        }
        self.due = self.pending.iter().map(|event| event.offer.next_timeout()).fold(NEVER, u64::min);
    }

    pub(super) fn next_timeout(&self) -> u64 {
        self.due
    }

    /// Takes out an event that was settled: its insert id, and the reason, if it was dropped.
    pub(super) fn take_settled(&mut self) -> Option<(Text, Option<DropReason>)> {
        self.settled.pop_front()
    }

    fn settle(&mut self, index: usize, dropped: Option<DropReason>) {
        if let Some(PendingEvent { insert_id, event, .. }) = self.pending.remove(index) {
            self.bytes -= event.len();
            self.settled.push_back((insert_id, dropped));
        }
    }
}

impl PendingEvent {
    fn make_offer(&mut self, out: &mut VecDeque<Effect>) {
        self.offer.mark_offered();
        out.push_back(Effect::Track(self.id, Receiver::Provider, self.event.clone()));
    }
}
