//! The record of exposures that an integration plugin was told: by flag the variant last met, in the tab's session.
//!
//! The reference's, under its key and in its format. It forgets the record at the first exposure of each page of somebody
//! with an id; here it is the person's, over all pages of the session.

use super::owned::Owned;
use crate::effect::Effect;
use crate::exposure::Exposure;
use crate::json::{Text, Value};
use crate::storage::{Area, Storage};
use crate::user::Identity;

/// What a plugin was told.
pub(super) struct Session(Owned);

impl Session {
    /// Takes up what earlier pages of the tab recorded.
    pub(super) fn load(instance: &Text, storage: &dyn Storage) -> Self {
        let read = |stored: &Value| stored.as_object().cloned().unwrap_or_default();
        Self(Owned::load(Area::Session, Text::from("EXP_sent_v3_").then(instance), read, storage))
    }

    /// Whether the plugin is to be told; it counts as told from now on. Impressions of web experiments always are.
    pub(super) fn is_new(&mut self, person: &Identity, exposure: &Exposure) -> bool {
        if exposure.is_impression() {
            return true;
        }
        self.0.give_to(person);
        let met = exposure.variant.as_ref();
        let is_new = self.0.map.get(&exposure.flag_key).map(Value::as_str) != Some(met);
        if is_new {
            self.0.map.set(&exposure.flag_key, met.map_or(Value::Null, Value::from));
        }
        is_new
    }

    pub(super) fn save(&self, out: &mut Vec<Effect>) {
        self.0.save(out);
    }
}
