//! The record of exposures that were told: by person, flag and the variant last met.
//!
//! The page's record lives in [`Area::Page`], one entry a flag, and is of one person; the day's record lives in
//! [`Area::Local`] as one text, so that a reload and other tabs know it, and is of the people of that day.

use super::config::Window;
use crate::digest;
use crate::effect::Effect;
use crate::exposure::Exposure;
use crate::json::{Object, Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::user::Identity;

/// How many people of one browser and day are remembered; the longest absent is forgotten first.
const PEOPLE: usize = 16;

/// Where the page keeps the flags of its one person.
const TOLD: &str = "told ";
/// Where the page keeps who that person is.
const TOLD_TO: &str = "told-to";

/// What was last told of a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    variant: Option<Text>,
    experiment_key: Option<Text>,
    day: u64,
    turn: u64,
}

/// What was told to whom. The person on the page stands last.
pub(super) struct Record {
    window: Window,
    key: Text,
    people: Vec<(Text, Vec<(Text, Seen)>)>,
}

impl Record {
    /// Takes up what was recorded; what is not of today counts for nothing in a day's record.
    pub(super) fn load(window: Window, namespace: &Text, storage: &dyn Storage, today: u64) -> Self {
        let key = Text::from([namespace.as_bytes(), b"-exposed"].concat());
        let people = match window {
            Window::Day => storage.read(Area::Local, &key.to_str()).map(|text| of_day(&text, today)).unwrap_or_default(),
            _ => of_page(storage),
        };
        Self { window, key, people }
    }

    /// How often the variant changed today, if this exposure is to be told.
    pub(super) fn turn(
        &mut self,
        identity: &Identity,
        exposure: &Exposure,
        today: u64,
        out: &mut Vec<Effect>,
    ) -> Option<u64> {
        self.turn_to(identity, out);
        let told = self.people.last().map(|(_, told)| told.as_slice()).unwrap_or_default();
        let Some((_, seen)) = told.iter().find(|(flag, _)| *flag == exposure.flag_key) else { return Some(0) };
        let same = seen.variant == exposure.variant && seen.experiment_key == exposure.experiment_key;
        match (same, seen.day == today) {
            (true, false) if self.window == Window::Day => Some(0),
            (true, _) => None,
            (false, true) => Some(seen.turn + 1),
            (false, false) => Some(0),
        }
    }

    /// Notes that it was told.
    pub(super) fn mark(&mut self, flag: &Text, seen: Seen, out: &mut Vec<Effect>) {
        if self.window == Window::Page {
            let entry = [TOLD.as_bytes(), flag].concat();
            out.push(Effect::Save(Area::Page, entry.into(), seen.to_object().to_json().into()));
        }
        let Some((_, told)) = self.people.last_mut() else { return };
        match told.iter_mut().find(|(name, _)| name == flag) {
            Some((_, old)) => *old = seen,
            None => told.push((flag.clone(), seen)),
        }
    }

    /// The day's record as one text.
    pub(super) fn save(&self) -> Effect {
        let mut people = Object::new();
        for (person, told) in &self.people {
            let told: Object = told.iter().map(|(flag, seen)| (flag.clone(), seen.to_object().into())).collect();
            people.push(person.clone(), told.into());
        }
        Effect::Save(Area::Local, self.key.clone(), people.to_json().into())
    }

    /// Puts the person last. The page's record is of one person: of another it starts anew.
    fn turn_to(&mut self, identity: &Identity, out: &mut Vec<Effect>) {
        let person = name_of(identity);
        if self.people.last().is_some_and(|(name, _)| *name == person) {
            return;
        }
        if self.window == Window::Page {
            let gone = self.people.drain(..).flat_map(|(_, told)| told);
            out.extend(gone.map(|(flag, _)| Effect::Remove(Area::Page, [TOLD.as_bytes(), &flag].concat().into())));
            out.push(Effect::Save(Area::Page, TOLD_TO.into(), person.clone()));
        }
        let known = self.people.iter().position(|(name, _)| *name == person);
        let entry = known.map_or_else(|| (person, Vec::new()), |place| self.people.remove(place));
        self.people.push(entry);
        if self.people.len() > PEOPLE {
            self.people.remove(0);
        }
    }
}

impl Seen {
    pub(super) fn of(exposure: &Exposure, day: u64, turn: u64) -> Self {
        Self { variant: exposure.variant.clone(), experiment_key: exposure.experiment_key.clone(), day, turn }
    }

    fn to_object(&self) -> Object {
        let mut object = Object::new();
        for (name, text) in [("variant", &self.variant), ("experiment_key", &self.experiment_key)] {
            if let Some(text) = text {
                object.push(name.into(), text.into());
            }
        }
        object.push("day".into(), self.day.into());
        object.push("turn".into(), self.turn.into());
        object
    }

    fn from_value(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let text = |name: &str| object.get(name).and_then(Value::as_str).cloned();
        let number = |name: &str| object.get(name).and_then(Value::as_u64);
        Some(Self {
            variant: text("variant"),
            experiment_key: text("experiment_key"),
            day: number("day")?,
            turn: number("turn")?,
        })
    }
}

/// A digest of both ids: exposures go by both, as the reference's do.
fn name_of(identity: &Identity) -> Text {
    let mut ids = Vec::new();
    for id in [&identity.user_id, &identity.device_id] {
        ids.push(u8::from(id.is_some()));
        let id = id.as_deref().unwrap_or_default();
        ids.extend_from_slice(&(id.len() as u32).to_le_bytes());
        ids.extend_from_slice(id);
    }
    digest::short(&ids)
}

fn of_page(storage: &dyn Storage) -> Vec<(Text, Vec<(Text, Seen)>)> {
    let Some(person) = storage.read(Area::Page, TOLD_TO) else { return Vec::new() };
    let told = storage.entries(Area::Page, TOLD).into_iter().filter_map(|(key, text)| {
        let flag = key.strip_prefix(TOLD.as_bytes())?;
        Some((flag.into(), Seen::from_value(&parse(&text).ok()?)?))
    });
    vec![(person, told.collect())]
}

fn of_day(text: &Text, today: u64) -> Vec<(Text, Vec<(Text, Seen)>)> {
    let people = parse(text).ok().and_then(Value::into_object).unwrap_or_default();
    let told = |flags: &Object| -> Vec<(Text, Seen)> {
        let seen = flags.iter().filter_map(|(flag, value)| Some((flag.clone(), Seen::from_value(value)?)));
        seen.filter(|(_, seen)| seen.day == today).collect()
    };
    let read = people.iter().filter_map(|(person, flags)| Some((person.clone(), told(flags.as_object()?))));
    read.filter(|(_, told)| !told.is_empty()).collect()
}
