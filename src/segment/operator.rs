//! The operators by their wire names, and what each says about a user who does not have the property.

use super::Form;
use crate::json::Text;

/// The value that stands for "does not have the property".
pub(crate) const NONE: &str = "(none)";

/// What is asked of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// Is one of the values.
    Equal,
    /// Has one of the values in it.
    Contain,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Is a set of exactly the values.
    SetEqual,
    /// Is a set with all of the values.
    SetAll,
    /// Is a set with one of the values.
    SetAny,
    /// Matches one of the patterns.
    Pattern,
    /// An operator nobody knows: nobody meets it.
    Never,
}

/// An operator: a test, or its opposite, of a property in some form.
#[derive(Debug)]
pub(crate) struct Operator {
    name: &'static str,
    pub(crate) test: Test,
    pub(crate) form: Form,
    pub(crate) is_negated: bool,
}

impl Operator {
    const fn is(name: &'static str, test: Test, form: Form) -> Self {
        Self { name, test, form, is_negated: false }
    }

    const fn is_not(name: &'static str, test: Test, form: Form) -> Self {
        Self { name, test, form, is_negated: true }
    }

    /// The operator of a wire name. One that nobody knows is met by nobody; the rest of its flag goes on working.
    pub(crate) fn named(name: &[u8]) -> &'static Self {
        OPERATORS.iter().find(|known| known.name.as_bytes() == name).unwrap_or(&NEVER)
    }

    /// The answer for users who do not have the property: they are who `(none)` stands for. Patterns and `set is not`
    /// are never met by them, be it so or not.
    pub(super) fn when_absent(&self, values: &[Text]) -> bool {
        match self.test {
            Test::Pattern | Test::Never => false,
            Test::SetEqual if self.is_negated => false,
            _ => values.iter().any(|value| *value == NONE) != self.is_negated,
        }
    }
}

static NEVER: Operator = Operator::is("", Test::Never, Form::Text);

/// The operators of the wire. A table, since a `match` on texts is compiled into comparisons byte by byte, three kilobytes
/// of them.
static OPERATORS: [Operator; 20] = [
    Operator::is("is", Test::Equal, Form::Word),
    Operator::is_not("is not", Test::Equal, Form::Word),
    Operator::is("contains", Test::Contain, Form::Lower),
    Operator::is_not("does not contain", Test::Contain, Form::Lower),
    Operator::is("less", Test::Less, Form::Number),
    Operator::is("less or equal", Test::LessOrEqual, Form::Number),
    Operator::is("greater", Test::Greater, Form::Number),
    Operator::is("greater or equal", Test::GreaterOrEqual, Form::Number),
    Operator::is("version less", Test::Less, Form::Version),
    Operator::is("version less or equal", Test::LessOrEqual, Form::Version),
    Operator::is("version greater", Test::Greater, Form::Version),
    Operator::is("version greater or equal", Test::GreaterOrEqual, Form::Version),
    Operator::is("set is", Test::SetEqual, Form::Text),
    Operator::is_not("set is not", Test::SetEqual, Form::Text),
    Operator::is("set contains", Test::SetAll, Form::Word),
    Operator::is_not("set does not contain", Test::SetAll, Form::Word),
    Operator::is("set contains any", Test::SetAny, Form::Word),
    Operator::is_not("set does not contain any", Test::SetAny, Form::Word),
    Operator::is("regex match", Test::Pattern, Form::Text),
    Operator::is_not("regex does not match", Test::Pattern, Form::Text),
];
