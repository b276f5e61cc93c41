//! Drives a state machine: performs its effects one by one, keeps its one timer, brings it the answers.
//!
//! The machine is borrowed only while it thinks. Whatever an effect calls may call back into it.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;

use super::clock::now;
use super::storage::PageStorage;
use super::transport::{Callbacks, UnderWay};
use crate::api::{Request, Response};
use crate::effect::{Effect, RequestId};
use crate::error::Error;
use crate::time::Now;

/// What is driven: the client, or a delivery.
pub(super) trait Machine {
    fn poll_effect(&mut self) -> Option<Effect>;
    fn next_timeout(&self) -> Option<u64>;
    fn handle_timeout(&mut self, now: Now);
    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now);
}

/// Performs the effects that only one kind of machine has: tracking, settling, telling.
pub(super) type Perform = Box<dyn Fn(Effect)>;

/// A driven machine.
pub(super) struct Driver {
    machine: Rc<RefCell<dyn Machine>>,
    storage: Rc<PageStorage>,
    http_client: JsValue,
    perform: Perform,
    under_way: RefCell<Vec<UnderWay>>,
    timer: RefCell<Option<(u64, Timeout)>>,
    this: Weak<Driver>,
}

/// The longest delay of a browser timer, in milliseconds; longer ones would fire at once.
const LONGEST_DELAY: u64 = i32::MAX as u64;

impl Driver {
    pub(super) fn new(
        machine: Rc<RefCell<dyn Machine>>,
        storage: Rc<PageStorage>,
        http_client: JsValue,
        perform: Perform,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            machine,
            storage,
            http_client,
            perform,
            under_way: RefCell::default(),
            timer: RefCell::default(),
            this: this.clone(),
        })
    }

    /// Performs what the machine wants done, until it wants nothing, and sets the timer.
    pub(super) fn drain(&self) {
        while let Some(effect) = self.with(|machine| machine.poll_effect()).flatten() {
            match effect {
                Effect::Send(id, request) => self.send(id, &request),
                Effect::Abort(id) => self.take(id).into_iter().for_each(UnderWay::abort),
                Effect::Save(area, key, text) => self.storage.save(area, &key, &text),
                Effect::Remove(area, key) => self.storage.remove(area, &key),
                own => (self.perform)(own),
            }
        }
        self.set_timer();
    }

    /// A request came to its end.
    pub(super) fn responded(&self, id: RequestId, result: Result<Response, Error>) {
        let finished = self.take(id);
        self.with(|machine| machine.handle_response(id, result, now()));
        self.drain();
        drop(finished);
    }

    /// Keeps the callbacks of a response whose body is on its way.
    pub(super) fn hold(&self, id: RequestId, callbacks: Callbacks) {
        let first_half = self
            .under_way
            .borrow_mut()
            .iter_mut()
            .find(|request| request.id == id)
            .map(|request| request.hold(callbacks));
        drop(first_half);
    }

    fn send(&self, id: RequestId, request: &Request) {
        match UnderWay::send(id, request, &self.http_client, self.this.clone()) {
            Some(request) => self.under_way.borrow_mut().push(request),
            None => {
                self.with(|machine| machine.handle_response(id, Err(Error::Network), now()));
            }
        }
    }

    fn take(&self, id: RequestId) -> Option<UnderWay> {
        let mut under_way = self.under_way.borrow_mut();
        let place = under_way.iter().position(|request| request.id == id)?;
        Some(under_way.swap_remove(place))
    }

    fn set_timer(&self) {
        let due = self.with(|machine| machine.next_timeout()).flatten();
        let armed = self.timer.borrow().as_ref().map(|(at, _)| *at);
        if due == armed {
            return;
        }
        let timer = due.map(|due| (due, self.timeout(due)));
        drop(self.timer.replace(timer));
    }

    fn timeout(&self, due: u64) -> Timeout {
        let wait = due.saturating_sub(now().mono).min(LONGEST_DELAY);
        let this = self.this.clone();
        Timeout::new(wait as u32, move || {
            if let Some(driver) = this.upgrade() {
                driver.timed_out();
            }
        })
    }

    fn timed_out(&self) {
        let fired = self.timer.take();
        self.with(|machine| machine.handle_timeout(now()));
        self.drain();
        drop(fired);
    }

    /// Borrows the machine. It is free whenever code of the page runs; were it not, doing nothing is the safe answer.
    fn with<T>(&self, use_machine: impl FnOnce(&mut dyn Machine) -> T) -> Option<T> {
        self.machine.try_borrow_mut().ok().map(|mut machine| use_machine(&mut *machine))
    }
}
