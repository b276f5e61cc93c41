//! The record of exposures that an integration plugin was told: by flag the variant last met, in the tab's session.
//!
//! The reference's, under its key and in its format. It forgets the record at the first exposure of each page of somebody
//! with an id; here it is the person's, over all pages of the session.

use super::owned::Owned;
use crate::effect::Effect;
use crate::exposure::Exposure;
use crate::json::{Object, Text, Value};
use crate::storage::{Area, Storage};
use crate::user::Identity;

/// What a plugin was told.
pub(super) struct Session {
    told: Owned,
    /// The experiments of this page by flag: the record has no room for them.
    experiments: Object,
}

impl Session {
    /// Takes up what earlier pages of the tab recorded.
    pub(super) fn load(instance: &Text, storage: &dyn Storage) -> Self {
        let told = Owned::load(Area::Session, Text::from("EXP_sent_v3_").then(instance), Object::clone, storage);
        Self { told, experiments: Object::new() }
    }

    /// Whether the plugin is to be told; it counts as told from now on. Impressions of web experiments always are.
    pub(super) fn is_new(&mut self, person: &Identity, exposure: &Exposure) -> bool {
        if exposure.is_impression() {
            return true;
        }
        self.told.give_to(person);
        let (flag, met) = (&exposure.flag_key, exposure.variant.as_ref());
        let experiment = exposure.experiment_key.as_ref().map_or(Value::Null, Value::from);
        let is_same_run = self.experiments.get(flag).is_none_or(|before| before.as_str() == experiment.as_str());
        let is_new = self.told.map.get(flag).map(Value::as_str) != Some(met) || !is_same_run;
        self.experiments.set(flag, experiment);
        if is_new {
            self.told.map.set(flag, met.map_or(Value::Null, Value::from));
        }
        is_new
    }

    pub(super) fn save(&self, out: &mut Vec<Effect>) {
        self.told.save(out);
    }
}
