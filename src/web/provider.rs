//! A JavaScript object or function as the exposure tracking provider.
//!
//! It is called as `track(exposure, event)`. `undefined` means taken; `false`, a throw or a rejection mean refused; a
//! promise means that it will say later. Whatever it does, nothing of it reaches the page's call of `variant()`.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::field::{call, field};
use super::text::value_of;
use crate::exposure::{ExposureEvent, ExposureTrackingProvider, Tracking};

/// Hears later what a provider made of an exposure.
pub(super) type Verdict = Rc<dyn Fn(Tracking)>;

type Callback = Closure<dyn FnMut(JsValue)>;

/// The page's provider.
pub(super) struct JsProvider<'a> {
    pub(super) provider: &'a JsValue,
    /// Hears of the end of a promise.
    pub(super) later: Verdict,
}

impl ExposureTrackingProvider for JsProvider<'_> {
    fn track(&self, event: &ExposureEvent) -> Tracking {
        match self.call(event) {
            Err(_) => Tracking::Refused,
            Ok(answer) if answer.is_object() && is_thenable(&answer) => {
                self.wait(&answer);
                Tracking::Pending
            }
            Ok(answer) => judged(&answer),
        }
    }
}

impl JsProvider<'_> {
    fn call(&self, event: &ExposureEvent) -> Result<JsValue, JsValue> {
        let whole = value_of(&event.to_event().to_json());
        let own = field(self.provider, "track");
        let track = if self.provider.is_function() { self.provider } else { &own };
        call(track, self.provider, &[&field(&whole, "event_properties"), &whole])
    }

    /// The two callbacks hold each other until one of them was called.
    fn wait(&self, answer: &JsValue) {
        let held: Rc<RefCell<Option<[Callback; 2]>>> = Rc::default();
        let taken = callback(&held, self.later.clone(), judged);
        let refused = callback(&held, self.later.clone(), |_| Tracking::Refused);
        let _chained = Promise::resolve(answer).then2(&taken, &refused);
        *held.borrow_mut() = Some([taken, refused]);
    }
}

fn callback(held: &Rc<RefCell<Option<[Callback; 2]>>>, later: Verdict, judge: fn(&JsValue) -> Tracking) -> Callback {
    let held = held.clone();
    Closure::once(move |answer: JsValue| {
        let release = held.borrow_mut().take();
        later(judge(&answer));
        drop(release);
    })
}

fn judged(answer: &JsValue) -> Tracking {
    if answer.as_bool() == Some(false) { Tracking::Refused } else { Tracking::Taken }
}

fn is_thenable(answer: &JsValue) -> bool {
    field(answer, "then").is_function()
}
