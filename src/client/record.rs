//! The record of exposures that a provider was told: which variant of a flag somebody met last, and how often they came back
//! to each.
//!
//! It is kept as it is stored, and read anew at each exposure, so that pages and tabs know of each other: one object, mostly of
//! digests. `{person and flag: variant, person, flag, variant and day: number}`, whatever was told last standing last. It is
//! bounded. What is forgotten is told again under the number 0, which is an id that the server has: somebody who comes back
//! may count once too little, and never once too much.

use super::config::Window;
use crate::digest;
use crate::exposure::{Exposure, ExposureEvent, insert_id};
use crate::json::{Object, Text, Value};
use crate::storage::{Area, Storage};
use crate::time::day;

/// How much is remembered: two entries of some thirty characters for an exposure. Twice as many exposures as wait for a
/// plugin, in a hundredth of what browsers give a page.
const MOST: usize = 2_048;

/// What was told to whom.
pub(super) struct Record {
    window: Window,
    area: Area,
    key: Text,
    deployment: Text,
}

impl Record {
    /// The record of a deployment: two whose keys end alike share the place, but not what was told.
    pub(super) fn new(window: Window, namespace: &Text, deployment: &Text) -> Self {
        let area = if window == Window::Day { Area::Local } else { Area::Page };
        Self { window, area, key: namespace.then(b"-exposed"), deployment: deployment.clone() }
    }

    /// How often the person came back to the variant that day, if the exposure is to be told. `waiting`: what is to be recorded
    /// before it, oldest first.
    pub(super) fn turn<'a>(
        &self,
        event: &ExposureEvent,
        waiting: impl Iterator<Item = &'a ExposureEvent>,
        storage: &dyn Storage,
    ) -> Option<u64> {
        if self.window == Window::None {
            return None;
        }
        let mut met = self.read(storage);
        for earlier in waiting {
            self.meet(earlier, &mut met);
        }
        let turn = self.meet(event, &mut met)?;
        if self.window == Window::Page {
            self.write(&met, storage);
        }
        Some(turn)
    }

    /// A day's exposure counts as told from now on. A page's does from the start: its record lasts no longer than the page.
    pub(super) fn tell(&self, event: &ExposureEvent, storage: &dyn Storage) {
        let mut met = self.read(storage);
        self.meet(event, &mut met);
        self.write(&met, storage);
    }

    fn write(&self, met: &Object, storage: &dyn Storage) {
        storage.write(self.area, &self.key, Some(&met.to_text()));
    }

    fn read(&self, storage: &dyn Storage) -> Object {
        let text = storage.read(self.area, &self.key).unwrap_or_default();
        Object::parse(&text).unwrap_or_default()
    }

    /// The person meets the variant. How often they came back to it that day, unless it is the one they met last.
    fn meet(&self, event: &ExposureEvent, met: &mut Object) -> Option<u64> {
        let today = day(event.time);
        let name = |exposure: &Exposure, day: u64| {
            digest::short(&insert_id(&event.identity, exposure, day, 0).then(&self.deployment))
        };
        let person = name(&Exposure::default(), 0);
        let flag = person.then(&event.exposure.flag_key);
        let scope = if self.window == Window::Page { person } else { Text::from_u64(today) };
        if met.get(SCOPE).and_then(Value::as_str) != Some(&scope) {
            *met = Object::new();
        }
        put_last(met, SCOPE.into(), scope.into());
        // A page that stays open tells nobody again what they met last, because a new day has begun.
        let last = name(&event.exposure, 0);
        if met.get(&flag).and_then(Value::as_str) == Some(&last) {
            return None;
        }
        let variant = name(&event.exposure, today);
        let turn = met.get(&variant).and_then(Value::as_u64).map_or(0, |turn| turn.wrapping_add(1));
        put_last(met, variant, turn.into());
        put_last(met, flag, last.into());
        Some(turn)
    }
}

/// Whose a page's record is, and of what day a day's: whatever it says of another one is forgotten.
const SCOPE: &str = "of";

/// Puts a value last, and lets the first one go when there are too many.
fn put_last(object: &mut Object, name: Text, value: Value) {
    object.remove(&name);
    object.push(name, value);
    if object.len() > MOST {
        object.remove_first();
    }
}
