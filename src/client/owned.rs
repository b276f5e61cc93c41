//! An object in storage, and whose it is: a digest of the person lies beside it, under the object's key and `-identity`.
//!
//! The reference writes the same objects and knows nothing of persons. So the digest counts only for the text it was made
//! for; any other text is anybody's, until the person on the page changes.

use crate::digest;
use crate::effect::Effect;
use crate::json::{Object, Text, Value, parse};
use crate::storage::{Area, Storage};
use crate::user::Identity;

/// What is stored, and of whom.
pub(super) struct Owned {
    area: Area,
    key: Text,
    pub(super) map: Object,
    /// Digest of the person; `None` = not known.
    owner: Option<Text>,
}

impl Owned {
    /// Reads what an earlier page stored. What cannot be read is not there.
    pub(super) fn load(area: Area, key: Text, read: fn(&Value) -> Object, storage: &dyn Storage) -> Self {
        let text = storage.read(area, &key).unwrap_or_default();
        let mark = storage.read(area, &mark_of(&key));
        let owner = mark.and_then(|mark| owner_of(&text, &mark));
        let map = parse(&text).map(|stored| read(&stored)).unwrap_or_default();
        Self { area, key, map, owner }
    }

    /// Whether this person may have it.
    pub(super) fn is_of(&self, person: &Identity) -> bool {
        match (&self.owner, digest_of(person)) {
            (Some(owner), Some(person)) => *owner == person,
            _ => true,
        }
    }

    /// It is this person's from now on; what another one had is gone.
    pub(super) fn give_to(&mut self, person: &Identity) {
        if !self.is_of(person) {
            self.map = Object::new();
        }
        self.owner = digest_of(person);
    }

    /// The person on the page changed: what was anybody's is the person's who leaves.
    pub(super) fn leave(&mut self, person: &Identity) {
        if self.owner.is_none() && !self.map.is_empty() {
            self.owner = digest_of(person);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.map = Object::new();
        self.owner = None;
    }

    pub(super) fn save(&self, out: &mut Vec<Effect>) {
        let text = self.map.to_text();
        let mark = mark_of(&self.key);
        let identity = match &self.owner {
            Some(owner) => Effect::Save(self.area, mark, digest::short(&text).then(owner)),
            None => Effect::Remove(self.area, mark),
        };
        out.push(Effect::Save(self.area, self.key.clone(), text));
        out.push(identity);
    }
}

fn mark_of(key: &Text) -> Text {
    key.then(b"-identity")
}

/// The owner in a mark, if the mark was made for this text.
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
