//! The variants that fetches stored, and which answer came last.
//!
//! They are served to the person they were fetched for and to nobody else.

use super::config::read_variants;
use super::owned::{Owned, Place};
use crate::effect::{Effect, RequestId};
use crate::json::{Object, Text, Value};
use crate::storage::Storage;
use crate::user::Identity;
use crate::variant::Variant;

/// Stored variants.
pub(super) struct Variants {
    stored: Owned,
    /// The last answer that replaced everything, and later ones by flag.
    answered: Option<RequestId>,
    answered_keys: Vec<(Text, RequestId)>,
}

impl Variants {
    /// Reads what an earlier page stored.
    pub(super) fn load(place: Place, storage: &dyn Storage, is_damaged: &mut bool) -> Self {
        let stored = Owned::at(place, read_variants, storage, is_damaged);
        Self { stored, answered: None, answered_keys: Vec::new() }
    }

    /// The variant stored for a flag, if this person may have it.
    pub(super) fn get(&self, key: &Text, person: &Identity) -> Option<Variant> {
        self.all(person)?.get(key)?.as_object().cloned().map(Variant::from)
    }

    /// All variants this person may have.
    pub(super) fn all(&self, person: &Identity) -> Option<&Object> {
        self.stored.is_of(person).then_some(&self.stored.map)
    }

    /// The person on the page changed.
    pub(super) fn leave(&mut self, person: &Identity) {
        self.stored.leave(person);
    }

    /// Takes an answer over, but for flags that a later request was answered for. Says whether anything changed.
    pub(super) fn apply(
        &mut self,
        id: RequestId,
        person: &Identity,
        keys: Option<&[Text]>,
        answer: Object,
        out: &mut Vec<Effect>,
    ) -> bool {
        if self.answered > Some(id) {
            return false;
        }
        self.stored.give_to(person);
        match keys.filter(|keys| !keys.is_empty()) {
            Some(keys) => keys.iter().for_each(|key| self.replace(id, key, answer.get(key))),
            None => self.replace_all(id),
        }
        for (key, value) in answer.iter() {
            self.replace(id, key, Some(value));
        }
        self.stored.save(out);
        true
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, out: &mut Vec<Effect>) {
        self.stored.clear();
        self.stored.save(out);
    }

    /// Everything goes that no later request was answered for.
    fn replace_all(&mut self, id: RequestId) {
        self.answered = Some(id);
        let mut kept = Object::new();
        for (key, _) in &self.answered_keys {
            if let Some(value) = self.stored.map.remove(key).filter(|_| self.is_later(key, id)) {
                kept.push(key.clone(), value);
            }
        }
        self.stored.map = kept;
    }

    /// Puts one flag's answer in place; a flag that was asked for and not answered goes.
    fn replace(&mut self, id: RequestId, key: &Text, value: Option<&Value>) {
        if self.is_later(key, id) {
            return;
        }
        match self.answered_keys.iter_mut().find(|(answered, _)| answered == key) {
            Some((_, last)) => *last = id,
            None => self.answered_keys.push((key.clone(), id)),
        }
        match value.and_then(Value::as_object) {
            Some(value) => self.stored.map.set(key, Variant::from_evaluation(value).into_object()),
            None => drop(self.stored.map.remove(key)),
        }
    }

    fn is_later(&self, key: &Text, id: RequestId) -> bool {
        self.answered_keys.iter().any(|(answered, last)| answered == key && *last > id)
    }
}
