//! A JavaScript object or function as the exposure tracking provider.
//!
//! It is called as `track(exposure, event)`. `undefined` means taken; `false`, a throw or a rejection mean refused; a
//! promise means that it will say later. Whatever it does, nothing of it reaches the page's call of `variant()`.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::field::{call, field};
use super::text::value_of;
use crate::exposure::{ExposureEvent, ExposureTrackingProvider, Tracking};

/// The page's provider.
pub(super) struct JsProvider<'a> {
    pub(super) provider: &'a JsValue,
    /// Waits for a promise.
    pub(super) wait: &'a dyn Fn(&JsValue),
    /// Where what it throws is put.
    pub(super) thrown: &'a RefCell<JsValue>,
}

impl ExposureTrackingProvider for JsProvider<'_> {
    fn track(&self, event: &ExposureEvent) -> Tracking {
        match self.call(event) {
            Err(thrown) => {
                drop(self.thrown.replace(thrown));
                Tracking::Refused
            }
            Ok(answer) if answer.is_object() && is_thenable(&answer) => {
                (self.wait)(&answer);
                Tracking::Pending
            }
            Ok(answer) => judged(&answer),
        }
    }
}

impl JsProvider<'_> {
    fn call(&self, event: &ExposureEvent) -> Result<JsValue, JsValue> {
        let whole = value_of(&event.to_event().to_text());
        let own = field(self.provider, "track");
        let track = if self.provider.is_function() { self.provider } else { &own };
        call(track, self.provider, &[&field(&whole, "event_properties"), &whole])
    }
}

/// What an answer of the provider means.
pub(super) fn judged(answer: &JsValue) -> Tracking {
    if answer.as_bool() == Some(false) { Tracking::Refused } else { Tracking::Taken }
}

fn is_thenable(answer: &JsValue) -> bool {
    field(answer, "then").is_function()
}
