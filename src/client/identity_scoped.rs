//! Stored texts that belong to a deployment and an identity. The text lies where the reference keeps it; the owner is in a
//! mark beside it, under the text's key and `-identity`.
//!
//! The reference writes the same texts and knows no marks. So a mark begins with the digest of its text and counts for that
//! text only. A text without its mark belongs to whichever identity is current, until the identity changes. After the text's
//! digest stand the digests of the deployment key, of which the text's own key has only a part, and of the identity.

use crate::digest;
use crate::effect::Effect;
use crate::json::{Object, Text};
use crate::storage::{Area, Storage, keys};
use crate::user::Identity;

/// A text in storage that belongs to one deployment.
pub(super) struct StoredText {
    area: Area,
    key: Text,
    /// Digest of the deployment key; empty for a text that all deployments share.
    deployment: Text,
}

impl StoredText {
    /// The text under a key.
    pub(super) fn new(area: Area, key: Text, deployment: Text) -> Self {
        Self { area, key, deployment }
    }

    /// The text, and the digest of the identity it belongs to. The digest is empty when the owner is unknown; both are empty
    /// for the text of another deployment.
    pub(super) fn read(&self, storage: &dyn Storage) -> (Text, Text) {
        // Without a closure: the compiler sees whose storage it is, and the browser build has one kind only.
        let text = storage.read(self.area, &self.key).unwrap_or_default();
        let mark = storage.read(self.area, &self.mark_key()).unwrap_or_default();
        match mark.strip_prefix(&*digest::short(&text)) {
            None => (text, Text::default()),
            Some(owners) => match owners.strip_prefix(&*self.deployment) {
                Some(owner) => (text, owner.into()),
                None => Default::default(),
            },
        }
    }

    /// Saves a text with the mark of this deployment and of the owner.
    pub(super) fn save(&self, text: Text, owner: &[u8], out: &mut Vec<Effect>) {
        let mark = self.mark_of(&text, owner);
        out.push(Effect::Save(self.area, self.key.clone(), text));
        out.push(Effect::Save(self.area, self.mark_key(), mark));
    }

    fn mark_key(&self) -> Text {
        self.key.then(keys::MARK)
    }

    fn mark_of(&self, text: &Text, owner: &[u8]) -> Text {
        digest::short(text).then(&self.deployment).then(owner)
    }
}

/// Parses a stored object. A text that is not empty and no object sets `is_damaged`.
pub(super) fn parse_stored(text: &Text, is_damaged: &mut bool) -> Object {
    let object = Object::parse(text);
    *is_damaged |= object.is_none() && !text.is_empty();
    object.unwrap_or_default()
}

/// A stored object that belongs to one identity.
pub(super) struct IdentityScoped {
    stored: StoredText,
    pub(super) map: Object,
    /// Digest of the identity; empty when the owner is unknown.
    owner: Text,
    /// A known identity was current before and is not any more.
    was_left: bool,
}

impl IdentityScoped {
    /// Reads what an earlier page of any deployment stored. What cannot be read counts as absent.
    pub(super) fn load(area: Area, key: Text, read: fn(&Object) -> Object, storage: &dyn Storage) -> Self {
        Self::load_from(StoredText::new(area, key, Text::default()), read, storage, &mut false)
    }

    /// Reads what an earlier page stored.
    pub(super) fn load_from(
        stored: StoredText,
        read: fn(&Object) -> Object,
        storage: &dyn Storage,
        is_damaged: &mut bool,
    ) -> Self {
        let (text, owner) = stored.read(storage);
        Self { stored, map: read(&parse_stored(&text, is_damaged)), owner, was_left: false }
    }

    /// Whether this identity may read it.
    pub(super) fn is_visible_to(&self, identity: &Identity) -> bool {
        let identity = digest_of(identity);
        self.owner.is_empty() || (identity.is_empty() && !self.was_left) || self.owner == identity
    }

    /// Makes the identity the owner, and clears what belonged to another. An unknown identity leaves the owner as it is.
    pub(super) fn claim_for(&mut self, identity: &Identity) {
        if !self.is_visible_to(identity) {
            self.clear();
        }
        if !identity.is_unknown() {
            self.owner = digest_of(identity);
        }
    }

    /// The current identity changed: what had no owner belongs to the previous one.
    pub(super) fn identity_changed(&mut self, before: &Identity) {
        if self.owner.is_empty() && !self.map.is_empty() {
            self.owner = digest_of(before);
        }
        self.was_left |= !before.is_unknown();
    }

    /// Removes all entries and the owner.
    pub(super) fn clear(&mut self) {
        self.map = Object::new();
        self.owner = Text::default();
    }

    /// Saves it by effects.
    pub(super) fn save(&self, out: &mut Vec<Effect>) {
        self.stored.save(self.map.to_text(), &self.owner, out);
    }

    /// Saves it at once.
    pub(super) fn save_now(&self, storage: &dyn Storage) {
        let (stored, text) = (&self.stored, self.map.to_text());
        storage.save(stored.area, &stored.key, &text);
        storage.save(stored.area, &stored.mark_key(), &stored.mark_of(&text, &self.owner));
    }
}

/// A digest of an identity, equal for those that [`Identity::is_same`] takes for one; empty for the unknown.
fn digest_of(identity: &Identity) -> Text {
    match (&identity.user_id, &identity.device_id) {
        (Some(user), _) => digest::short(&Text::from("u").then(user)),
        (None, Some(device)) => digest::short(&Text::from("d").then(device)),
        (None, None) => Text::default(),
    }
}
