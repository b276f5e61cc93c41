//! Which variant of a flag a user gets: the first segment whose conditions the user meets and which has a variant for them.
//!
//! One evaluator for answers and for traces: a [`Visitor`] sees what was asked and what came of it. Nothing is sent and
//! nothing is remembered, but for what a [`Target`] has computed of its user.

mod matching;
mod property;
mod results;
mod select;
mod target;
mod trace;

use crate::bucketing::Bucket;
use crate::dialect::Dialect;
use crate::flag::{Flag, Flags};
use crate::json::{Text, Value};
use crate::segment::{Condition, Segment, Selector};

use property::Property;
use results::Results;

pub use target::Target;
pub use trace::Trace;

/// A flag, the segment that decided, and the variant: numbers that [`Flags::key_of`] and [`Flags::variant_of`] understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub(crate) flag: u32,
    pub(crate) segment: u32,
    pub(crate) variant: u32,
}

/// Sees an evaluation happen.
pub trait Visitor {
    /// Whether segments after the one that decided are looked at too.
    const EXHAUSTIVE: bool;

    /// A list of conditions that must all be met is tried next.
    fn alternative(&mut self);

    /// A condition was tried. `selected` is the property it looked at.
    fn condition(&mut self, selected: impl FnOnce() -> Option<Value>, matched: bool);

    /// A segment was tried: whether its conditions were met, and the name of the variant it has for the user.
    fn segment(&mut self, passed: bool, variant: Option<&Text>);

    /// A flag was evaluated.
    fn flag<P>(&mut self, flags: &Flags<P>, flag: u32, decision: Option<&Decision>);
}

/// Sees nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Visitor for Silent {
    const EXHAUSTIVE: bool = false;

    fn alternative(&mut self) {}
    fn condition(&mut self, _: impl FnOnce() -> Option<Value>, _: bool) {}
    fn segment(&mut self, _: bool, _: Option<&Text>) {}
    fn flag<P>(&mut self, _: &Flags<P>, _: u32, _: Option<&Decision>) {}
}

/// Decides the flags of these keys, or all, for a user. Flags that others depend on are decided with them and before them;
/// a flag that has no variant for the user, or that depends on itself, is not among the decisions.
pub fn evaluate<D: Dialect, V: Visitor>(
    flags: &Flags<D::Pattern>,
    target: &mut Target,
    keys: Option<&[Text]>,
    dialect: &D,
    visitor: &mut V,
) -> Vec<Decision> {
    target.turn_to(flags);
    let mut results = Results::new(flags.len());
    for number in flags.order_of(keys).iter().copied() {
        let Some(flag) = flags.at(number) else { continue };
        let view = View { flags, target, results: &results, dialect };
        let decision = view.decide(number, flag, visitor);
        visitor.flag(flags, number, decision.as_ref());
        results.extend(decision);
    }
    results.into_decisions()
}

/// What a flag is decided from.
struct View<'a, D: Dialect> {
    flags: &'a Flags<D::Pattern>,
    target: &'a Target,
    results: &'a Results,
    dialect: &'a D,
}

impl<D: Dialect> View<'_, D> {
    fn decide<V: Visitor>(&self, number: u32, flag: &Flag, visitor: &mut V) -> Option<Decision> {
        let mut decision = None;
        for (index, segment) in (0..).zip(&flag.segments) {
            let passed = self.passes(segment, visitor);
            let variant = if passed { self.variant(segment) } else { None };
            visitor.segment(
                passed,
                variant.and_then(|variant| flag.variants.get(variant as usize)).map(|variant| &variant.name),
            );
            let found = variant.filter(|variant| flag.has(*variant));
            decision = decision.or(found.map(|variant| Decision { flag: number, segment: index, variant }));
            if decision.is_some() && !V::EXHAUSTIVE {
                break;
            }
        }
        decision
    }

    fn passes<V: Visitor>(&self, segment: &Segment, visitor: &mut V) -> bool {
        let Some(alternatives) = &segment.conditions else { return true };
        alternatives.iter().any(|conditions| {
            visitor.alternative();
            conditions.iter().all(|condition| {
                let matched = self.meets(condition);
                visitor.condition(|| self.selected(condition.selector), matched);
                matched
            })
        })
    }

    /// The variant of a segment for a user who meets its conditions.
    fn variant(&self, segment: &Segment) -> Option<u32> {
        let distribution = segment.bucket.as_ref().and_then(|bucket| {
            let drawn = |property: Option<&Property>| self.drawn(bucket, property);
            self.with_property(bucket.selector, drawn)
        });
        distribution.unwrap_or(segment.variant)
    }

    /// What the bucket has for a user: `None` where the segment's own variant is for those without a bucketing value and
    /// for those in no range.
    fn drawn(&self, bucket: &Bucket, property: Option<&Property>) -> Option<Option<u32>> {
        let value = property.map(|property| property.text()).filter(|value| !value.is_empty())?;
        bucket.distribution(value).map(|distribution| distribution.variant)
    }

    fn meets(&self, condition: &Condition) -> bool {
        self.with_property(condition.selector, |property| match property {
            Some(property) => self.matches(condition, property),
            None => condition.when_absent,
        })
    }

    /// The property of a selector. What the context says stays, so it is computed once; results change as flags are decided.
    fn with_property<T>(&self, selector: u32, then: impl FnOnce(Option<&Property>) -> T) -> T {
        if let Some(Selector::Result(path)) = self.flags.interned().selector_at(selector) {
            let selected = self.results.select(path, self.flags);
            return then(selected.map(|value| Property::new(&value, self.dialect)).as_ref());
        }
        then(self.target.property(selector, self.flags, self.dialect))
    }

    fn selected(&self, selector: u32) -> Option<Value> {
        match self.flags.interned().selector_at(selector)? {
            Selector::Nothing => None,
            Selector::Context(path) => select::select(self.target.context(), path).map(std::borrow::Cow::into_owned),
            Selector::Result(path) => self.results.select(path, self.flags),
        }
    }
}
