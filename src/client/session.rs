//! The record of exposures that an integration plugin was told: by flag the variant last met, in the tab's session.
//!
//! The reference's, under its key and in its format; read, changed and written at once, since every client of the instance
//! name has it. The reference forgets it at the first exposure of each page of somebody with an id; here it is the person's,
//! over all pages of the session.

use super::owned::Owned;
use crate::effect::Effect;
use crate::exposure::{Exposure, ExposureEvent, text_of};
use crate::json::{Object, Text, Value};
use crate::storage::{Area, Storage};

/// What a plugin was told.
pub(super) struct Session {
    key: Text,
    /// The experiments of this page by flag: the record has no room for them.
    experiments: Object,
}

impl Session {
    pub(super) fn new(instance: &Text) -> Self {
        Self { key: Text::from("EXP_sent_v3_").then(instance), experiments: Object::new() }
    }

    /// Whether the plugin is to be told. Impressions of web experiments always are. `waiting`: what is about to be recorded
    /// before it, oldest first.
    pub(super) fn is_new<'a>(
        &mut self,
        event: &ExposureEvent,
        waiting: impl Iterator<Item = &'a ExposureEvent>,
        storage: &dyn Storage,
    ) -> bool {
        let (exposure, person) = (&event.exposure, &event.identity);
        if exposure.is_impression() {
            return true;
        }
        let mut told = self.read(storage);
        told.give_to(person);
        let before = waiting.filter(|earlier| earlier.identity.is_same(person)).last().map(|earlier| &earlier.exposure);
        let before = before.map(variant_of).or_else(|| told.map.get(&exposure.flag_key).cloned());
        let is_known = before.is_some_and(|before| before.to_text() == variant_of(exposure).to_text());
        let experiment = exposure.experiment_key.as_ref().map(text_of).unwrap_or_default();
        let before = self.experiments.get(&exposure.flag_key);
        let is_same_run = before.is_none_or(|before| before.as_str() == Some(&experiment));
        self.experiments.set(&exposure.flag_key, experiment);
        !is_known || !is_same_run
    }

    /// The exposure counts as told from now on. `is_late`: it was met before, and whoever is there by now keeps what they
    /// were told.
    pub(super) fn tell(&self, event: &ExposureEvent, is_late: bool, storage: &dyn Storage) {
        let mut told = self.read(storage);
        if event.exposure.is_impression() || (is_late && !told.is_of(&event.identity)) {
            return;
        }
        told.give_to(&event.identity);
        told.map.set(&event.exposure.flag_key, variant_of(&event.exposure));
        let mut texts = Vec::new();
        told.save(&mut texts);
        for text in texts {
            if let Effect::Save(area, key, text) = text {
                storage.save(area, &key, &text);
            }
        }
    }

    fn read(&self, storage: &dyn Storage) -> Owned {
        Owned::load(Area::Session, self.key.clone(), Object::clone, storage)
    }
}

/// A variant as the reference records it.
fn variant_of(exposure: &Exposure) -> Value {
    exposure.variant.clone().unwrap_or(Value::Null)
}
