//! JavaScript's regular expressions without flags, answered without JavaScript: does a pattern match somewhere in a text?
//!
//! That question needs no captures, so a pattern is scanned as a set of states that reads each code unit once: `(a+)+$`
//! takes no longer than `a+$`. Whatever a lookaround looks for is scanned first, once for all places of the text. Only a
//! pattern that refers back to a group (`\1`, `\k<n>`) needs to know what was captured; it is walked through way by way.
//!
//! Neither can take a server down. What is not as in JavaScript:
//! - A pattern that becomes more than [`MAX_NODES`] nodes, as `(?:a{1000}){1000}`, or has groups in groups deeper than
//!   [`MAX_DEPTH`], is refused as one that does not compile.
//! - A text is looked at up to [`MAX_SUBJECT`] code units.
//! - A pattern with references that tries more than [`MAX_STEPS`] steps does not match.
//! - Of a group's name the letters beyond ASCII are not looked up: some that JavaScript refuses are taken.
//!
//! Two groups may have one name in alternatives (ES2025); modifiers (`(?i:a)`) are refused, as in Node 20.

mod escapes;
mod letters;
mod program;
mod scan;
mod syntax;
mod walk;

use program::Program;
use syntax::Parser;

/// Texts are cut at this many code units. It also bounds repetitions: no more than these can each take something.
const MAX_SUBJECT: usize = 1024;

/// Nodes of a program: a scan of the longest text then takes ten million steps, some tens of milliseconds.
const MAX_NODES: usize = 10_000;

/// Groups within groups. Each takes some of the stack, of which a thread has 2 MiB.
const MAX_DEPTH: usize = 200;

/// Steps, and letters compared, of a pattern with references: as many as a scan takes.
const MAX_STEPS: usize = 10_000_000;

/// What is remembered at once in order to go back, at 24 bytes each.
const MAX_TRAIL: usize = 1_000_000;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub struct Pattern(Program);

impl Pattern {
    /// The pattern of these code units; `None` where JavaScript would throw, or it is too large.
    pub fn new(source: &[u16]) -> Option<Self> {
        Program::new(&Parser::parse(source)?).map(Self)
    }

    /// Whether it matches somewhere in the text.
    pub fn is_in(&self, text: impl Iterator<Item = u16>) -> bool {
        let text: Vec<u16> = text.take(MAX_SUBJECT).collect();
        if self.0.refers { walk::matches(&self.0, &text) } else { scan::matches(&self.0, &text) }
    }
}

/// A place between two code units that a pattern can ask for.
#[derive(Clone, Copy, Debug)]
enum Edge {
    Start,
    End,
    /// Whether a word starts or ends there, or neither.
    Word(bool),
}

impl Edge {
    fn is_at(self, text: &[u16], at: usize) -> bool {
        match self {
            Self::Start => at == 0,
            Self::End => at == text.len(),
            Self::Word(expected) => {
                let is_word =
                    |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|unit| letters::is_word(*unit));
                (is_word(at.checked_sub(1)) != is_word(Some(at))) == expected
            }
        }
    }
}

/// The code unit that comes next at a place, in the direction of reading.
fn unit_at(text: &[u16], at: usize, backward: bool) -> Option<u16> {
    let at = if backward { at.checked_sub(1)? } else { at };
    text.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(source: &str) -> Option<Pattern> {
        Pattern::new(&source.encode_utf16().collect::<Vec<u16>>())
    }

    fn is_in(source: &str, text: &str) -> bool {
        compiled(source).unwrap().is_in(text.encode_utf16())
    }

    #[test]
    fn of_two_groups_of_one_name_the_one_that_took_something_is_meant() {
        assert!(is_in("^(?:(?<n>a)|(?<n>b))\\k<n>$", "bb") && !is_in("^(?:(?<n>a)|(?<n>b))\\k<n>$", "ba"));
        assert!(compiled("(?<n>a)(?<n>b)").is_none() && compiled("(?:(?<n>a)|b)(?<n>b)").is_none());
    }

    #[test]
    fn what_javascript_refuses_is_refused() {
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

    // The time is the test: without its bounds each of these takes longer than anybody can wait.
    #[test]
    fn no_pattern_takes_for_ever() {
        let text = "a".repeat(50_000) + "b";
        assert!(!is_in("(a+)+$", &("a".repeat(MAX_SUBJECT - 1) + "b")));
        for source in ["(a+)+$", "(?:(?:a?){30}){30}$"] {
            assert!(is_in(source, text.trim_end_matches('b')), "{source}");
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
            assert!(!is_in(source, &text), "{source}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let nested = |depth: usize| "(?=(".repeat(depth / 2) + &")*)*".repeat(depth / 2);
        assert!(is_in(&(nested(MAX_DEPTH) + "\\1"), ""));
        for source in [
            nested(MAX_DEPTH + 2),
            "(".repeat(1024),
            "(?:a{1000}){1000}".into(),
            "(?:".repeat(90) + &"a){999}".repeat(90),
        ] {
            assert!(compiled(&source).is_none(), "{source}");
        }
        // Nothing, however often, is not large.
        assert!(is_in(&("(?:".repeat(90) + &"){999}".repeat(90)), ""));
    }
}
