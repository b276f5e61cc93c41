//! Whether a property meets a condition.

use super::View;
use super::property::{List, Property, Word};
use crate::dialect::{Dialect, utf16};
use crate::segment::{Comparison, Condition, Selector, Test, Versions, Words, has};

impl<D: Dialect> View<'_, D> {
    /// Sets are asked of lists only. Of a list, every other operator asks whether some item meets it.
    pub(super) fn matches(&self, condition: &Condition, property: &Property) -> bool {
        if condition.test.is_of_sets() {
            return property.list().is_some_and(|list| set_meets(&condition.test, list) != condition.negated);
        }
        match property.list() {
            Some(list) => list.words.iter().any(|word| self.meets_with(condition, word, false)),
            None => self.meets_with(condition, property.word(), true),
        }
    }

    fn meets_with(&self, condition: &Condition, word: &Word, is_whole: bool) -> bool {
        let is_remembered = is_whole && self.is_of_context(condition.selector);
        let meets = match &condition.test {
            Test::Equal(words) => words.has(&word.text),
            Test::Contain(parts) => parts.iter().any(|part| utf16::includes(word.lower(self.dialect), part)),
            Test::Number(comparison, numbers) => {
                let number = word.number(self.dialect);
                numbers.iter().any(|other| comparison.holds(number.partial_cmp(other)))
            }
            Test::Version(comparison, versions) => self.version_meets(*comparison, versions, word),
            Test::Pattern(probes) => return self.pattern_meets(probes, condition.negated, word, is_remembered),
            Test::SetEqual(_) | Test::SetAll(_) | Test::SetAny(_) | Test::Never => return false,
        };
        meets != condition.negated
    }

    /// Where either side has no version, both are compared as text, as the reference does.
    fn version_meets(&self, comparison: Comparison, versions: &Versions, word: &Word) -> bool {
        match word.version(self.dialect) {
            Some(version) if !versions.parsed.is_empty() => {
                versions.parsed.iter().any(|other| comparison.holds(version.compare(other)))
            }
            _ => versions.words.iter().any(|other| comparison.holds(Some(utf16::compare(&word.text, other)))),
        }
    }

    /// A pattern that does not compile matches nothing, and nothing can be said not to match it. (The reference throws, and
    /// no flag has a variant.)
    fn pattern_meets(&self, probes: &[u32], negated: bool, word: &Word, is_remembered: bool) -> bool {
        let (mut matched, mut broken) = (false, false);
        for probe in probes {
            let Some(pattern) = self.flags.interned().pattern_of(*probe) else {
                broken = true;
                continue;
            };
            let try_it = || self.dialect.matches(pattern, &word.text);
            matched |= if is_remembered { self.target.probe(*probe, try_it) } else { try_it() };
        }
        if negated { !matched && !broken } else { matched }
    }

    fn is_of_context(&self, selector: u32) -> bool {
        matches!(self.flags.interned().selector_at(selector), Some(Selector::Context(_)))
    }
}

fn set_meets(test: &Test, list: &List) -> bool {
    let has_word = |word: &crate::json::Text| has(&list.words, word);
    match test {
        Test::SetEqual(words) => equal(words, list),
        Test::SetAll(words) => list.count >= words.count && words.sorted.iter().all(has_word),
        Test::SetAny(words) => words.sorted.iter().any(has_word),
        _ => false,
    }
}

fn equal(words: &Words, list: &List) -> bool {
    words.sorted.len() == list.words.len()
        && words.sorted.iter().zip(&list.words).all(|(word, item)| *word == item.text)
}
