//! What an evaluation came to: what of it is returned, and what is told of it.
//!
//! The current routes return default variants too, as the SDKs want them; `/v1/vardata` only what a user is in. Results of
//! mutual exclusion groups and holdouts are told in the assignment and returned to nobody. Exposed to are the flags that are
//! returned, and holdouts, which have no other way to become a property of their users.

use std::sync::Arc;

use experiment_wasm::assignment;
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::evaluation::{Decision, Silent, Target, evaluate};
use experiment_wasm::exposure::ExposureEvent;
use experiment_wasm::json::{Object, Text, Value};
use experiment_wasm::user::{self, Identity};
use experiment_wasm::variant::Variant;

use crate::catalog::{Edition, Told};

/// How variants are returned.
#[derive(Clone, Copy)]
pub enum Shape {
    Current,
    V1,
}

/// Who is told of a flag's result.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Concern {
    /// Whoever asks.
    Everybody,
    /// Analysis.
    Holdout,
    /// Nobody but those who look for mistakes.
    Nobody,
}

/// The decisions about one user.
pub struct Evaluated<'a> {
    edition: &'a Edition,
    keys: Option<&'a [Text]>,
    decisions: Vec<Decision>,
    /// Of each decision.
    variants: Vec<Arc<Told>>,
}

impl<'a> Evaluated<'a> {
    /// Decides the flags that are asked for, and those that they depend on.
    pub fn of(edition: &'a Edition, user: &Object, keys: Option<&'a [Text]>) -> Self {
        let mut target = Target::new(user::context(user, None));
        let decisions = evaluate(&edition.flags, &mut target, keys, &NativeDialect, &mut Silent);
        let variants = edition.variants_of(&decisions);
        Self { edition, keys, decisions, variants }
    }

    /// The answer's JSON: variants by flag key.
    pub fn shown(&self, shape: Shape) -> Object {
        let returned = self.results().filter(|(key, _, concern)| *concern == Concern::Everybody && self.is_asked(key));
        returned.filter_map(|(key, told, _)| Some((key.clone(), shaped(told, shape)?))).collect()
    }

    /// The assignment event, unless there are no flags.
    pub fn assignment(&self, identity: &Identity, environment: &Text, now: u64) -> Option<Object> {
        let variants = self.variants.iter().map(|one| &one.variant);
        let assigned = assignment::of_evaluation(&self.edition.flags, &self.decisions, variants, self.keys);
        (!assigned.is_empty()).then(|| assignment::event(identity, environment, &assigned, now))
    }

    /// The exposures.
    pub fn exposures(&self, identity: &Identity, now: u64) -> Vec<ExposureEvent> {
        let met = self.results().filter(|(key, _, concern)| match concern {
            Concern::Everybody => self.is_asked(key),
            Concern::Holdout => true,
            Concern::Nobody => false,
        });
        met.filter_map(|(key, told, _)| ExposureEvent::of_evaluation(identity, key, &told.variant, now)).collect()
    }

    fn results(&self) -> impl Iterator<Item = (&Text, &Told, Concern)> {
        let keys = self.decisions.iter().map(|one| self.edition.flags.key_of(one));
        keys.zip(&self.variants).map(|(key, told)| (key, &**told, concern(&told.variant)))
    }

    fn is_asked(&self, key: &Text) -> bool {
        self.keys.is_none_or(|keys| keys.contains(key))
    }
}

fn shaped(told: &Told, shape: Shape) -> Option<Value> {
    match shape {
        Shape::Current => Some(Value::Raw(told.json.clone())),
        Shape::V1 => {
            let variant = Variant::from_evaluation(&told.variant);
            let is_default = variant.is_default();
            let mut object = variant.into_object();
            object.remove("metadata");
            (!is_default).then_some(object.into())
        }
    }
}

/// Not everybody's is what only divides users, or a flag that is not deployed.
fn concern(variant: &Object) -> Concern {
    let Some(metadata) = variant.get("metadata").and_then(Value::as_object) else { return Concern::Everybody };
    let is_deployed = metadata.get("deployed").and_then(Value::as_bool).unwrap_or(true);
    match metadata.get("flagType").and_then(Value::as_str).map(Text::as_bytes) {
        Some(b"holdout-group") => Concern::Holdout,
        Some(b"mutual-exclusion-group") => Concern::Nobody,
        _ if is_deployed => Concern::Everybody,
        _ => Concern::Nobody,
    }
}
