//! The variants that fetches stored, whose they are, and which answer came last.
//!
//! They are served to the person they were fetched for and to nobody else. Storage written by the reference carries no
//! person; it counts as anybody's until the person on the page changes.

use super::config::read_variants;
use crate::digest;
use crate::effect::{Effect, RequestId};
use crate::json::{Object, Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::user::Identity;
use crate::variant::Variant;

/// Stored variants.
pub(super) struct Variants {
    key: Text,
    map: Object,
    /// Digest of the person the variants are of; `None` = not known.
    owner: Option<Text>,
    /// The last answer that replaced everything, and later ones by flag.
    answered: Option<RequestId>,
    answered_keys: Vec<(Text, RequestId)>,
}

impl Variants {
    /// Reads what an earlier page stored under `namespace`.
    pub(super) fn load(namespace: Text, storage: &dyn Storage) -> Self {
        let text = storage.read(Area::Local, &namespace).unwrap_or_default();
        let mark = storage.read(Area::Local, &identity_key(&namespace));
        let owner = mark.and_then(|mark| owner_of(&text, &mark));
        let map = parse(&text).map(|stored| read_variants(&stored)).unwrap_or_default();
        Self { key: namespace, map, owner, answered: None, answered_keys: Vec::new() }
    }

    /// The variant stored for a flag, if this person may have it.
    pub(super) fn get(&self, key: &Text, person: &Identity) -> Option<Variant> {
        let found = self.map.get(key)?.as_object()?;
        self.is_of(person).then(|| Variant::from(found.clone()))
    }

    /// All variants this person may have.
    pub(super) fn all(&self, person: &Identity) -> Option<&Object> {
        self.is_of(person).then_some(&self.map)
    }

    /// The person on the page changed: variants that were anybody's are the person's who leaves.
    pub(super) fn leave(&mut self, person: &Identity) {
        if self.owner.is_none() && !self.map.is_empty() {
            self.owner = digest_of(person);
        }
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
        if !self.is_of(person) {
            self.map = Object::new();
        }
        self.owner = digest_of(person);
        match keys.filter(|keys| !keys.is_empty()) {
            Some(keys) => keys.iter().for_each(|key| self.replace(id, key, answer.get(key))),
            None => self.replace_all(id),
        }
        for (key, value) in answer.iter() {
            self.replace(id, key, Some(value));
        }
        self.save(out);
        true
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, out: &mut Vec<Effect>) {
        self.map = Object::new();
        self.owner = None;
        self.save(out);
    }

    fn is_of(&self, person: &Identity) -> bool {
        match (&self.owner, digest_of(person)) {
            (Some(owner), Some(person)) => *owner == person,
            _ => true,
        }
    }

    /// Everything goes that no later request was answered for.
    fn replace_all(&mut self, id: RequestId) {
        self.answered = Some(id);
        let mut kept = Object::new();
        for (key, _) in &self.answered_keys {
            if let Some(value) = self.map.remove(key).filter(|_| self.is_later(key, id)) {
                kept.push(key.clone(), value);
            }
        }
        self.map = kept;
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
            Some(value) => self.map.set(key, Variant::from_evaluation(value).into_object()),
            None => drop(self.map.remove(key)),
        }
    }

    fn is_later(&self, key: &Text, id: RequestId) -> bool {
        self.answered_keys.iter().any(|(answered, last)| answered == key && *last > id)
    }

    fn save(&self, out: &mut Vec<Effect>) {
        let text = self.map.to_text();
        let mark = identity_key(&self.key);
        let identity = match &self.owner {
            Some(owner) => Effect::Save(Area::Local, mark, digest::short(&text).then(owner)),
            None => Effect::Remove(Area::Local, mark),
        };
        out.push(Effect::Save(Area::Local, self.key.clone(), text));
        out.push(identity);
    }
}

fn identity_key(namespace: &Text) -> Text {
    namespace.then(b"-identity")
}

/// The owner in a mark, if the mark was made for this text: the reference rewrites the text and knows nothing of marks.
fn owner_of(text: &Text, mark: &Text) -> Option<Text> {
    let owner = mark.strip_prefix(digest::short(text).as_bytes())?;
    (!owner.is_empty()).then(|| owner.into())
}

/// A digest of who a person is, by the rule of [`Identity::is_same`]; `None` for the unknown.
fn digest_of(person: &Identity) -> Option<Text> {
    match (&person.user_id, &person.device_id) {
        (Some(user), _) => Some(digest::short(&Text::from("u").then(user))),
        (None, Some(device)) => Some(digest::short(&Text::from("d").then(device))),
        (None, None) => None,
    }
}
