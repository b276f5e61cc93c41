//! Drives a state machine: performs its effects one by one, keeps its one timer, brings it the answers.
//!
//! The machine is borrowed only while it thinks. Whatever an effect calls may call back into it. All that JavaScript has to
//! tell comes through one callback, with a number in front that says what it is about: a closure for each would cost 200
//! bytes a piece.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

use super::clock::now;
use super::field::{call_method, field};
use super::provider::{JsProvider, judged};
use super::seed::Seed;
use super::storage::PageStorage;
use super::transport::{UnderWay, send};
use crate::api::{Request, Response};
use crate::effect::{Effect, Receiver, RequestId, TrackId};
use crate::error::Error;
use crate::exposure::{ExposureEvent, Tracking, hand_over};
use crate::machine::Machine;
use crate::storage::Storage;

/// What JavaScript tells of, with the number of the request or exposure.
#[derive(Clone, Copy)]
pub(super) enum News {
    /// The head of a response is there; its body may still be on the way.
    Responded = 0,
    /// The body is there.
    Answered = 1,
    /// No answer comes.
    Failed = 2,
    /// A provider's promise came true.
    Judged = 3,
    /// A provider's promise was broken.
    Refused = 4,
}

/// How many kinds of news there can be: what their numbers are multiplied with.
const KINDS: u32 = 8;

/// A driven machine.
pub(super) struct Driver {
    machine: Rc<RefCell<dyn Machine>>,
    pub(super) storage: Rc<PageStorage>,
    pub(super) seed: Seed,
    under_way: RefCell<Vec<UnderWay>>,
    timer: RefCell<Option<(u64, Timeout)>>,
    /// What was thrown last in place of an answer.
    cause: RefCell<JsValue>,
    hear: Closure<dyn FnMut(u32, JsValue)>,
    this: Weak<Driver>,
}

/// The longest delay of a browser timer, in milliseconds; longer ones would fire at once.
const LONGEST_DELAY: u64 = i32::MAX as u64;

impl Driver {
    pub(super) fn new(machine: Rc<RefCell<dyn Machine>>, storage: Rc<PageStorage>, seed: Seed) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| Self {
            machine,
            storage,
            seed,
            under_way: RefCell::default(),
            timer: RefCell::default(),
            cause: RefCell::new(JsValue::UNDEFINED),
            hear: listener(this.clone()),
            this: this.clone(),
        })
    }

    /// Performs what the machine wants done, until it wants nothing, and sets the timer.
    pub(super) fn drain(&self) {
        while let Some(effect) = self.with(|machine| machine.poll_effect()).flatten() {
            self.perform(effect);
        }
        self.set_timer();
    }

    /// Is told the outcome of a promise. It comes later even from one of the page's that calls at once: news may not come
    /// while other news is heard.
    fn listen(&self, promise: &JsValue, id: u32, kept: News, broken: News) {
        let promise = Promise::resolve(promise);
        let _thrown = call_method(&promise, "then", &[&self.callback(id, kept), &self.callback(id, broken)]);
    }

    fn callback(&self, id: u32, news: News) -> JsValue {
        let hear: &Function = self.hear.as_ref().unchecked_ref();
        hear.bind1(&JsValue::UNDEFINED, &(id * KINDS + news as u32).into()).into()
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Send(id, request) => self.send(id, &request),
            Effect::Abort(id) => self.take(id).into_iter().for_each(|request| request.abort()),
            Effect::Save(area, key, text) => self.storage.keep(area, &key, &text),
            Effect::Remove(area, key) => drop(self.storage.write(area, &key, None)),
            Effect::Track(id, to, event) => self.track(id, to, &event),
            Effect::Settle(id, result) => self.seed.settle(id, result, &self.cause.borrow()),
            Effect::Notify(change) => self.seed.tell(change),
            Effect::Log(level, message) => self.seed.log(level, message, &self.cause.borrow()),
        }
    }

    /// Hands an exposure over. What comes of it, now or later, goes back to the machine.
    fn track(&self, TrackId(id): TrackId, to: Receiver, event: &ExposureEvent) {
        let provider = self.seed.receiver(to);
        let wait = |promise: &JsValue| self.listen(promise, id, News::Judged, News::Refused);
        let tracking = hand_over(&JsProvider { provider: &provider, wait: &wait }, event);
        if tracking != Tracking::Pending {
            self.with(|machine| machine.handle_tracked(TrackId(id), tracking, now()));
        }
    }

    fn hear(&self, news: u32, value: &JsValue) {
        let id = news / KINDS;
        let (request, track) = (RequestId(id), TrackId(id));
        match news % KINDS {
            0 => return self.responded(request, value),
            1 => self.answered(request, value),
            2 => self.failed(request, value.clone()),
            3 => drop(self.with(|machine| machine.handle_tracked(track, judged(value), now()))),
            _ => drop(self.with(|machine| machine.handle_tracked(track, Tracking::Refused, now()))),
        }
        self.drain();
    }

    fn send(&self, id: RequestId, request: &Request) {
        let (promise, under_way) = match send(id, request, &self.seed.get("httpClient")) {
            Ok(sent) => sent,
            Err(thrown) => return self.failed(id, thrown),
        };
        self.under_way.borrow_mut().push(under_way);
        self.listen(&promise, id.0, News::Responded, News::Failed);
    }

    fn responded(&self, id: RequestId, response: &JsValue) {
        if let Some(request) = self.under_way.borrow_mut().iter_mut().find(|request| request.id == id) {
            request.read_head(response);
        }
        // The page's HTTP client gives the body itself.
        let body = call_method(response, "text", &[]).unwrap_or_else(|_| field(response, "body"));
        self.listen(&body, id.0, News::Answered, News::Failed);
    }

    fn answered(&self, id: RequestId, body: &JsValue) {
        let Some(UnderWay { status, retry_after, .. }) = self.take(id) else { return };
        let body = body.as_string().unwrap_or_default().into();
        self.settled(id, Ok(Response { status, body, retry_after }));
    }

    fn failed(&self, id: RequestId, thrown: JsValue) {
        self.cause.replace(thrown);
        self.settled(id, Err(Error::Network));
    }

    fn settled(&self, id: RequestId, result: Result<Response, Error>) {
        drop(self.take(id));
        self.with(|machine| machine.handle_response(id, result, now()));
    }

    fn take(&self, id: RequestId) -> Option<UnderWay> {
        let mut under_way = self.under_way.borrow_mut();
        let place = under_way.iter().position(|request| request.id == id)?;
        Some(under_way.swap_remove(place))
    }

    pub(super) fn set_timer(&self) {
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

fn listener(driver: Weak<Driver>) -> Closure<dyn FnMut(u32, JsValue)> {
    Closure::new(move |news, value| {
        if let Some(driver) = driver.upgrade() {
            driver.hear(news, &value);
        }
    })
}
