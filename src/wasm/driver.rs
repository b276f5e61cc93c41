//! Drives a state machine: has its effects performed one by one, keeps its one timer, brings it the answers.
//!
//! Storage is written from here; all else JavaScript performs. The machine is borrowed only while one of its methods runs:
//! whatever an effect calls may call back into it. All results come through one method, `handle_callback`, with a number in
//! front that says what it is about.

use std::cell::RefCell;
use std::rc::Rc;

use super::clock::now;
use super::effects;
use super::host::Host;
use super::text::to_js;
use crate::api::Response;
use crate::effect::{Effect, RequestId, TrackId};
use crate::error::Error;
use crate::exposure::Tracking;
use crate::machine::Machine;

/// What a callback reports. `CallbackKind` of `pkg/src/wasm/host.ts` has the same numbers.
mod callback_kind {
    pub(super) const TIMED_OUT: u32 = 1;
    pub(super) const ANSWERED: u32 = 2;
    /// No answer comes.
    pub(super) const FAILED: u32 = 3;
    /// A provider took an exposure.
    pub(super) const TAKEN: u32 = 4;
    pub(super) const REFUSED: u32 = 5;
}

/// A driven machine and its page.
pub(super) struct Driver {
    machine: Rc<RefCell<dyn Machine>>,
    host: Rc<Host>,
}

impl Driver {
    pub(super) fn new(machine: Rc<RefCell<dyn Machine>>, host: Rc<Host>) -> Self {
        Self { machine, host }
    }

    /// The page it is driven on.
    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// Takes a callback of one [`callback_kind`]: the id of the request or exposure, and of an answer the status, the body, and
    /// after how many milliseconds the server wants to be asked again; what is no number is no wait.
    pub(super) fn handle_callback(&self, kind: u32, id: u32, status: u16, body: String, retry_after: f64) {
        let retry_after = (retry_after >= 0.0).then_some(retry_after as u64);
        self.dispatch(kind, id, Response { status, body: body.into(), retry_after });
        self.drain();
    }

    /// Performs what the machine wants done, until it wants nothing, and sets the timer.
    pub(super) fn drain(&self) {
        while let Some(effect) = self.with_machine(|machine| machine.poll_effect()).flatten() {
            self.perform(effect);
        }
        self.set_timer();
    }

    fn perform(&self, effect: Effect) {
        let id = match &effect {
            Effect::Save(area, key, text) => return self.host.save_own(*area, key, text),
            Effect::Remove(area, key) => return self.host.remove(*area, key),
            Effect::Track(TrackId(id), ..) => *id,
            _ => 0,
        };
        let text = effects::list(&effect).finish();
        self.dispatch(self.host.perform(&to_js(&text)), id, Response::default());
    }

    fn dispatch(&self, kind: u32, id: u32, response: Response) {
        let (request, track) = (RequestId(id), TrackId(id));
        self.with_machine(|machine| match kind {
            callback_kind::TIMED_OUT => machine.handle_timeout(now()),
            callback_kind::ANSWERED => machine.handle_response(request, Ok(response), now()),
            callback_kind::FAILED => machine.handle_response(request, Err(Error::Network), now()),
            callback_kind::TAKEN => machine.handle_tracked(track, Tracking::Taken, now()),
            callback_kind::REFUSED => machine.handle_tracked(track, Tracking::Refused, now()),
            _ => {}
        });
    }

    pub(super) fn set_timer(&self) {
        let due = self.with_machine(|machine| machine.next_timeout()).flatten();
        self.host.arm(due.map_or(f64::INFINITY, |due| due as f64));
    }

    /// Lends the machine. It is free whenever code of the page runs; were it not, doing nothing is the safe answer.
    fn with_machine<T>(&self, use_machine: impl FnOnce(&mut dyn Machine) -> T) -> Option<T> {
        self.machine.try_borrow_mut().ok().map(|mut machine| use_machine(&mut *machine))
    }
}

/// No timer outlives the machine.
impl Drop for Driver {
    fn drop(&mut self) {
        self.host.close();
    }
}
