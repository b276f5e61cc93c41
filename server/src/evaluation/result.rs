//! The result of an evaluation: the variants it returns, and the events it tracks.
//!
//! The current routes return default variants too, as SDKs expect; `/v1/vardata` returns only variants the user is in.
//! Mutual exclusion groups and holdouts are part of the assignment and are not returned. Exposures are of the flags
//! that are returned, and of holdouts, which have no other way to become a user property.

use std::sync::Arc;

use experiment_wasm::assignment;
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::evaluation::{Decision, NoopVisitor, Target, evaluate};
use experiment_wasm::exposure::ExposureEvent;
use experiment_wasm::json::{Object, Text, Value};
use experiment_wasm::user::{self, Identity};
use experiment_wasm::variant::Variant;

use super::flag_snapshot::{FlagSnapshot, RenderedVariant};

/// How variants are returned.
#[derive(Clone, Copy)]
pub enum Shape {
    Current,
    V1,
}

/// Where a flag's result is seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visibility {
    /// In the response, the assignment and an exposure.
    Returned,
    /// In the assignment and an exposure.
    Holdout,
    /// In the assignment.
    Assignment,
}

/// The decisions about one user.
pub struct Evaluated<'a> {
    snapshot: &'a FlagSnapshot,
    keys: Option<&'a [Text]>,
    decisions: Vec<Decision>,
    /// Of each decision.
    variants: Vec<Arc<RenderedVariant>>,
}

impl<'a> Evaluated<'a> {
    /// Decides the flags that are asked for, and those that they depend on.
    pub fn of(snapshot: &'a FlagSnapshot, user: &Object, keys: Option<&'a [Text]>) -> Self {
        let mut target = Target::new(user::context(user, None));
        let decisions = evaluate(&snapshot.flags, &mut target, keys, &NativeDialect, &mut NoopVisitor);
        let variants = snapshot.variants_of(&decisions);
        Self { snapshot, keys, decisions, variants }
    }

    /// The answer's JSON: variants by flag key.
    pub fn visible(&self, shape: Shape) -> Object {
        let returned =
            self.results().filter(|(key, _, visibility)| *visibility == Visibility::Returned && self.is_asked(key));
        returned.filter_map(|(key, rendered, _)| Some((key.clone(), shaped(rendered, shape)?))).collect()
    }

    /// The assignment event, unless there are no flags.
    pub fn assignment(&self, identity: &Identity, environment: &Text, now: u64) -> Option<Object> {
        let variants = self.variants.iter().map(|one| &one.variant);
        let assigned = assignment::of_evaluation(&self.snapshot.flags, &self.decisions, variants, self.keys);
        (!assigned.is_empty()).then(|| assignment::event(identity, environment, &assigned, now))
    }

    /// The exposures.
    pub fn exposures(&self, identity: &Identity, now: u64) -> Vec<ExposureEvent> {
        let exposed = self.results().filter(|(key, _, visibility)| match visibility {
            Visibility::Returned => self.is_asked(key),
            Visibility::Holdout => true,
            Visibility::Assignment => false,
        });
        exposed
            .filter_map(|(key, rendered, _)| ExposureEvent::of_evaluation(identity, key, &rendered.variant, now))
            .collect()
    }

    fn results(&self) -> impl Iterator<Item = (&Text, &RenderedVariant, Visibility)> {
        let keys = self.decisions.iter().map(|one| self.snapshot.flags.key_of(one));
        keys.zip(&self.variants).map(|(key, rendered)| (key, &**rendered, visibility(&rendered.variant)))
    }

    fn is_asked(&self, key: &Text) -> bool {
        self.keys.is_none_or(|keys| keys.contains(key))
    }
}

fn shaped(rendered: &RenderedVariant, shape: Shape) -> Option<Value> {
    match shape {
        Shape::Current => Some(Value::Raw(rendered.json.clone())),
        Shape::V1 => {
            let variant = Variant::from_evaluation(&rendered.variant);
            let is_default = variant.is_default();
            let mut object = variant.into_object();
            object.remove("metadata");
            (!is_default).then_some(object.into())
        }
    }
}

/// A flag that only divides users, or that is not deployed, is not returned.
fn visibility(variant: &Object) -> Visibility {
    let Some(metadata) = variant.get("metadata").and_then(Value::as_object) else { return Visibility::Returned };
    let is_deployed = metadata.get("deployed").and_then(Value::as_bool).unwrap_or(true);
    match metadata.get("flagType").and_then(Value::as_str).map(Text::as_bytes) {
        Some(b"holdout-group") => Visibility::Holdout,
        Some(b"mutual-exclusion-group") => Visibility::Assignment,
        _ if is_deployed => Visibility::Returned,
        _ => Visibility::Assignment,
    }
}
