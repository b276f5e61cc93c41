//! Whom a part of a flag is for: conditions in their compiled form, and the variant or bucket for those who meet them.
//!
//! Compiled means: operators are enums, values are parsed, lower-cased and sorted, selectors and patterns are numbers.
//! What a condition says about a user is evaluation's; here is only what the flag says.

mod index;
mod interned;
mod operator;
mod values;
mod version;
mod wire;

use crate::bucketing::Bucket;
use crate::json::Text;

pub(crate) use index::Index;
pub(crate) use interned::{Interned, Renumbering};
pub(crate) use operator::Comparison;
pub(crate) use values::{Versions, Words, has};
pub(crate) use version::Version;
pub(crate) use wire::{Compiler, Fault, optional, which};

/// A part of a flag: the users it is for, and what they get.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segment {
    /// Alternatives, each a list of conditions that must all be met. `None`: everybody.
    pub(crate) conditions: Option<Vec<Vec<Condition>>>,
    /// How the users are spread. `None`: all get `variant`.
    pub(crate) bucket: Option<Bucket>,
    /// The variant of those whom the bucket gives none, by its number in the flag. `None`: the next segment decides.
    pub(crate) variant: Option<u32>,
    pub(crate) metadata: Option<Span>,
}

/// A question about one property.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// The property, by its number among the flags' selectors.
    pub(crate) selector: u32,
    /// The answer for users who do not have the property.
    pub(crate) when_absent: bool,
    /// Whether the test must fail.
    pub(crate) negated: bool,
    pub(crate) test: Test,
}

/// What is asked of a property, with the values it is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// One of these.
    Equal(Words),
    /// Has one of these in it; they are in lower case.
    Contain(Vec<Text>),
    /// Compares so with one of these.
    Number(Comparison, Vec<f64>),
    /// Compares so with one of these.
    Version(Comparison, Versions),
    /// A set of exactly these.
    SetEqual(Words),
    /// A set with all of these.
    SetAll(Words),
    /// A set with one of these.
    SetAny(Words),
    /// Matches one of these patterns, by their numbers among the probes.
    Pattern(Vec<u32>),
    /// An operator nobody knows: nobody meets it.
    Never,
}

impl Test {
    /// Whether only lists can meet it.
    pub(crate) fn is_of_sets(&self) -> bool {
        matches!(self, Self::SetEqual(_) | Self::SetAll(_) | Self::SetAny(_))
    }
}

/// The way to a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    /// Leads nowhere: it is empty, starts at no known root, or has an element JavaScript takes for false.
    Nothing,
    /// Names to follow from the context.
    Context(Vec<Text>),
    /// Names to follow from the results of the flags evaluated before.
    Result(Vec<Text>),
}

/// A piece of a flag's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl Segment {
    /// Gives selectors and probes the numbers they have in another set of flags.
    pub(crate) fn renumber(&mut self, numbers: &Renumbering) {
        for condition in self.conditions.iter_mut().flatten().flatten() {
            condition.selector = numbers.selector(condition.selector);
            if let Test::Pattern(probes) = &mut condition.test {
                probes.iter_mut().for_each(|probe| *probe = numbers.probe(*probe));
            }
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.selector = numbers.selector(bucket.selector);
        }
    }
}
