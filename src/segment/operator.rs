//! The operators by their wire names, and what each says about a user who does not have the property.

use std::cmp::Ordering;

use super::values::Versions;
use super::{Test, Words};
use crate::dialect::{Dialect, plain};
use crate::json::Text;

/// The value that stands for "does not have the property".
const NONE: &str = "(none)";

/// How two things must lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether things in this order lie as asked. `None`: they have no order, as NaN has none.
    pub(crate) fn holds(self, order: Option<Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

/// What an operator asks, without the values it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Equal,
    Contain,
    Number(Comparison),
    Version(Comparison),
    SetEqual,
    SetAll,
    SetAny,
    Pattern,
    Never,
}

/// The operators of the wire: name, question, and whether it is the opposite that is asked. A table, since a `match` on
/// texts is compiled into comparisons byte by byte, three kilobytes of them.
const OPERATORS: [(&str, Question, bool); 20] = [
    ("is", Question::Equal, false),
    ("is not", Question::Equal, true),
    ("contains", Question::Contain, false),
    ("does not contain", Question::Contain, true),
    ("less", Question::Number(Comparison::Less), false),
    ("less or equal", Question::Number(Comparison::LessOrEqual), false),
    ("greater", Question::Number(Comparison::Greater), false),
    ("greater or equal", Question::Number(Comparison::GreaterOrEqual), false),
    ("version less", Question::Version(Comparison::Less), false),
    ("version less or equal", Question::Version(Comparison::LessOrEqual), false),
    ("version greater", Question::Version(Comparison::Greater), false),
    ("version greater or equal", Question::Version(Comparison::GreaterOrEqual), false),
    ("set is", Question::SetEqual, false),
    ("set is not", Question::SetEqual, true),
    ("set contains", Question::SetAll, false),
    ("set does not contain", Question::SetAll, true),
    ("set contains any", Question::SetAny, false),
    ("set does not contain any", Question::SetAny, true),
    ("regex match", Question::Pattern, false),
    ("regex does not match", Question::Pattern, true),
];

/// An operator: a question, or its opposite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    pub(super) question: Question,
    pub(super) negated: bool,
}

impl Operator {
    /// The operator of a wire name. One that nobody knows is met by nobody; the rest of its flag goes on working.
    pub(super) fn named(name: &[u8]) -> Self {
        let known = OPERATORS.iter().find(|(known, ..)| known.as_bytes() == name);
        let (question, negated) =
            known.map_or((Question::Never, false), |(_, question, negated)| (*question, *negated));
        Self { question, negated }
    }

    /// The answer for users who do not have the property: they are who `(none)` stands for. Patterns and `set is not`
    /// are never met by them, be it so or not.
    pub(super) fn when_absent(self, values: &[Text]) -> bool {
        let none = values.iter().any(|value| *value == NONE);
        match self.question {
            Question::Pattern | Question::Never => false,
            Question::SetEqual if self.negated => false,
            _ => none != self.negated,
        }
    }

    /// The question with its values, each brought into the form it is compared in.
    pub(super) fn test<D: Dialect>(self, values: Vec<Text>, dialect: &D, probe: impl FnMut(&Text) -> u32) -> Test {
        let numbers = || values.iter().map(|value| plain::number(dialect, value)).collect();
        match self.question {
            Question::Equal => Test::Equal(Words::new(values)),
            Question::Contain => Test::Contain(values.iter().map(|value| plain::lower(dialect, value)).collect()),
            Question::Number(comparison) => Test::Number(comparison, numbers()),
            Question::Version(comparison) => Test::Version(comparison, Versions::new(values, dialect)),
            Question::SetEqual => Test::SetEqual(Words::new(values)),
            Question::SetAll => Test::SetAll(Words::new(values)),
            Question::SetAny => Test::SetAny(Words::new(values)),
            Question::Pattern => Test::Pattern(values.iter().map(probe).collect()),
            Question::Never => Test::Never,
        }
    }
}
