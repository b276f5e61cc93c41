//! Whether a property meets a condition.

use super::property::{Property, Word};
use crate::dialect::Dialect;
use crate::dialect::comparable::includes;
use crate::json::Text;
use crate::segment::{Condition, Form, Test};

impl Property {
    /// Sets are asked of lists only. Of a list, every other operator asks whether some item meets it.
    pub(super) fn meets<D: Dialect>(
        &mut self,
        condition: &Condition,
        patterns: &[Option<D::Pattern>],
        dialect: &D,
    ) -> bool {
        let is_negated = condition.operator.is_negated;
        match condition.operator.test {
            Test::Never => false,
            Test::SetEqual | Test::SetAll | Test::SetAny => {
                self.is_list && self.meets_set(condition, dialect) != is_negated
            }
            Test::Pattern => self.words.iter_mut().any(|word| word.meets_patterns(condition, patterns, dialect)),
            _ => self.words.iter_mut().any(|word| word.meets(condition, dialect) != is_negated),
        }
    }

    fn meets_set<D: Dialect>(&mut self, condition: &Condition, dialect: &D) -> bool {
        let (form, values) = (condition.operator.form, &condition.values);
        let is_large = self.words.len() >= values.len();
        let has = |value: &&Text| self.words.iter_mut().any(|word| word.form(form, dialect) == Some(value));
        let found = values.iter().filter(has).count();
        match condition.operator.test {
            Test::SetAny => found > 0,
            // Repetitions count, on both sides.
            Test::SetAll => is_large && found == values.len(),
            _ => found == values.len() && self.words.iter().all(|word| values.contains(&word.text)),
        }
    }
}

impl Word {
    fn meets<D: Dialect>(&mut self, condition: &Condition, dialect: &D) -> bool {
        let test = condition.operator.test;
        match self.form(condition.operator.form, dialect) {
            Some(mine) if !condition.values.is_empty() => condition.values.iter().any(|other| holds(test, mine, other)),
            // Where either side has no version, both are compared as text, as the reference does.
            _ if condition.texts.is_empty() => false,
            _ => {
                let mine = self.form(Form::Units, dialect);
                mine.is_some_and(|mine| condition.texts.iter().any(|other| holds(test, mine, other)))
            }
        }
    }

    /// A pattern that does not compile matches nothing, and nothing can be said not to match it. (The reference throws, and
    /// no flag has a variant.)
    fn meets_patterns<D: Dialect>(
        &mut self,
        condition: &Condition,
        patterns: &[Option<D::Pattern>],
        dialect: &D,
    ) -> bool {
        let (mut is_matched, mut is_broken) = (false, false);
        for number in &condition.patterns {
            match patterns.get(*number as usize) {
                Some(Some(pattern)) => is_matched |= self.matches(*number, pattern, dialect),
                _ => is_broken = true,
            }
        }
        if condition.operator.is_negated { !is_matched && !is_broken } else { is_matched }
    }
}

fn holds(test: Test, mine: &[u8], other: &[u8]) -> bool {
    if test == Test::Contain {
        return includes(mine, other);
    }
    let order = mine.cmp(other);
    match test {
        Test::Less => order.is_lt(),
        Test::LessOrEqual => order.is_le(),
        Test::Greater => order.is_gt(),
        Test::GreaterOrEqual => order.is_ge(),
        _ => order.is_eq(),
    }
}
