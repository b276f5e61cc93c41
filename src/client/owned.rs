//! What lies in storage beside what the reference wrote there: whose a text is, in a mark under the text's key and `-identity`.
//!
//! The reference writes the same texts and knows nothing of marks. So a mark counts only for the text it was made for, whose
//! digest it begins with; any other text is anybody's, until the person on the page changes. Behind that stand the digests of
//! the deployment, whose key is longer than what the text's own key has of it, and of the person.

use crate::digest;
use crate::effect::Effect;
use crate::json::{Object, Text};
use crate::storage::{Area, MARK, Storage};
use crate::user::Identity;

/// A text in storage that is one deployment's.
pub(super) struct Place {
    area: Area,
    key: Text,
    /// Digest of the deployment's key; empty for what all deployments share.
    deployment: Text,
}

impl Place {
    /// The place under a key.
    pub(super) fn new(area: Area, key: Text, deployment: Text) -> Self {
        Self { area, key, deployment }
    }

    /// What lies here, and the digest of the person it belongs to. Both are empty where that is not known, and where it is
    /// another deployment's.
    pub(super) fn read(&self, storage: &dyn Storage) -> (Text, Text) {
        // Without a closure: the compiler sees whose storage it is, and the browser build has one kind only.
        let text = storage.read(self.area, &self.key).unwrap_or_default();
        let mark = storage.read(self.area, &self.mark()).unwrap_or_default();
        match mark.strip_prefix(&*digest::short(&text)) {
            None => (text, Text::default()),
            Some(owners) => match owners.strip_prefix(&*self.deployment) {
                Some(owner) => (text, owner.into()),
                None => Default::default(),
            },
        }
    }

    /// Keeps a text here, as this deployment's and this person's.
    pub(super) fn save(&self, text: Text, owner: &[u8], out: &mut Vec<Effect>) {
        let mark = self.mark_of(&text, owner);
        out.push(Effect::Save(self.area, self.key.clone(), text));
        out.push(Effect::Save(self.area, self.mark(), mark));
    }

    fn mark(&self) -> Text {
        self.key.then(MARK)
    }

    fn mark_of(&self, text: &Text, owner: &[u8]) -> Text {
        digest::short(text).then(&self.deployment).then(owner)
    }
}

/// The object in a stored text. Of a text that holds none, `is_damaged` is told.
pub(super) fn object_of(text: &Text, is_damaged: &mut bool) -> Object {
    let object = Object::parse(text);
    *is_damaged |= object.is_none() && !text.is_empty();
    object.unwrap_or_default()
}

/// What is stored, and of whom.
pub(super) struct Owned {
    place: Place,
    pub(super) map: Object,
    /// Digest of the person; empty when that is not known.
    owner: Text,
    /// Somebody known was on the page and went.
    is_left: bool,
}

impl Owned {
    /// Reads what an earlier page stored, of whatever deployment. What cannot be read is not there.
    pub(super) fn load(area: Area, key: Text, read: fn(&Object) -> Object, storage: &dyn Storage) -> Self {
        Self::at(Place::new(area, key, Text::default()), read, storage, &mut false)
    }

    /// Reads what an earlier page stored.
    pub(super) fn at(place: Place, read: fn(&Object) -> Object, storage: &dyn Storage, is_damaged: &mut bool) -> Self {
        let (text, owner) = place.read(storage);
        Self { place, map: read(&object_of(&text, is_damaged)), owner, is_left: false }
    }

    /// Whether this person may have it.
    pub(super) fn is_of(&self, person: &Identity) -> bool {
        let person = digest_of(person);
        self.owner.is_empty() || (person.is_empty() && !self.is_left) || self.owner == person
    }

    /// It is this person's from now on; what another one had is gone. Beside what nobody in particular has, the rest stays whose
    /// it is.
    pub(super) fn give_to(&mut self, person: &Identity) {
        if !self.is_of(person) {
            self.clear();
        }
        if !person.is_unknown() {
            self.owner = digest_of(person);
        }
    }

    /// The person on the page changed: what was anybody's is the person's who leaves. Who comes after them is not anybody.
    pub(super) fn leave(&mut self, person: &Identity) {
        if self.owner.is_empty() && !self.map.is_empty() {
            self.owner = digest_of(person);
        }
        self.is_left |= !person.is_unknown();
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.map = Object::new();
        self.owner = Text::default();
    }

    pub(super) fn save(&self, out: &mut Vec<Effect>) {
        self.place.save(self.map.to_text(), &self.owner, out);
    }

    /// Saves it at once.
    pub(super) fn write(&self, storage: &dyn Storage) {
        let (place, text) = (&self.place, self.map.to_text());
        storage.save(place.area, &place.key, &text);
        storage.save(place.area, &place.mark(), &place.mark_of(&text, &self.owner));
    }
}

/// A digest of who a person is, by the rule of [`Identity::is_same`]; empty for the unknown.
fn digest_of(person: &Identity) -> Text {
    match (&person.user_id, &person.device_id) {
        (Some(user), _) => digest::short(&Text::from("u").then(user)),
        (None, Some(device)) => digest::short(&Text::from("d").then(device)),
        (None, None) => Text::default(),
    }
}
