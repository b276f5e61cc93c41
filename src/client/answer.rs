//! The answer to `variant()`: which source it is taken from, in the reference's order. The first that has a variant wins:
//!
//! 1. `initialVariants`, where the option `source` puts them first; default variants too. Not for a local flag.
//! 2. The assigned variant: of a local flag what evaluation on the page gives, of any other what a fetch stored for this user.
//!    A default variant, which says that the user was evaluated and is in no variant, waits until step 6.
//! 3. The fallback of the call.
//! 4. `initialVariants`.
//! 5. `fallbackVariant`.
//! 6. The default variant of step 2.
//! 7. What evaluation on the page gives for a flag that the server should have evaluated.
//! 8. An empty variant.
//!
//! A local flag is one whose configuration says that the page evaluates it. How evaluation chooses is in
//! `src/evaluation.rs`. Without WebAssembly `pkg/src/client/fallback.ts` answers, by the steps 1, 3, 4, 5 and 8.

use super::Client;
use super::config::{Config, PrimarySource};
use super::variants::Variants;
use crate::dialect::Dialect;
use crate::json::{Text, Value};
use crate::storage::Storage;
use crate::user::Identity;
use crate::variant::{Variant, VariantSource};

/// Whether reading a variant is an exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expose {
    /// It is not.
    Never,
    /// It is, unless the option `automaticExposureTracking` is off.
    Automatically,
    /// It is.
    Always,
}

/// The answer to `variant()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The variant; empty when nothing is known.
    pub variant: Variant,
    /// Where it was taken from.
    pub source: VariantSource,
    /// Whether the user was evaluated and is in no variant, so that a fallback stands in for the default variant.
    pub has_default: bool,
    /// Whether it holds until something changes, and is no exposure each time. Another fallback argument would give the same
    /// answer, unless it [`has_default`](Self::has_default).
    pub is_cacheable: bool,
}

impl<D: Dialect, S: Storage> Client<D, S> {
    /// The answer for a flag. `fallback`: the one of the call.
    pub(super) fn answer(&mut self, key: &Text, fallback: Option<&Value>) -> Answer {
        let found = self.lookup(key, fallback).without_evaluation();
        let is_local = self.flags.is_local(key);
        if !is_local && (found.is_some() || !self.flags.contains(key)) {
            return found.unwrap_or_else(Answer::nothing);
        }
        let decisions = self.decide(Some(std::slice::from_ref(key)), &mut None);
        let own = decisions.iter().find(|decision| self.flags.key_of(decision) == key);
        let answer = self.lookup(key, fallback).evaluated(own.map(|decision| self.variant_of(decision)));
        // A flag that the server evaluates is evaluated here only without a fallback.
        let answer = answer.map(|answer| Answer { is_cacheable: answer.is_cacheable && is_local, ..answer });
        answer.unwrap_or_else(Answer::nothing)
    }

    fn lookup<'a>(&'a self, key: &'a Text, fallback: Option<&'a Value>) -> VariantLookup<'a> {
        VariantLookup { config: &self.config, variants: &self.variants, identity: &self.identity, key, fallback }
    }
}

/// Looks for a flag's variant where one can be, beside evaluation.
struct VariantLookup<'a> {
    config: &'a Config,
    variants: &'a Variants,
    identity: &'a Identity,
    key: &'a Text,
    fallback: Option<&'a Value>,
}

impl VariantLookup<'_> {
    /// Steps 1 to 6 without evaluating. `None` when not even a default is known.
    fn without_evaluation(&self) -> Option<Answer> {
        let stored = self.variants.get(self.key, self.identity);
        let stored = stored.map(|variant| assigned(variant, VariantSource::LocalStorage));
        match self.config.primary_source() {
            PrimarySource::LocalStorage => self.or_fallback(stored),
            // Bootstrapped variants that come first are taken as they are, defaults too.
            PrimarySource::InitialVariants => match self.initial() {
                Some(variant) => Some(Answer::new(variant, VariantSource::InitialVariants, false)),
                None => self.or_fallback(stored),
            },
        }
    }

    /// Steps 2 to 6 for a flag that was evaluated here.
    fn evaluated(&self, variant: Option<Variant>) -> Option<Answer> {
        self.or_fallback(variant.map(|variant| assigned(variant, VariantSource::LocalEvaluation)))
    }

    /// Steps 2 to 6: the assigned variant, unless it is a default; then the fallbacks; then the default.
    fn or_fallback(&self, assigned: Option<Answer>) -> Option<Answer> {
        match assigned {
            Some(answer) if !answer.has_default => Some(answer),
            default => self.fallback(default.is_some()).or(default),
        }
    }

    /// Steps 3 to 5.
    fn fallback(&self, has_default: bool) -> Option<Answer> {
        let inline =
            self.fallback.and_then(Variant::from_fallback).map(|variant| (variant, VariantSource::FallbackInline));
        let initial = || Some((self.initial()?, VariantSource::SecondaryInitialVariants));
        let config = || Some((self.config.fallback_variant()?, VariantSource::FallbackConfig));
        let (variant, source) = inline.or_else(initial).or_else(config)?;
        Some(Answer::new(variant, source, has_default))
    }

    fn initial(&self) -> Option<Variant> {
        self.config.initial_variants().get(self.key)?.as_object().cloned().map(Variant::from)
    }
}

impl Answer {
    /// The answer when nothing is known of the flag.
    fn nothing() -> Self {
        Self::new(Variant::default(), VariantSource::None, false)
    }

    fn new(variant: Variant, source: VariantSource, has_default: bool) -> Self {
        let is_cacheable = !source.is_fallback() && !variant.is_impression();
        Self { variant, source, has_default, is_cacheable }
    }
}

fn assigned(variant: Variant, source: VariantSource) -> Answer {
    let has_default = variant.is_default();
    Answer::new(variant, source, has_default)
}
