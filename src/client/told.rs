//! Which answers of these flags were told, so that each crosses to the page once and its number from then on.

use crate::evaluation::Decision;

/// Answers by their flag: segment, variant and number.
#[derive(Default)]
pub(super) struct Told {
    by_flag: Vec<Vec<(u32, u32, u32)>>,
    next: u32,
}

impl Told {
    /// The number of an answer, and whether it was told before. It counts as told from now on.
    pub(super) fn number(&mut self, decision: &Decision) -> (u32, bool) {
        let flag = decision.flag as usize;
        if self.by_flag.len() <= flag {
            self.by_flag.resize_with(flag + 1, Vec::new);
        }
        let next = self.next;
        let Some(answers) = self.by_flag.get_mut(flag) else { return (next, false) };
        let is_it =
            |(segment, variant, _): &&(u32, u32, u32)| (*segment, *variant) == (decision.segment, decision.variant);
        if let Some((_, _, number)) = answers.iter().find(is_it) {
            return (*number, true);
        }
        answers.push((decision.segment, decision.variant, next));
        self.next += 1;
        (next, false)
    }
}
