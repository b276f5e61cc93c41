//! The variants that fetches stored, and which response was applied last.
//!
//! They are served to the identity they were fetched for, and to no other.

use super::config::read_variants;
use super::identity_scoped::{IdentityScoped, StoredText};
use crate::effect::{Effect, RequestId};
use crate::json::{Object, Text, Value};
use crate::storage::Storage;
use crate::user::Identity;
use crate::variant::Variant;

/// Stored variants.
pub(super) struct Variants {
    stored: IdentityScoped,
    /// The last request whose response replaced all flags, and by flag the last that replaced it.
    last: Option<RequestId>,
    last_by_key: Vec<(Text, RequestId)>,
}

impl Variants {
    /// Reads what an earlier page stored.
    pub(super) fn load(stored: StoredText, storage: &dyn Storage, is_damaged: &mut bool) -> Self {
        let stored = IdentityScoped::load_from(stored, read_variants, storage, is_damaged);
        Self { stored, last: None, last_by_key: Vec::new() }
    }

    /// The variant stored for a flag, if it is this identity's.
    pub(super) fn get(&self, key: &Text, identity: &Identity) -> Option<Variant> {
        self.all(identity)?.get(key)?.as_object().cloned().map(Variant::from)
    }

    /// All stored variants, if they are this identity's.
    pub(super) fn all(&self, identity: &Identity) -> Option<&Object> {
        self.stored.is_visible_to(identity).then_some(&self.stored.map)
    }

    /// The current identity changed.
    pub(super) fn identity_changed(&mut self, before: &Identity) {
        self.stored.identity_changed(before);
    }

    /// Applies the variants of a response, except for flags that the response of a later request had. Returns whether it did.
    pub(super) fn apply(
        &mut self,
        id: RequestId,
        identity: &Identity,
        keys: Option<&[Text]>,
        variants: Object,
        out: &mut Vec<Effect>,
    ) -> bool {
        if self.last > Some(id) {
            return false;
        }
        self.stored.claim_for(identity);
        match keys.filter(|keys| !keys.is_empty()) {
            Some(keys) => keys.iter().for_each(|key| self.replace(id, key, variants.get(key))),
            None => self.remove_all(id),
        }
        for (key, value) in variants.iter() {
            self.replace(id, key, Some(value));
        }
        self.stored.save(out);
        true
    }

    /// Removes all variants.
    pub(super) fn clear(&mut self, out: &mut Vec<Effect>) {
        self.stored.clear();
        self.stored.save(out);
    }

    /// Removes all variants but those of later requests.
    fn remove_all(&mut self, id: RequestId) {
        self.last = Some(id);
        let mut kept = Object::new();
        for (key, _) in &self.last_by_key {
            if let Some(value) = self.stored.map.remove(key).filter(|_| self.is_later(key, id)) {
                kept.push(key.clone(), value);
            }
        }
        self.stored.map = kept;
    }

    /// Replaces the variant of one flag. One that was requested and is not in the response is removed.
    fn replace(&mut self, id: RequestId, key: &Text, value: Option<&Value>) {
        if self.is_later(key, id) {
            return;
        }
        match self.last_by_key.iter_mut().find(|(known, _)| known == key) {
            Some((_, last)) => *last = id,
            None => self.last_by_key.push((key.clone(), id)),
        }
        match value.and_then(Value::as_object) {
            Some(value) => self.stored.map.set(key, Variant::from_evaluation(value).into_object()),
            None => drop(self.stored.map.remove(key)),
        }
    }

    fn is_later(&self, key: &Text, id: RequestId) -> bool {
        self.last_by_key.iter().any(|(known, last)| known == key && *last > id)
    }
}
