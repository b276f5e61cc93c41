//! The operators by their wire names, and whether users without the property meet them.

use super::ComparisonKey;
use crate::json::Text;

/// The value that stands for "does not have the property".
pub(crate) const NONE: &str = "(none)";

/// What an operator tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// The property, or one item of it, with one of the values.
    Value(ValueTest),
    /// All items of the property with all values.
    Set(SetTest),
    /// Matches one of the patterns.
    Pattern,
    /// An unknown operator: no user meets it.
    Never,
}

/// How an item compares with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueTest {
    Equal,
    Contain,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How a set compares with the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetTest {
    /// It has exactly the values.
    Equal,
    /// It has all of the values.
    All,
    /// It has one of the values.
    Any,
}

/// An operator: a test of a property's comparison key, or its opposite.
#[derive(Debug)]
pub(crate) struct Operator {
    name: &'static str,
    pub(crate) test: Test,
    pub(crate) key: ComparisonKey,
    pub(crate) is_negated: bool,
}

impl Operator {
    const fn is(name: &'static str, test: Test, key: ComparisonKey) -> Self {
        Self { name, test, key, is_negated: false }
    }

    const fn is_not(name: &'static str, test: Test, key: ComparisonKey) -> Self {
        Self { name, test, key, is_negated: true }
    }

    /// The operator of a wire name. No user meets an unknown one; the rest of its flag goes on working.
    pub(crate) fn named(name: &[u8]) -> &'static Self {
        OPERATORS.iter().find(|known| known.name.as_bytes() == name).unwrap_or(&NEVER)
    }

    /// Whether users without the property meet a condition: the value `(none)` stands for them. They never meet patterns and
    /// `set is not`.
    pub(super) fn when_absent(&self, values: &[Text]) -> bool {
        match self.test {
            Test::Pattern | Test::Never => false,
            Test::Set(SetTest::Equal) if self.is_negated => false,
            Test::Value(_) | Test::Set(_) => values.iter().any(|value| *value == NONE) != self.is_negated,
        }
    }
}

static NEVER: Operator = Operator::is("", Test::Never, ComparisonKey::Text);

/// The operators of the wire. A table, since a `match` on texts is compiled into comparisons byte by byte, three kilobytes
/// of them.
static OPERATORS: [Operator; 20] = [
    Operator::is("is", Test::Value(ValueTest::Equal), ComparisonKey::BooleanText),
    Operator::is_not("is not", Test::Value(ValueTest::Equal), ComparisonKey::BooleanText),
    Operator::is("contains", Test::Value(ValueTest::Contain), ComparisonKey::Lower),
    Operator::is_not("does not contain", Test::Value(ValueTest::Contain), ComparisonKey::Lower),
    Operator::is("less", Test::Value(ValueTest::Less), ComparisonKey::Number),
    Operator::is("less or equal", Test::Value(ValueTest::LessOrEqual), ComparisonKey::Number),
    Operator::is("greater", Test::Value(ValueTest::Greater), ComparisonKey::Number),
    Operator::is("greater or equal", Test::Value(ValueTest::GreaterOrEqual), ComparisonKey::Number),
    Operator::is("version less", Test::Value(ValueTest::Less), ComparisonKey::Version),
    Operator::is("version less or equal", Test::Value(ValueTest::LessOrEqual), ComparisonKey::Version),
    Operator::is("version greater", Test::Value(ValueTest::Greater), ComparisonKey::Version),
    Operator::is("version greater or equal", Test::Value(ValueTest::GreaterOrEqual), ComparisonKey::Version),
    Operator::is("set is", Test::Set(SetTest::Equal), ComparisonKey::Text),
    Operator::is_not("set is not", Test::Set(SetTest::Equal), ComparisonKey::Text),
    Operator::is("set contains", Test::Set(SetTest::All), ComparisonKey::BooleanText),
    Operator::is_not("set does not contain", Test::Set(SetTest::All), ComparisonKey::BooleanText),
    Operator::is("set contains any", Test::Set(SetTest::Any), ComparisonKey::BooleanText),
    Operator::is_not("set does not contain any", Test::Set(SetTest::Any), ComparisonKey::BooleanText),
    Operator::is("regex match", Test::Pattern, ComparisonKey::Text),
    Operator::is_not("regex does not match", Test::Pattern, ComparisonKey::Text),
];
