//! Numbers for decisions of these flags: a variant crosses to the page once, and its number from then on.

use crate::evaluation::Decision;

/// The decisions that crossed, by flag, with their numbers.
#[derive(Default)]
pub(super) struct DecisionIds {
    by_flag: Vec<Vec<(Decision, u32)>>,
    next: u32,
}

impl DecisionIds {
    /// Numbers a decision. Returns the number, and whether the decision had it already.
    pub(super) fn assign(&mut self, decision: Decision) -> (u32, bool) {
        let flag = decision.flag as usize;
        while self.by_flag.len() <= flag {
            self.by_flag.push(Vec::new());
        }
        let Some(decisions) = self.by_flag.get_mut(flag) else { return (self.next, false) };
        let known = decisions.iter().find(|(known, _)| *known == decision).map(|(_, id)| *id);
        let id = known.unwrap_or(self.next);
        if known.is_none() {
            decisions.push((decision, id));
            self.next += 1;
        }
        (id, known.is_some())
    }
}
