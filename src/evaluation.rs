//! Which variant of a flag a user gets: the first segment whose conditions the user meets and which has a variant for them.
//!
//! One evaluator for answers and for traces: a [`Visitor`] sees each step and its result. Nothing is sent, and nothing is
//! kept but what a [`Target`] has computed of its user.

mod matching;
mod property;
mod select;
mod target;
mod trace;

use std::borrow::Cow;
use std::slice;

use crate::dialect::Dialect;
use crate::flag::{Flag, Flags};
use crate::json::{Object, Text, Value};
use crate::segment::{Condition, Segment, Selector};

use property::Property;
use select::select;

pub use crate::flag::Decision;
pub use target::Target;
pub use trace::Trace;

/// The result of a segment.
#[derive(Clone, Copy, Debug)]
pub struct SegmentTrace<'a> {
    /// The JSON of what the flag says about the segment.
    pub metadata: Option<&'a [u8]>,
    /// Whether it has conditions.
    pub is_conditional: bool,
    /// Whether they were met.
    pub passed: bool,
    /// The name of the variant it has for the user.
    pub variant: Option<&'a Text>,
}

/// Sees each step of an evaluation.
pub trait Visitor {
    /// Whether segments after the one that decided are tried too.
    fn is_exhaustive(&self) -> bool;

    /// A list of conditions that must all be met is tried next.
    fn alternative(&mut self);

    /// A condition was tried. `selected` is the property, `received` the condition's text.
    fn condition(&mut self, selected: impl FnOnce() -> Option<Value>, received: &[u8], matched: bool);

    /// A segment was tried.
    fn segment(&mut self, segment: SegmentTrace);

    /// A flag was evaluated.
    fn flag(&mut self, key: &Text, decision: Option<&Decision>);
}

/// A visitor that does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopVisitor;

impl Visitor for NoopVisitor {
    fn is_exhaustive(&self) -> bool {
        false
    }

    fn alternative(&mut self) {}
    fn condition(&mut self, _: impl FnOnce() -> Option<Value>, _: &[u8], _: bool) {}
    fn segment(&mut self, _: SegmentTrace) {}
    fn flag(&mut self, _: &Text, _: Option<&Decision>) {}
}

/// An optional visitor: one copy of the evaluator with and without, since another would cost a page two kilobytes.
impl<V: Visitor> Visitor for Option<V> {
    fn is_exhaustive(&self) -> bool {
        self.as_ref().is_some_and(V::is_exhaustive)
    }

    fn alternative(&mut self) {
        if let Some(visitor) = self {
            visitor.alternative();
        }
    }

    fn condition(&mut self, selected: impl FnOnce() -> Option<Value>, received: &[u8], matched: bool) {
        if let Some(visitor) = self {
            visitor.condition(selected, received, matched);
        }
    }

    fn segment(&mut self, segment: SegmentTrace) {
        if let Some(visitor) = self {
            visitor.segment(segment);
        }
    }

    fn flag(&mut self, key: &Text, decision: Option<&Decision>) {
        if let Some(visitor) = self {
            visitor.flag(key, decision);
        }
    }
}

/// Decides the flags with these keys, or all, for a user. The flags that they depend on are decided before them. A flag that
/// has no variant for the user, or that depends on itself, has no decision.
pub fn evaluate<D: Dialect, V: Visitor>(
    flags: &Flags<D::Pattern>,
    target: &mut Target,
    keys: Option<&[Text]>,
    dialect: &D,
    visitor: &mut V,
) -> Vec<Decision> {
    target.reset_for(flags);
    let mut decisions = Vec::new();
    for index in flags.order_of(keys).iter().copied() {
        let Some(flag) = flags.flag_at(index) else { continue };
        let decision = FlagEvaluation { flags, target, decisions: &decisions, dialect }.decide(index, flag, visitor);
        visitor.flag(flags.key_at(index), decision.as_ref());
        decisions.extend(decision);
    }
    decisions
}

/// What a decision depends on.
struct FlagEvaluation<'a, D: Dialect> {
    flags: &'a Flags<D::Pattern>,
    target: &'a mut Target,
    /// The decisions of before, for flags that depend on the results of others.
    decisions: &'a [Decision],
    dialect: &'a D,
}

impl<D: Dialect> FlagEvaluation<'_, D> {
    fn decide<V: Visitor>(&mut self, index: u32, flag: &Flag, visitor: &mut V) -> Option<Decision> {
        let mut decision = None;
        for (segment_index, segment) in (0..).zip(&flag.segments) {
            let passed = self.meets_conditions(flag, segment, visitor);
            let variant = if passed { self.variant_of(segment) } else { None };
            let name = variant.and_then(|variant| flag.variants.get(variant as usize)).map(|(name, _)| name);
            visitor.segment(SegmentTrace {
                metadata: segment.metadata.map(|metadata| metadata.of(&flag.text)),
                is_conditional: segment.conditions.is_some(),
                passed,
                variant: name,
            });
            let found = variant.filter(|variant| flag.has_variant(*variant));
            decision = decision.or(found.map(|variant| Decision { flag: index, segment: segment_index, variant }));
            if decision.is_some() && !visitor.is_exhaustive() {
                break;
            }
        }
        decision
    }

    fn meets_conditions<V: Visitor>(&mut self, flag: &Flag, segment: &Segment, visitor: &mut V) -> bool {
        let Some(alternatives) = &segment.conditions else { return true };
        alternatives.iter().any(|conditions| {
            visitor.alternative();
            conditions.iter().all(|condition| {
                let matched = self.meets(condition);
                let selected = || Some(self.selected(condition.selector)?.into_owned());
                visitor.condition(selected, condition.text.of(&flag.text), matched);
                matched
            })
        })
    }

    /// The variant of a segment for a user who meets its conditions: the bucket's, or the segment's own for users without a
    /// bucketing value and for those in no range.
    fn variant_of(&mut self, segment: &Segment) -> Option<u32> {
        let share = segment.bucket.as_ref().and_then(|bucket| {
            let value = &self.property(bucket.selector)?.text;
            if value.is_empty() { None } else { bucket.share(value) }
        });
        share.map_or(segment.variant, |share| share.variant)
    }

    fn meets(&mut self, condition: &Condition) -> bool {
        let (flags, dialect) = (self.flags, self.dialect);
        match self.property(condition.selector) {
            Some(property) => property.meets(condition, &flags.tables.patterns, dialect),
            None => condition.when_absent,
        }
    }

    /// The property of a selector, computed once for the context. Results change as flags are decided.
    fn property(&mut self, selector: u32) -> Option<&mut Property> {
        let is_stable = !matches!(self.flags.tables.selectors.get(selector as usize)?, Selector::Result(_));
        let is_known = self.target.properties.get(selector as usize)?.is_some();
        if !(is_known && is_stable) {
            let property = self.selected(selector).map(|value| Property::new(&value, self.dialect));
            *self.target.properties.get_mut(selector as usize)? = Some(property);
        }
        self.target.properties.get_mut(selector as usize)?.as_mut()?.as_mut()
    }

    fn selected(&self, selector: u32) -> Option<Cow<'_, Value>> {
        match self.flags.tables.selectors.get(selector as usize)? {
            Selector::Nothing => None,
            Selector::Context(path) => select(self.target.context(), path),
            Selector::Result(path) => select(&self.results(path)?, path).map(|value| Cow::Owned(value.into_owned())),
        }
    }

    /// The variants at the start of a path: of all decided flags, or of the flag that the path names first.
    fn results(&self, path: &[Text]) -> Option<Value> {
        let decisions = match path.first() {
            None => self.decisions,
            Some(key) => {
                let flag = self.flags.find(key)?;
                slice::from_ref(self.decisions.iter().rfind(|decision| decision.flag == flag)?)
            }
        };
        let mut results = Object::new();
        for decision in decisions {
            results.push(self.flags.key_of(decision).clone(), self.flags.variant_of(decision).into());
        }
        Some(results.into())
    }
}
