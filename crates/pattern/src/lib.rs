//! ECMAScript regular expressions without flags, without JavaScript: does a pattern match anywhere in a text?
//!
//! ```
//! use experiment_pattern::Pattern;
//!
//! let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
//! let pattern = Pattern::new(&units(r"^v(\d+)\.")).unwrap();
//! assert!(pattern.is_match(units("v12.3")));
//! assert!(Pattern::new(&units("(")).is_none());
//! ```
//!
//! The question needs no captures, so a nondeterministic automaton is simulated that reads each code unit once
//! (`nfa.rs`): `(a+)+$` takes no longer than `a+$`. Lookarounds are simulated first, for all positions of the text.
//! Only a pattern with backreferences (`\1`, `\k<n>`) needs captures, and is run by backtracking (`backtrack.rs`).
//!
//! Both are bounded in time and memory. What differs from JavaScript:
//! - A pattern whose program has more than 10,000 states, as `(?:a{1000}){1000}`, or with groups nested deeper than
//!   200, is refused like one with a syntax error.
//! - Only the first 1,024 code units of a text are looked at.
//! - A pattern with backreferences that takes more than ten million steps does not match.
//! - Letters beyond ASCII in the name of a group are not looked up: some names that JavaScript refuses are accepted.
//!
//! Two groups may have one name in different alternatives (ES2025); modifiers (`(?i:a)`) are refused, as in Node 20.
#![forbid(unsafe_code)]

mod backtrack;
mod class;
mod escape;
mod nfa;
mod parser;
mod program;

use parser::Parser;
use program::Program;

/// The code units of a text that are looked at. It also bounds repetitions: each iteration consumes at least one of
/// them.
const MAX_SUBJECT: usize = 1024;

/// States of a program. The simulation of the longest text then takes ten million steps, some tens of milliseconds.
const MAX_STATES: usize = 10_000;

/// Groups within groups. Each takes some of the stack, of which a thread has 2 MiB.
const MAX_DEPTH: usize = 200;

/// Steps of the backtracker, compared code units included: as many as a simulation takes.
const MAX_STEPS: usize = 10_000_000;

/// Entries of the backtracker's undo log, of 24 bytes each.
const MAX_UNDO: usize = 1_000_000;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub struct Pattern(Program);

impl Pattern {
    /// Compiles a pattern, given as UTF-16 code units. `None` where `new RegExp(source)` throws, and where the pattern
    /// is too large.
    pub fn new(source: &[u16]) -> Option<Self> {
        Program::new(&Parser::parse(source)?).map(Self)
    }

    /// Whether the pattern matches anywhere in the text, given as UTF-16 code units.
    pub fn is_match(&self, text: impl IntoIterator<Item = u16>) -> bool {
        let text: Vec<u16> = text.into_iter().take(MAX_SUBJECT).collect();
        if self.0.has_backreferences { backtrack::matches(&self.0, &text) } else { nfa::matches(&self.0, &text) }
    }
}

/// A condition on a position of the text that consumes nothing.
#[derive(Clone, Copy, Debug)]
enum Assertion {
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, or `\B` when it is `false`.
    WordBoundary(bool),
}

impl Assertion {
    fn holds(self, text: &[u16], position: usize) -> bool {
        match self {
            Self::Start => position == 0,
            Self::End => position == text.len(),
            Self::WordBoundary(expected) => {
                let is_word = |position: Option<usize>| {
                    position.and_then(|position| text.get(position)).is_some_and(|unit| class::is_word(*unit))
                };
                (is_word(position.checked_sub(1)) != is_word(Some(position))) == expected
            }
        }
    }
}

/// The code unit after a position, in the direction of reading.
fn unit_at(text: &[u16], position: usize, backward: bool) -> Option<u16> {
    let index = if backward { position.checked_sub(1)? } else { position };
    text.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(source: &str) -> Option<Pattern> {
        Pattern::new(&source.encode_utf16().collect::<Vec<u16>>())
    }

    fn is_match(source: &str, text: &str) -> bool {
        compiled(source).unwrap().is_match(text.encode_utf16())
    }

    #[test]
    fn a_name_of_two_groups_refers_to_the_one_that_captured() {
        assert!(is_match("^(?:(?<n>a)|(?<n>b))\\k<n>$", "bb") && !is_match("^(?:(?<n>a)|(?<n>b))\\k<n>$", "ba"));
        assert!(compiled("(?<n>a)(?<n>b)").is_none() && compiled("(?:(?<n>a)|b)(?<n>b)").is_none());
    }

    #[test]
    fn a_syntax_error_of_javascript_is_none() {
        for source in [
            "\\b+",
            "^*",
            "(?<=a)*",
            "(?<n>a)\\k",
            "(?<n>a)[\\k]",
            "(?<n>a)\\k<m>",
            "a**",
            "x{2,1}",
            "x{1}{2}",
            "{1}",
            "[b-a]",
            "[\\c-\\b]",
            "a)",
            "(",
            "(?:",
            "(?a)",
            "(?<1>a)",
            "(?<n",
            "(?<>a)",
            "(?<\\u{110000}>a)",
            "[",
            "\\",
            "(?=",
            "|*",
        ] {
            assert!(compiled(source).is_none(), "{source}");
        }
    }

    // The time is the test: without the bounds each of these takes years.
    #[test]
    fn every_pattern_ends() {
        let text = "a".repeat(50_000) + "b";
        assert!(!is_match("(a+)+$", &("a".repeat(MAX_SUBJECT - 1) + "b")));
        for source in ["(a+)+$", "(?:(?:a?){30}){30}$"] {
            assert!(is_match(source, text.trim_end_matches('b')), "{source}");
        }
        for source in [
            "^(a+)+b",
            "(?=((a+)+)+c)a",
            "(?<=(?:a|aa)+c)a",
            "(?:(?:a?){30}){30}b",
            "^(a+)+\\1b",
            "^(?:(a|aa)+)+\\1c",
            "^(.*)(.*)(.*)(.*)\\1\\2\\3\\4c",
        ] {
            assert!(!is_match(source, &text), "{source}");
        }
    }

    #[test]
    fn a_pattern_that_is_too_large_is_none() {
        let nested = |depth: usize| "(?=(".repeat(depth / 2) + &")*)*".repeat(depth / 2);
        assert!(is_match(&(nested(MAX_DEPTH) + "\\1"), ""));
        for source in [
            nested(MAX_DEPTH + 2),
            "(".repeat(1024),
            "(?:a{1000}){1000}".into(),
            "(?:".repeat(90) + &"a){999}".repeat(90),
        ] {
            assert!(compiled(&source).is_none(), "{source}");
        }
        // An empty repetition adds no state.
        assert!(is_match(&("(?:".repeat(90) + &"){999}".repeat(90)), ""));
    }
}
