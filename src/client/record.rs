//! The record of exposures that a provider was told: by person and flag, the variants met and how often each came back.
//!
//! It is kept as it is stored: `{person: {flag: [[variant, experiment, number, day], …]}}`, whatever was met last standing last.
//! The page's is of one person; the day's is stored, of all people of the browser, and read anew at each exposure, so that
//! pages and tabs know of each other. All of it is bounded. What is forgotten is told again under the number 0, which is an
//! id that the server has: a person who comes back may count once too little, and never once too much.

use super::config::Window;
use crate::digest;
use crate::exposure::{ExposureEvent, text_of};
use crate::json::{Object, Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::time::day;
use crate::user::Identity;

/// How many people of one browser are remembered; whoever was told nothing for the longest time is forgotten first.
const PEOPLE: usize = 16;

/// How many flags of a person are remembered, and how many variants of a flag: more than any page has. Together they stay
/// under a tenth of what browsers give a page.
const FLAGS: usize = 512;
const VARIANTS: usize = 16;

/// What was told to whom.
pub(super) struct Record {
    window: Window,
    key: Text,
    deployment: Text,
}

impl Record {
    /// The record of a deployment: two whose keys end alike share the place, but not what was told.
    pub(super) fn new(window: Window, namespace: &Text, deployment: &Text) -> Self {
        let key = if window == Window::Day { namespace.then(b"-exposed") } else { "exposed".into() };
        Self { window, key, deployment: deployment.clone() }
    }

    /// How often the person came back to the variant that day, if the exposure is to be told. `waiting`: what is about to be
    /// recorded before it, oldest first.
    pub(super) fn turn<'a>(
        &self,
        event: &ExposureEvent,
        waiting: impl Iterator<Item = &'a ExposureEvent>,
        storage: &dyn Storage,
    ) -> Option<u64> {
        if self.window == Window::None {
            return None;
        }
        let (.., mut met) = self.read(event, storage);
        for earlier in waiting.filter(|earlier| earlier.identity == event.identity) {
            self.meet(earlier, &mut met);
        }
        self.meet(event, &mut met)
    }

    /// The exposure counts as told from now on.
    pub(super) fn tell(&self, event: &ExposureEvent, storage: &dyn Storage) {
        let (mut people, mut flags, mut met) = self.read(event, storage);
        self.meet(event, &mut met);
        put_last(&mut flags, &event.exposure.flag_key, met.into(), FLAGS);
        let most = if self.window == Window::Day { PEOPLE } else { 1 };
        put_last(&mut people, &self.name_of(&event.identity), flags.into(), most);
        storage.write(self.area(), &self.key, Some(&people.to_text()));
    }

    /// What was told to all, to the person, and of the flag.
    fn read(&self, event: &ExposureEvent, storage: &dyn Storage) -> (Object, Object, Vec<Value>) {
        let text = storage.read(self.area(), &self.key).unwrap_or_default();
        let people = parse(&text).ok().and_then(Value::into_object).unwrap_or_default();
        let flags = people.get(self.name_of(&event.identity)).and_then(Value::as_object).cloned().unwrap_or_default();
        let met = flags.get(&event.exposure.flag_key).and_then(Value::as_array).map(<[Value]>::to_vec);
        (people, flags, met.unwrap_or_default())
    }

    /// Puts the variant last among those met, and says how often it came back that day, unless it stood there.
    fn meet(&self, event: &ExposureEvent, met: &mut Vec<Value>) -> Option<u64> {
        let (exposure, today) = (&event.exposure, day(event.time));
        let variant = [&exposure.variant, &exposure.experiment_key]
            .map(|name| name.as_ref().map_or(Value::Null, |name| text_of(name).into()));
        let is_it = |seen: &Value| seen.as_array().is_some_and(|seen| seen.starts_with(&variant));
        let number = |seen: &Value, at: usize| seen.as_array()?.get(at)?.as_u64();
        let is_today = |seen: &Value| number(seen, 3) == Some(today);
        if met.last().is_some_and(|last| is_it(last) && (self.window == Window::Page || is_today(last))) {
            return None;
        }
        let before = met.iter().position(is_it).map(|place| met.remove(place)).filter(is_today);
        let turn = before.and_then(|before| number(&before, 2)).map_or(0, |turn| turn.saturating_add(1));
        let [variant, experiment] = variant;
        met.push(vec![variant, experiment, turn.into(), today.into()].into());
        if met.len() > VARIANTS {
            met.remove(0);
        }
        Some(turn)
    }

    /// A digest of both ids: exposures go by both, as the reference's do.
    fn name_of(&self, Identity { user_id, device_id }: &Identity) -> Text {
        let deployment = Some(self.deployment.clone());
        let names = [user_id, device_id, &deployment].map(|name| name.as_ref().map_or(Value::Null, Value::from));
        digest::short(&Value::Array(names.to_vec()).to_text())
    }

    fn area(&self) -> Area {
        if self.window == Window::Day { Area::Local } else { Area::Page }
    }
}

/// Puts a value last, and lets the first ones go that are too many.
fn put_last(object: &mut Object, key: &Text, value: Value, most: usize) {
    object.remove(key);
    object.push(key.clone(), value);
    let too_many = object.len().saturating_sub(most);
    *object = std::mem::take(object).into_iter().skip(too_many).collect();
}
