//! Simulation of the automaton, for patterns without backreferences: all states at once, each code unit is read once.

use super::program::{Instruction, Program, Subprogram};
use super::unit_at;

/// Whether a pattern matches anywhere in the text.
pub(crate) fn matches(program: &Program, text: &[u16]) -> bool {
    let mut lookarounds = Vec::new();
    for lookaround in &program.lookarounds {
        let mut matches_at = vec![false; text.len() + 1];
        Simulation::new(program, text, &lookarounds).run(*lookaround, |position| {
            matches_at.get_mut(position).into_iter().for_each(|matches| *matches = true);
            false
        });
        lookarounds.push(matches_at);
    }
    Simulation::new(program, text, &lookarounds).run(Subprogram { start: program.start, backward: false }, |_| true)
}

struct Simulation<'a> {
    program: &'a Program,
    text: &'a [u16],
    /// For each lookaround, whether it matches at a position.
    lookarounds: &'a [Vec<bool>],
    /// For each state, the step in which it was visited last.
    visited: Vec<usize>,
    /// States to visit.
    pending: Vec<usize>,
    /// For each visited state that consumes a code unit: the state that follows, and the class.
    consuming: Vec<(usize, usize)>,
}

impl<'a> Simulation<'a> {
    fn new(program: &'a Program, text: &'a [u16], lookarounds: &'a [Vec<bool>]) -> Self {
        let visited = vec![usize::MAX; program.len()];
        Self { program, text, lookarounds, visited, pending: Vec::new(), consuming: Vec::new() }
    }

    /// Calls `on_match` with each position at which a match ends, wherever it starts, until it returns `true`.
    fn run(&mut self, part: Subprogram, mut on_match: impl FnMut(usize) -> bool) -> bool {
        for step in 0..=self.text.len() {
            let position = if part.backward { self.text.len() - step } else { step };
            self.pending.push(part.start);
            if self.visit_pending(step, position) && on_match(position) {
                return true;
            }
            let Some(unit) = unit_at(self.text, position, part.backward) else { break };
            let consuming = self.consuming.drain(..).filter(|(_, class)| self.program.class_contains(*class, unit));
            self.pending.extend(consuming.map(|(next, _)| next));
        }
        false
    }

    /// Visits all states that are reached without consuming anything (the epsilon closure). Returns whether a match
    /// state is among them.
    fn visit_pending(&mut self, step: usize, position: usize) -> bool {
        let mut is_match = false;
        while let Some(index) = self.pending.pop() {
            let (Some(state), Some(visited)) = (self.program.state(index), self.visited.get_mut(index)) else {
                continue;
            };
            if std::mem::replace(visited, step) == step {
                continue;
            }
            is_match |= matches!(state.instruction, Instruction::Match);
            if self.passes(&state.instruction, state.next, position) {
                self.pending.push(state.next);
            }
        }
        is_match
    }

    /// Whether the state that follows is reached without consuming anything.
    fn passes(&mut self, instruction: &Instruction, next: usize, position: usize) -> bool {
        match instruction {
            Instruction::Match => false,
            Instruction::Class(class) => {
                self.consuming.push((next, *class));
                false
            }
            Instruction::Assert(assertion) => assertion.holds(self.text, position),
            Instruction::Split(other) => {
                self.pending.push(*other);
                true
            }
            Instruction::Lookaround { index, negative } => {
                let matches = self.lookarounds.get(*index).and_then(|matches_at| matches_at.get(position));
                matches.is_some_and(|matches| matches != negative)
            }
            // Programs with backreferences are not simulated.
            Instruction::Backreference(_)
            | Instruction::Save(_)
            | Instruction::ClearGroups(_)
            | Instruction::RequireProgress(_) => true,
        }
    }
}
