//! Which answers of these flags were told, so that each crosses to the page once and its number from then on.

use crate::evaluation::Decision;

/// The answers of each flag, with their numbers.
#[derive(Default)]
pub(super) struct Told {
    by_flag: Vec<Vec<(Decision, u32)>>,
    next: u32,
}

impl Told {
    /// The number of an answer, and whether it was told before. It counts as told from now on.
    pub(super) fn number(&mut self, decision: Decision) -> (u32, bool) {
        let flag = decision.flag as usize;
        while self.by_flag.len() <= flag {
            self.by_flag.push(Vec::new());
        }
        let Some(answers) = self.by_flag.get_mut(flag) else { return (self.next, false) };
        let known = answers.iter().find(|(told, _)| *told == decision).map(|(_, number)| *number);
        let number = known.unwrap_or(self.next);
        if known.is_none() {
            answers.push((decision, number));
            self.next += 1;
        }
        (number, known.is_some())
    }
}
