//! Whether a property meets a condition.

use super::property::{Item, Property};
use crate::dialect::Dialect;
use crate::dialect::comparable::includes;
use crate::json::Text;
use crate::segment::{ComparisonKey, Condition, SetTest, Test, ValueTest};

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
            Test::Set(test) => self.is_list && self.meets_set(test, condition, dialect) != is_negated,
            Test::Pattern => self.items.iter_mut().any(|item| item.meets_patterns(condition, patterns, dialect)),
            Test::Value(test) => self.items.iter_mut().any(|item| item.meets(test, condition, dialect) != is_negated),
        }
    }

    fn meets_set<D: Dialect>(&mut self, test: SetTest, condition: &Condition, dialect: &D) -> bool {
        let (key, values) = (condition.operator.key, &condition.values);
        let is_large = self.items.len() >= values.len();
        let has = |value: &&Text| self.items.iter_mut().any(|item| item.key(key, dialect) == Some(value));
        let found = values.iter().filter(has).count();
        match test {
            SetTest::Any => found > 0,
            // Repetitions count, on both sides.
            SetTest::All => is_large && found == values.len(),
            SetTest::Equal => found == values.len() && self.items.iter().all(|word| values.contains(&word.text)),
        }
    }
}

impl Item {
    fn meets<D: Dialect>(&mut self, test: ValueTest, condition: &Condition, dialect: &D) -> bool {
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

fn holds(test: ValueTest, mine: &[u8], other: &[u8]) -> bool {
    let order = mine.cmp(other);
    match test {
        ValueTest::Equal => order.is_eq(),
        ValueTest::Contain => includes(mine, other),
        ValueTest::Less => order.is_lt(),
        ValueTest::LessOrEqual => order.is_le(),
        ValueTest::Greater => order.is_gt(),
        ValueTest::GreaterOrEqual => order.is_ge(),
    }
}
