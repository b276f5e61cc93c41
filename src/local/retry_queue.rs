//! Events that the provider has not taken yet: each is offered again until it is taken or was refused four times.

use std::collections::VecDeque;

use super::Effect;
use crate::effect::{DropReason, TrackId};
use crate::exposure::{RETRY_MILLIS, Tracking};
use crate::json::Text;
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
    dropped: Vec<(TrackId, Text, DropReason)>,
}

#[derive(Debug)]
struct PendingEvent {
    id: TrackId,
    insert_id: Text,
    event: Text,
    refusals: usize,
    /// When it is offered again; `None` while the provider has not answered.
    retry_at: Option<u64>,
}

impl Default for RetryQueue {
    fn default() -> Self {
        Self { pending: VecDeque::new(), bytes: 0, next_id: 0, due: NEVER, dropped: Vec::new() }
    }
}

impl RetryQueue {
    /// Adds an event and offers it.
    pub(super) fn offer(&mut self, insert_id: Text, event: Text, out: &mut VecDeque<Effect>) {
        let id = TrackId(self.next_id);
        // The event that had this id four thousand million events ago is not pending any more.
        self.next_id = self.next_id.wrapping_add(1);
        self.bytes += event.len();
        out.push_back(Effect::Track(id, event.clone()));
        self.pending.push_back(PendingEvent { id, insert_id, event, refusals: 0, retry_at: None });
        while self.bytes > MAX_BYTES && self.pending.len() > 1 {
            self.drop_event(0, DropReason::QueueFull);
        }
    }

    /// The provider answered an offer.
    pub(super) fn handle_tracked(&mut self, id: TrackId, tracking: Tracking, now: Now) {
        let Some(index) = self.index_of(id) else { return };
        match tracking {
            Tracking::Pending => {}
            Tracking::Taken => drop(self.remove(index)),
            Tracking::Refused => self.retry_later(index, now),
        }
    }

    /// The index of an event whose offer is open.
    fn index_of(&self, id: TrackId) -> Option<usize> {
        let first = self.pending.front()?.id.0;
        let nth = |id: TrackId| id.0.wrapping_sub(first);
        let index = self.pending.binary_search_by_key(&nth(id), |event| nth(event.id)).ok()?;
        self.pending.get(index).is_some_and(|event| event.retry_at.is_none()).then_some(index)
    }

    fn retry_later(&mut self, index: usize, now: Now) {
        let Some(event) = self.pending.get_mut(index) else { return };
        match RETRY_MILLIS.get(event.refusals) {
            Some(wait) => {
                event.refusals += 1;
                event.retry_at = Some(now.mono + wait);
                self.due = self.due.min(now.mono + wait);
            }
            None => self.drop_event(index, DropReason::ProviderRefused),
        }
    }

    /// Offers again what is due.
    pub(super) fn handle_timeout(&mut self, now: Now, out: &mut VecDeque<Effect>) {
        if self.due > now.mono {
            return;
        }
        for event in &mut self.pending {
            if event.retry_at.take_if(|time| *time <= now.mono).is_some() {
                out.push_back(Effect::Track(event.id, event.event.clone()));
            }
        }
        self.due = self.pending.iter().filter_map(|event| event.retry_at).min().unwrap_or(NEVER);
    }

    pub(super) fn next_timeout(&self) -> u64 {
        self.due
    }

    /// Takes out an event that was dropped: its id, its insert id, and the reason.
    pub(super) fn take_dropped(&mut self) -> Option<(TrackId, Text, DropReason)> {
        self.dropped.pop()
    }

    fn drop_event(&mut self, index: usize, reason: DropReason) {
        if let Some(PendingEvent { id, insert_id, .. }) = self.remove(index) {
            self.dropped.push((id, insert_id, reason));
        }
    }

    fn remove(&mut self, index: usize) -> Option<PendingEvent> {
        let event = self.pending.remove(index)?;
        self.bytes -= event.event.len();
        Some(event)
    }
}
