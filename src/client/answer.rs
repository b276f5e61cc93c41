//! Which variant a flag has for the current user: the sources, in the reference's order.
//!
//! A variant that was assigned, by a fetch or by evaluating the flag here, comes first; then the fallbacks; and when
//! there are none, the default variant of a user who was evaluated and is in no variant.

use super::config::{Config, Source};
use super::variants::Variants;
use crate::json::{Text, Value};
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
    pub is_kept: bool,
}

/// What an answer is made from, beside evaluation.
pub(super) struct Sources<'a> {
    pub(super) config: &'a Config,
    pub(super) variants: &'a Variants,
    pub(super) identity: &'a Identity,
    pub(super) key: &'a Text,
    pub(super) fallback: Option<&'a Value>,
}

impl Sources<'_> {
    /// The answer without evaluating: what is stored, bootstrapped or given. `None` when not even a default is known.
    pub(super) fn stored(&self) -> Option<Answer> {
        let stored = self.variants.get(self.key, self.identity);
        let stored = stored.map(|variant| assigned(variant, VariantSource::LocalStorage));
        match self.config.source() {
            Source::LocalStorage => self.or_fallback(stored),
            // Bootstrapped variants that come first are taken as they are, defaults too.
            Source::InitialVariants => match self.initial() {
                Some(variant) => Some(Answer::new(variant, VariantSource::InitialVariants, false)),
                None => self.or_fallback(stored),
            },
        }
    }

    /// The answer for a flag that was evaluated here.
    pub(super) fn evaluated(&self, variant: Option<Variant>) -> Option<Answer> {
        self.or_fallback(variant.map(|variant| assigned(variant, VariantSource::LocalEvaluation)))
    }

    /// `assigned`, unless it is a default variant and a fallback is given; then the fallbacks; then the default.
    fn or_fallback(&self, assigned: Option<Answer>) -> Option<Answer> {
        match assigned {
            Some(answer) if !answer.has_default => Some(answer),
            default => self.fallback(default.is_some()).or(default),
        }
    }

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
    pub(super) fn nothing() -> Self {
        Self::new(Variant::default(), VariantSource::None, false)
    }

    fn new(variant: Variant, source: VariantSource, has_default: bool) -> Self {
        let is_kept = !source.is_fallback() && !variant.is_impression();
        Self { variant, source, has_default, is_kept }
    }
}

fn assigned(variant: Variant, source: VariantSource) -> Answer {
    let has_default = variant.is_default();
    Answer::new(variant, source, has_default)
}
