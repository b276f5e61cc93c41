//! Which variant a flag has for the person on the page: the sources, asked in the reference's order.
//!
//! A variant that was assigned, by a fetch or by evaluating the flag here, comes first; then the fallbacks; and when
//! there are none, the default variant of a person who was evaluated and is in no variant.

use super::config::{Config, Source};
use super::variants::Variants;
use crate::json::{Text, Value};
use crate::user::Identity;
use crate::variant::{Variant, VariantSource};

/// The answer to `variant()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The variant; empty when nothing is known.
    pub variant: Variant,
    /// Where it was taken from.
    pub source: VariantSource,
    /// Whether the person was evaluated and is in no variant, so that a fallback stands in for a default.
    pub has_default: bool,
    /// Whether it holds until something changes, and is not told each time. Another fallback argument would give the same
    /// answer, unless it [`has_default`](Self::has_default).
    pub is_kept: bool,
}

/// Everything an answer is made from, beside evaluation.
pub(super) struct Sources<'a> {
    pub(super) config: &'a Config,
    pub(super) variants: &'a Variants,
    pub(super) person: &'a Identity,
    pub(super) key: &'a Text,
    pub(super) fallback: Option<&'a Value>,
}

impl Sources<'_> {
    /// The answer without evaluating: what is stored, bootstrapped or given. `None` when not even a default is known.
    pub(super) fn stored(&self) -> Option<Answer> {
        let stored = self.variants.get(self.key, self.person);
        let stored = stored.map(|variant| assigned(variant, VariantSource::LocalStorage));
        match self.config.source() {
            Source::LocalStorage => self.after(stored),
            // Bootstrapped variants that come first are taken as they are, defaults too.
            Source::InitialVariants => match self.initial() {
                Some(variant) => Some(Answer::new(variant, VariantSource::InitialVariants, false)),
                None => self.after(stored),
            },
        }
    }

    /// The answer for a flag that was evaluated here.
    pub(super) fn evaluated(&self, variant: Option<Variant>) -> Option<Answer> {
        self.after(variant.map(|variant| assigned(variant, VariantSource::LocalEvaluation)))
    }

    /// `first`, unless it is a default and a fallback is given; then the fallbacks; then the default.
    fn after(&self, first: Option<Answer>) -> Option<Answer> {
        match first {
            Some(answer) if !answer.has_default => Some(answer),
            default => self.fallen_back(default.is_some()).or(default),
        }
    }

    fn fallen_back(&self, has_default: bool) -> Option<Answer> {
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
