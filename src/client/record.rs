//! The record of exposures that were told: by person, flag and the variant last met.
//!
//! It is kept as it is stored: `{person: {flag: {variant, experiment_key, day, turn}}}`, the person on the page last. The
//! page's record is of one person and lies in [`Area::Page`], one entry a flag; the day's is of the people of that day
//! and lies in [`Area::Local`] as one text, `{day, people}`, so that a reload and other tabs know it.

use super::config::Window;
use crate::digest;
use crate::effect::Effect;
use crate::exposure::Exposure;
use crate::json::{Object, Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::user::Identity;

/// How many people of one browser and day are remembered; the longest absent is forgotten first.
const PEOPLE: usize = 16;

/// Where the page keeps the flags of its one person, and who that is.
const TOLD: &[u8] = b"told ";
const TOLD_TO: &str = "told-to";

/// What was told to whom.
pub(super) struct Record {
    window: Window,
    key: Text,
    people: Object,
}

impl Record {
    /// Takes up what was recorded; of the day's record only today's.
    pub(super) fn load(window: Window, namespace: &Text, storage: &dyn Storage, today: u64) -> Self {
        let key = namespace.then(b"-exposed");
        let people = match window {
            Window::Day => storage.read(Area::Local, &key).and_then(|text| of_day(&text, today)),
            _ => of_page(storage),
        };
        Self { window, key, people: people.unwrap_or_default() }
    }

    /// How often the variant changed today, if this exposure is to be told; it counts as told from now on.
    pub(super) fn turn(
        &mut self,
        identity: &Identity,
        exposure: &Exposure,
        today: u64,
        out: &mut Vec<Effect>,
    ) -> Option<u64> {
        let window = self.window;
        let told = self.told_to(identity, out)?;
        let seen = told.get(&exposure.flag_key).and_then(Value::as_object);
        let number = |name: &str| seen.and_then(|seen| seen.get(name)?.as_u64());
        let is_today = number("day") == Some(today);
        let mut now = met(exposure);
        let same = seen.is_some_and(|seen| now.iter().all(|(name, value)| seen.get(name) == Some(value)));
        if same && (is_today || window == Window::Page) {
            return None;
        }
        let turn = number("turn").filter(|_| is_today).map_or(0, |turn| turn + 1);
        now.push("day".into(), today.into());
        now.push("turn".into(), turn.into());
        if window == Window::Page {
            out.push(Effect::Save(Area::Page, entry(&exposure.flag_key), now.to_text()));
        }
        told.set(&exposure.flag_key, now);
        Some(turn)
    }

    /// The day's record as one text.
    pub(super) fn save(&self, today: u64) -> Effect {
        let mut record = Object::new();
        record.push("day".into(), today.into());
        record.push("people".into(), self.people.clone().into());
        Effect::Save(Area::Local, self.key.clone(), record.to_text())
    }

    /// What was told to this person, who stands last from now on. The page's record is of one person: of another it
    /// starts anew.
    fn told_to(&mut self, identity: &Identity, out: &mut Vec<Effect>) -> Option<&mut Object> {
        let person = name_of(identity);
        if self.people.iter().next_back().is_none_or(|(name, _)| *name != person) {
            let known = self.people.remove(&person).filter(|_| self.window == Window::Day);
            if self.window == Window::Page {
                self.forget(out);
                out.push(Effect::Save(Area::Page, TOLD_TO.into(), person.clone()));
            }
            self.people.push(person.clone(), known.unwrap_or_else(|| Object::new().into()));
            let oldest = self.people.iter().next().filter(|_| self.people.len() > PEOPLE).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.people.remove(&name));
        }
        self.people.get_mut(&person)?.as_object_mut()
    }

    fn forget(&mut self, out: &mut Vec<Effect>) {
        let people = std::mem::take(&mut self.people);
        for told in people.iter().filter_map(|(_, told)| told.as_object()) {
            for (flag, _) in told.iter() {
                out.push(Effect::Remove(Area::Page, entry(flag)));
            }
        }
    }
}

/// What tells one exposure to a flag from another. What is absent is `null`, so that every field is compared.
fn met(exposure: &Exposure) -> Object {
    let mut met = Object::new();
    for (name, text) in [("variant", &exposure.variant), ("experiment_key", &exposure.experiment_key)] {
        met.push(name.into(), text.as_ref().map_or(Value::Null, Value::from));
    }
    met
}

fn entry(flag: &Text) -> Text {
    Text::from(TOLD).then(flag)
}

/// A digest of both ids: exposures go by both, as the reference's do.
fn name_of(identity: &Identity) -> Text {
    let ids = [&identity.user_id, &identity.device_id];
    let ids = ids.map(|id| id.as_ref().map_or(Value::Null, Value::from));
    digest::short(&Value::Array(ids.to_vec()).to_text())
}

fn of_day(text: &Text, today: u64) -> Option<Object> {
    let mut record = parse(text).ok()?.into_object()?;
    let is_today = record.get("day")?.as_u64()? == today;
    record.remove("people").filter(|_| is_today)?.into_object()
}

fn of_page(storage: &dyn Storage) -> Option<Object> {
    let person = storage.read(Area::Page, TOLD_TO.as_bytes())?;
    let mut told = Object::new();
    for (key, text) in storage.entries(Area::Page, TOLD) {
        if let (Some(flag), Ok(seen)) = (key.strip_prefix(TOLD), parse(&text)) {
            told.push(flag.into(), seen);
        }
    }
    let mut people = Object::new();
    people.push(person, told.into());
    Some(people)
}
