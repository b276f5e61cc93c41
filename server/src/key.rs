//! Keys: compared in constant time, and never printed.

use experiment_wasm::field_hasher::FieldHasher;
use experiment_wasm::json::Text;
use subtle::ConstantTimeEq;

/// A key as it is held in memory: its digest, so that all keys are compared at one length.
#[derive(Clone)]
pub struct Key(Text);

impl Key {
    /// The key of this secret.
    pub fn of(secret: &str) -> Self {
        Self(FieldHasher::new().field(secret.as_bytes()).finish())
    }

    /// The first characters of the digest: they tell the keys of a project apart, and say nothing of the secret.
    pub fn fingerprint(&self) -> String {
        self.0.to_str().chars().take(8).collect()
    }
}

/// What a secret opens. All keys are looked at, whichever fits, so that the time says nothing.
pub fn opened<'a, T>(
    things: impl IntoIterator<Item = &'a T>,
    keys_of: impl Fn(&T) -> &[Key],
    secret: &str,
) -> Option<&'a T> {
    let given = Key::of(secret);
    let fits = |key: &Key| bool::from(key.0.as_bytes().ct_eq(given.0.as_bytes()));
    let opens = |thing: &T| keys_of(thing).iter().fold(false, |opens, key| fits(key) | opens);
    things.into_iter().fold(None, |found, thing| if opens(thing) { Some(thing) } else { found })
}
