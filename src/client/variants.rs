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
    map: Vec<(Text, Variant)>,
    /// Digest of the person the variants are of; `None` = not known.
    owner: Option<Text>,
    /// The last answer that replaced everything, and later ones by flag.
    answered: Option<RequestId>,
    answered_keys: Vec<(Text, RequestId)>,
}

impl Variants {
    /// Reads what an earlier page stored under `namespace`.
    pub(super) fn load(namespace: Text, storage: &dyn Storage) -> Self {
        let text = read(storage, &namespace);
        let identity = read(storage, &identity_key(&namespace));
        let owner = text.as_ref().zip(identity).and_then(|(text, mark)| owner_of(text, &mark));
        let stored = text.and_then(|text| parse(&text).ok()).and_then(Value::into_object).unwrap_or_default();
        Self { key: namespace, map: read_variants(&stored), owner, answered: None, answered_keys: Vec::new() }
    }

    /// The variant stored for a flag, if this person may have it.
    pub(super) fn get(&self, key: &[u8], person: &Identity) -> Option<&Variant> {
        let found = self.map.iter().find(|(flag, _)| flag.as_bytes() == key);
        found.filter(|_| self.is_of(person)).map(|(_, variant)| variant)
    }

    /// All variants this person may have.
    pub(super) fn all(&self, person: &Identity) -> &[(Text, Variant)] {
        if self.is_of(person) { &self.map } else { &[] }
    }

    /// The person on the page changed: variants that were anybody's are the person's who leaves.
    pub(super) fn leave(&mut self, person: &Identity) {
        if self.owner.is_none() && !self.map.is_empty() {
            self.owner = digest_of(person);
        }
    }

    /// Takes an answer over, unless a later request for the same flags was answered before. Says whether anything changed.
    pub(super) fn apply(
        &mut self,
        id: RequestId,
        person: &Identity,
        keys: Option<&[Text]>,
        answer: &Object,
        out: &mut impl Extend<Effect>,
    ) -> bool {
        if self.answered > Some(id) {
            return false;
        }
        if !self.is_of(person) {
            self.map.clear();
        }
        self.owner = digest_of(person);
        match keys.filter(|keys| !keys.is_empty()) {
            Some(keys) => self.replace_some(id, keys, answer),
            None => self.replace_all(id, answer),
        }
        self.save(out);
        true
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, out: &mut impl Extend<Effect>) {
        self.map.clear();
        self.owner = None;
        self.save(out);
    }

    fn is_of(&self, person: &Identity) -> bool {
        match (&self.owner, digest_of(person)) {
            (Some(owner), Some(person)) => *owner == person,
            _ => true,
        }
    }

    fn replace_all(&mut self, id: RequestId, answer: &Object) {
        self.answered_keys.retain(|(_, later)| *later > id);
        self.answered = Some(id);
        let later = &self.answered_keys;
        self.map.retain(|(flag, _)| later.iter().any(|(key, _)| key == flag));
        for (flag, value) in answer.iter() {
            if !self.answered_keys.iter().any(|(key, _)| key == flag) {
                self.put(flag, value);
            }
        }
    }

    /// Flags that were asked for and not answered are gone; flags that were answered unasked are taken as they come.
    fn replace_some(&mut self, id: RequestId, keys: &[Text], answer: &Object) {
        for flag in keys.iter().chain(answer.iter().map(|(flag, _)| flag)) {
            let last = self.answered_keys.iter_mut().find(|(key, _)| key == flag);
            match last {
                Some((_, last)) if *last > id => continue,
                Some((_, last)) => *last = id,
                None => self.answered_keys.push((flag.clone(), id)),
            }
            match answer.get(flag) {
                Some(value) => self.put(flag, value),
                None => self.map.retain(|(key, _)| key != flag),
            }
        }
    }

    fn put(&mut self, flag: &Text, value: &Value) {
        let variant = value.as_object().map(Variant::from_evaluation).unwrap_or_default();
        match self.map.iter_mut().find(|(key, _)| key == flag) {
            Some((_, old)) => *old = variant,
            None => self.map.push((flag.clone(), variant)),
        }
    }

    fn save(&self, out: &mut impl Extend<Effect>) {
        let stored: Object = self.map.iter().map(|(key, variant)| (key.clone(), variant.as_object().clone().into())).collect();
        let text = Text::from(stored.to_json());
        let mark = identity_key(&self.key);
        let identity = match &self.owner {
            Some(owner) => Effect::Save(Area::Local, mark, [digest::short(&text).as_bytes(), owner].concat().into()),
            None => Effect::Remove(Area::Local, mark),
        };
        out.extend([Effect::Save(Area::Local, self.key.clone(), text), identity]);
    }
}

fn read(storage: &dyn Storage, key: &Text) -> Option<Text> {
    storage.read(Area::Local, &key.to_str())
}

fn identity_key(namespace: &Text) -> Text {
    [namespace.as_bytes(), b"-identity"].concat().into()
}

/// The owner in a mark, if the mark was made for this text: the reference rewrites the text and knows nothing of marks.
fn owner_of(text: &Text, mark: &Text) -> Option<Text> {
    let owner = mark.strip_prefix(digest::short(text).as_bytes())?;
    (!owner.is_empty()).then(|| owner.into())
}

/// A digest of who a person is, by the rule of [`Identity::is_same`]; `None` for the unknown.
fn digest_of(person: &Identity) -> Option<Text> {
    let (kind, id): (&[u8], _) = match (&person.user_id, &person.device_id) {
        (Some(user), _) => (b"u", user),
        (None, Some(device)) => (b"d", device),
        (None, None) => return None,
    };
    Some(digest::short(&[kind, id].concat()))
}
