//! Backtracking, for patterns with backreferences: one path after the other in ECMAScript's order, since what a group
//! captured depends on it.

use super::program::{Instruction, Program, Subprogram};
use super::{MAX_STEPS, MAX_UNDO, unit_at};

/// Whether a pattern matches anywhere in the text.
pub(crate) fn matches(program: &Program, text: &[u16]) -> bool {
    let slots = vec![None; program.slots];
    let mut backtracker = Backtracker { program, text, slots, undo: Vec::new(), steps_left: MAX_STEPS };
    let whole = Subprogram { start: program.start, backward: false };
    (0..=text.len()).any(|position| backtracker.run(whole, position))
}

struct Backtracker<'a> {
    program: &'a Program,
    text: &'a [u16],
    /// Stored positions.
    slots: Vec<Option<usize>>,
    /// What to undo, latest last.
    undo: Vec<Undo>,
    /// Without any left, nothing matches.
    steps_left: usize,
}

enum Undo {
    /// Continue with this state at this position.
    Branch(usize, usize),
    /// Restore the value of this slot.
    Slot(usize, Option<usize>),
}

impl Backtracker<'_> {
    /// Whether a match starts at this position. Its captures stay.
    fn run(&mut self, part: Subprogram, position: usize) -> bool {
        let base = self.undo.len();
        let mut path = Some((part.start, position));
        while let Some((index, position)) = path.or_else(|| self.backtrack(base)) {
            let Some(state) = self.program.state(index).filter(|_| self.spend(1)) else { break };
            if matches!(state.instruction, Instruction::Match) {
                return true;
            }
            path = self.step(&state.instruction, position, part.backward).map(|position| (state.next, position));
        }
        self.undo_all(base);
        false
    }

    /// Spends some steps; `false` when none are left.
    fn spend(&mut self, steps: usize) -> bool {
        self.steps_left = if self.undo.len() < MAX_UNDO { self.steps_left.saturating_sub(steps) } else { 0 };
        self.steps_left > 0
    }

    /// The position after an instruction, if it succeeds.
    fn step(&mut self, instruction: &Instruction, position: usize, backward: bool) -> Option<usize> {
        match instruction {
            Instruction::Match => None,
            Instruction::Class(class) => {
                let unit = unit_at(self.text, position, backward)?;
                let after = if backward { position - 1 } else { position + 1 };
                self.program.class_contains(*class, unit).then_some(after)
            }
            Instruction::Assert(assertion) => assertion.holds(self.text, position).then_some(position),
            Instruction::Split(other) => {
                self.undo.push(Undo::Branch(*other, position));
                Some(position)
            }
            Instruction::Lookaround { index, negative } => {
                (self.lookaround(*index, *negative, position) != *negative).then_some(position)
            }
            Instruction::Backreference(groups) => self.backreference(groups, position, backward),
            Instruction::Save(slot) => {
                self.set(*slot, Some(position));
                Some(position)
            }
            Instruction::ClearGroups(groups) => {
                (2 * groups.start..2 * groups.end).for_each(|slot| self.set(slot, None));
                self.spend(groups.len()).then_some(position)
            }
            Instruction::RequireProgress(slot) => (self.slots.get(*slot) != Some(&Some(position))).then_some(position),
        }
    }

    /// A lookaround is not backtracked into; a negative one keeps no captures.
    fn lookaround(&mut self, index: usize, negative: bool, position: usize) -> bool {
        let Some(part) = self.program.lookarounds.get(index) else { return false };
        let base = self.undo.len();
        let is_match = self.run(*part, position);
        if negative {
            self.undo_all(base);
        } else {
            let mut undo = self.undo.split_off(base);
            undo.retain(|undo| matches!(undo, Undo::Slot(..)));
            self.undo.append(&mut undo);
        }
        is_match
    }

    /// Consumes what a group captured. A group that did not participate is an empty text.
    fn backreference(&mut self, groups: &[usize], position: usize, backward: bool) -> Option<usize> {
        let slot = |slot: usize| self.slots.get(slot).copied().flatten();
        let Some((start, end)) = groups.iter().find_map(|group| slot(2 * group).zip(slot(2 * group + 1))) else {
            return Some(position);
        };
        let length = end - start;
        let after = if backward { position.checked_sub(length)? } else { position + length };
        let is_equal = self.text.get(position.min(after)..position.max(after))? == self.text.get(start..end)?;
        (self.spend(length) && is_equal).then_some(after)
    }

    fn set(&mut self, slot: usize, value: Option<usize>) {
        if let Some(stored) = self.slots.get_mut(slot) {
            let before = std::mem::replace(stored, value);
            if before != value {
                self.undo.push(Undo::Slot(slot, before));
            }
        }
    }

    /// Undoes everything back to the latest branch, and returns its other path.
    fn backtrack(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.undo.len() > base {
            match self.undo.pop()? {
                Undo::Branch(index, position) => return Some((index, position)),
                Undo::Slot(slot, before) => self.slots.get_mut(slot).into_iter().for_each(|stored| *stored = before),
            }
        }
        None
    }

    fn undo_all(&mut self, base: usize) {
        while self.backtrack(base).is_some() {}
    }
}
