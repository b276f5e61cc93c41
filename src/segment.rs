//! Segments of a flag in compiled form: the conditions, and the variant or bucket of users who meet them.
//!
//! Compiled means: operators are enums, values are comparison keys, selectors and patterns are indexes into the flags'
//! tables. Whether a user meets a condition is decided by [`evaluation`](crate::evaluation).

mod comparison_key;
mod interner;
mod operator;
mod wire;

use crate::bucketing::Bucket;
use crate::json::Text;

pub(crate) use comparison_key::ComparisonKey;
pub(crate) use interner::Interner;
#[cfg(feature = "native")]
pub(crate) use operator::NONE;
pub(crate) use operator::{Operator, SetTest, Test, ValueTest};
pub(crate) use wire::{Compiler, Tables};

/// The index of a missing selector.
const NO_SELECTOR: u32 = u32::MAX;

/// A part of a flag: the users it is for, and what they get.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    /// Alternatives, each a list of conditions that must all be met. `None`: all users.
    pub(crate) conditions: Option<Vec<Vec<Condition>>>,
    /// How the users are distributed. `None`: all get `variant`.
    pub(crate) bucket: Option<Bucket>,
    /// The variant of users without one of the bucket, by its index in the flag. `None`: the next segment decides.
    pub(crate) variant: Option<u32>,
    pub(crate) metadata: Option<Span>,
}

/// A condition on one property.
#[derive(Debug)]
pub(crate) struct Condition {
    /// The property, by its index among the flags' selectors.
    pub(crate) selector: u32,
    pub(crate) operator: &'static Operator,
    /// Whether users without the property meet it.
    pub(crate) when_absent: bool,
    /// The operator's comparison keys of the values. Values without one are left out.
    pub(crate) values: Vec<Text>,
    /// The values as text ([`ComparisonKey::Units`]): compared where one side of a version operator is no version.
    pub(crate) texts: Vec<Text>,
    /// The patterns, by their indexes among the flags' patterns.
    pub(crate) patterns: Vec<u32>,
    /// The condition in the flag's text.
    pub(crate) text: Span,
}

/// The path to a property.
#[derive(Debug)]
pub(crate) enum Selector {
    /// No path: it is empty, starts at no known root, or has an element JavaScript takes for false.
    Nothing,
    /// A path from the context.
    Context(Vec<Text>),
    /// A path from the results of the flags evaluated before.
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
