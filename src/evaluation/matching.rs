//! Whether a property meets a condition.

use super::property::{Item, Property};
use crate::dialect::Dialect;
use crate::dialect::comparable::includes;
use crate::json::Text;
use crate::segment::{ComparisonKey, Condition, Test};

impl Property {
    /// Set operators are met by lists only. Other operators are met by a list if one of its items meets them.
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
            Test::Pattern => self.items.iter_mut().any(|item| item.meets_patterns(condition, patterns, dialect)),
            Test::Equal | Test::Contain | Test::Less | Test::LessOrEqual | Test::Greater | Test::GreaterOrEqual => {
                self.items.iter_mut().any(|item| item.meets(condition, dialect) != is_negated)
            }
        }
    }

    fn meets_set<D: Dialect>(&mut self, condition: &Condition, dialect: &D) -> bool {
        let (key, values) = (condition.operator.key, &condition.values);
        let is_large = self.items.len() >= values.len();
        let has = |value: &&Text| self.items.iter_mut().any(|item| item.key(key, dialect) == Some(value));
        let found = values.iter().filter(has).count();
        match condition.operator.test {
            Test::SetAny => found > 0,
            // Repetitions count, on both sides.
            Test::SetAll => is_large && found == values.len(),
            _ => found == values.len() && self.items.iter().all(|word| values.contains(&word.text)),
        }
    }
}

impl Item {
    fn meets<D: Dialect>(&mut self, condition: &Condition, dialect: &D) -> bool {
        let test = condition.operator.test;
        match self.key(condition.operator.key, dialect) {
            Some(mine) if !condition.values.is_empty() => condition.values.iter().any(|other| holds(test, mine, other)),
            // Where either side has no version, both are compared as text, as the reference does.
            _ if condition.texts.is_empty() => false,
            _ => {
                let mine = self.key(ComparisonKey::Units, dialect);
                mine.is_some_and(|mine| condition.texts.iter().any(|other| holds(test, mine, other)))
            }
        }
    }

    /// A pattern that does not compile is not met, neither by `regex match` nor by `regex does not match`. (The reference throws, and no
    /// flag has a variant.)
    fn meets_patterns<D: Dialect>(
        &mut self,
        condition: &Condition,
        patterns: &[Option<D::Pattern>],
        dialect: &D,
    ) -> bool {
        let (mut is_matched, mut is_broken) = (false, false);
        for index in &condition.patterns {
            match patterns.get(*index as usize) {
                Some(Some(pattern)) => is_matched |= self.matches(*index, pattern, dialect),
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
