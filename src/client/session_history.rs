//! The history that deduplicates exposures for an integration plugin: the variant of each flag met last in the tab's session.
//!
//! Key and format are the reference's. It is read, changed and written at once, since all clients of the instance name share
//! it. The reference forgets it at the first exposure of each page of a user with an id; here it belongs to the identity,
//! over all pages of the session.

use super::identity_scoped::IdentityScoped;
use crate::exposure::{Exposure, ExposureEvent, text_of};
use crate::json::{Object, Text, Value};
use crate::storage::{Area, Storage, keys};

/// The exposures that a plugin has.
pub(super) struct SessionHistory {
    key: Text,
    /// The experiments of this page by flag: the stored format has no field for them.
    experiments: Object,
}

impl SessionHistory {
    pub(super) fn new(instance: &Text) -> Self {
        Self { key: keys::sent(instance), experiments: Object::new() }
    }

    /// Whether an exposure is new, and notes its experiment. Impressions of web experiments always are. `pending`: exposures
    /// that come before it and are not recorded yet, the oldest first.
    pub(super) fn admit<'a>(
        &mut self,
        event: &ExposureEvent,
        pending: impl Iterator<Item = &'a ExposureEvent>,
        storage: &dyn Storage,
    ) -> bool {
        let (exposure, identity) = (&event.exposure, &event.identity);
        if exposure.is_impression() {
            return true;
        }
        let mut recorded = self.read(storage);
        recorded.claim_for(identity);
        let last = pending.filter(|earlier| earlier.identity.is_same(identity)).last();
        let last = last.map(|earlier| recorded_variant(&earlier.exposure));
        let last = last.or_else(|| recorded.map.get(&exposure.flag_key).cloned());
        let is_known = last.is_some_and(|last| last.to_text() == recorded_variant(exposure).to_text());
        let experiment = exposure.experiment_key.as_ref().map(text_of).unwrap_or_default();
        let last = self.experiments.get(&exposure.flag_key);
        let is_same_run = last.is_none_or(|last| last.as_str() == Some(&experiment));
        self.experiments.set(&exposure.flag_key, experiment);
        !is_known || !is_same_run
    }

    /// Records an exposure. `is_late`: it was met some time ago, so that it must not clear the history of the identity that is
    /// current by now.
    pub(super) fn record(&self, event: &ExposureEvent, is_late: bool, storage: &dyn Storage) {
        let mut recorded = self.read(storage);
        if event.exposure.is_impression() || (is_late && !recorded.is_visible_to(&event.identity)) {
            return;
        }
        recorded.claim_for(&event.identity);
        recorded.map.set(&event.exposure.flag_key, recorded_variant(&event.exposure));
        recorded.save_now(storage);
    }

    fn read(&self, storage: &dyn Storage) -> IdentityScoped {
        IdentityScoped::load(Area::Session, self.key.clone(), Object::clone, storage)
    }
}

/// A variant as the reference records it.
fn recorded_variant(exposure: &Exposure) -> Value {
    exposure.variant.clone().unwrap_or(Value::Null)
}
