//! Whom a part of a flag is for: conditions in their compiled form, and the variant or bucket for those who meet them.
//!
//! Compiled means: operators are enums, values have the form they are compared in, selectors and patterns are numbers.
//! What a condition says about a user is evaluation's; here is only what the flag says.

mod form;
mod index;
mod operator;
mod wire;

use crate::bucketing::Bucket;
use crate::json::Text;

pub(crate) use form::Form;
pub(crate) use index::Index;
#[cfg(feature = "native")]
pub(crate) use operator::NONE;
pub(crate) use operator::{Operator, Test};
pub(crate) use wire::{Compiler, Tables};

/// The number of no selector.
const NO_SELECTOR: u32 = u32::MAX;

/// A part of a flag: the users it is for, and what they get.
#[derive(Debug, Default)]
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
#[derive(Debug)]
pub(crate) struct Condition {
    /// The property, by its number among the flags' selectors.
    pub(crate) selector: u32,
    pub(crate) operator: &'static Operator,
    /// The answer for users who do not have the property.
    pub(crate) when_absent: bool,
    /// What the property is compared with, in the operator's form. Values that have no such form are left out.
    pub(crate) values: Vec<Text>,
    /// What versions are compared with where one side is no version: the values as text ([`Form::Units`]).
    pub(crate) texts: Vec<Text>,
    /// What the property is matched with, by the numbers among the flags' patterns.
    pub(crate) patterns: Vec<u32>,
    /// Where it stands in the flag's text.
    pub(crate) text: Span,
}

/// The way to a property.
#[derive(Debug)]
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
