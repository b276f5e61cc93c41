//! The record of exposures that were told: by person, flag and the variant last met.
//!
//! It is kept as it is stored: `{person: {flag: {exposure…, day, turn}}}`, the person on the page last. The
//! page's record is of one person; the day's is of the people of that day, and stored, so that a reload and other tabs
//! know it.

use super::config::Window;
use crate::digest;
use crate::effect::Effect;
use crate::exposure::Exposure;
use crate::json::{Object, Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::user::Identity;

/// How many people of one browser and day are remembered; the longest absent is forgotten first.
const PEOPLE: usize = 16;

/// What was told to whom.
pub(super) struct Record {
    window: Window,
    key: Text,
    people: Object,
}

impl Record {
    /// Takes up what was recorded today.
    pub(super) fn load(window: Window, namespace: &Text, storage: &dyn Storage, today: u64) -> Self {
        let key = namespace.then(b"-exposed");
        let stored = storage.read(Area::Local, &key).filter(|_| window == Window::Day);
        let people = stored.and_then(|text| people_of(&text, today)).unwrap_or_default();
        Self { window, key, people }
    }

    /// How often the variant changed today, if this exposure is to be told; it counts as told from now on.
    pub(super) fn turn(&mut self, identity: &Identity, exposure: &Exposure, today: u64) -> Option<u64> {
        let window = self.window;
        if window == Window::None {
            return None;
        }
        let told = self.told_to(identity)?;
        let seen = told.get(&exposure.flag_key).and_then(Value::as_object);
        let number = |name: &str| seen.and_then(|seen| seen.get(name)?.as_u64());
        let is_today = number("day") == Some(today);
        let is = |name: &str, text: &Option<Text>| {
            seen.is_some_and(|seen| seen.get(name).and_then(Value::as_str) == text.as_ref())
        };
        let same = is("variant", &exposure.variant) && is("experiment_key", &exposure.experiment_key);
        if same && (is_today || window == Window::Page) {
            return None;
        }
        let turn = number("turn").filter(|_| is_today).map_or(0, |turn| turn + 1);
        let mut now = exposure.to_object();
        now.put("day", today);
        now.put("turn", turn);
        told.set(&exposure.flag_key, now);
        Some(turn)
    }

    /// The record as one text, with the day it is of.
    pub(super) fn save(&self, today: u64) -> Effect {
        let mut record = Object::new();
        record.put("day", today);
        record.put("people", self.people.clone());
        Effect::Save(Area::Local, self.key.clone(), record.to_text())
    }

    /// What was told to this person, who stands last from now on. The page knows one person only.
    fn told_to(&mut self, identity: &Identity) -> Option<&mut Object> {
        let person = name_of(identity);
        let known = self.people.remove(&person).unwrap_or_else(|| Object::new().into());
        let others = if self.window == Window::Page { 0 } else { PEOPLE - 1 };
        while self.people.len() > others {
            let oldest = self.people.iter().next()?.0.clone();
            self.people.remove(&oldest);
        }
        self.people.push(person.clone(), known);
        self.people.get_mut(&person)?.as_object_mut()
    }
}

/// A digest of both ids: exposures go by both, as the reference's do.
fn name_of(identity: &Identity) -> Text {
    let ids = [&identity.user_id, &identity.device_id];
    let ids = ids.map(|id| id.as_ref().map_or(Value::Null, Value::from));
    digest::short(&Value::Array(ids.to_vec()).to_text())
}

fn people_of(text: &Text, today: u64) -> Option<Object> {
    let mut record = parse(text).ok()?.into_object()?;
    let is_today = record.get("day")?.as_u64()? == today;
    record.remove("people").filter(|_| is_today)?.into_object()
}
