//! Patterns that refer back to a group: one way after the other, in JavaScript's order, since what a group took depends on it.

use super::program::{Act, Piece, Program};
use super::{MAX_STEPS, MAX_TRAIL, unit_at};

/// Whether a pattern matches somewhere.
pub fn matches(program: &Program, text: &[u16]) -> bool {
    let mut walk = Walk { program, text, slots: vec![None; program.slots], trail: Vec::new(), steps: MAX_STEPS };
    (0..=text.len()).any(|at| walk.run(Piece { start: program.start, backward: false }, at))
}

struct Walk<'a> {
    program: &'a Program,
    text: &'a [u16],
    /// Places that are remembered.
    slots: Vec<Option<usize>>,
    /// What was done since the start, latest last.
    trail: Vec<Past>,
    /// Steps that are left. Without any, nothing matches.
    steps: usize,
}

/// What was done.
enum Past {
    /// There is another way from here.
    Fork(usize, usize),
    /// A slot was changed, and held this.
    Slot(usize, Option<usize>),
}

impl Walk<'_> {
    /// Whether there is a match that starts here. What it remembered stays then.
    fn run(&mut self, piece: Piece, at: usize) -> bool {
        let base = self.trail.len();
        let mut way = Some((piece.start, at));
        while let Some((number, at)) = way.or_else(|| self.go_back(base)) {
            let Some(node) = self.program.node(number).filter(|_| self.can_go_on(1)) else { break };
            if matches!(node.act, Act::Done) {
                return true;
            }
            way = self.step(&node.act, at, piece.backward).map(|at| (node.next, at));
        }
        self.undo(base);
        false
    }

    /// Pays for some steps; without any left no way goes on.
    fn can_go_on(&mut self, steps: usize) -> bool {
        self.steps = if self.trail.len() < MAX_TRAIL { self.steps.saturating_sub(steps) } else { 0 };
        self.steps > 0
    }

    /// The place after a node, if it can be passed.
    fn step(&mut self, act: &Act, at: usize, backward: bool) -> Option<usize> {
        match act {
            Act::Done => None,
            Act::Unit(set) => {
                let unit = unit_at(self.text, at, backward)?;
                let after = if backward { at - 1 } else { at + 1 };
                self.program.has(*set, unit).then_some(after)
            }
            Act::Edge(edge) => edge.is_at(self.text, at).then_some(at),
            Act::Or(other) => {
                self.trail.push(Past::Fork(*other, at));
                Some(at)
            }
            Act::Look { piece, negative } => (self.look(*piece, *negative, at) != *negative).then_some(at),
            Act::Back(groups) => self.again(groups, at, backward),
            Act::Save(slot) => {
                self.set(*slot, Some(at));
                Some(at)
            }
            Act::Forget(groups) => {
                (2 * groups.start..2 * groups.end).for_each(|slot| self.set(slot, None));
                self.can_go_on(groups.len()).then_some(at)
            }
            Act::Moved(slot) => (self.slots.get(*slot) != Some(&Some(at))).then_some(at),
        }
    }

    /// What a lookaround found is not gone back into; a negative one leaves nothing behind.
    fn look(&mut self, piece: usize, negative: bool, at: usize) -> bool {
        let Some(piece) = self.program.looks.get(piece) else { return false };
        let base = self.trail.len();
        let is_found = self.run(*piece, at);
        if negative {
            self.undo(base);
        } else {
            let mut past = self.trail.split_off(base);
            past.retain(|past| matches!(past, Past::Slot(..)));
            self.trail.append(&mut past);
        }
        is_found
    }

    /// What a group took, once more. One that took nothing, not even an empty text, is an empty text.
    fn again(&mut self, groups: &[usize], at: usize, backward: bool) -> Option<usize> {
        let slot = |slot: usize| self.slots.get(slot).copied().flatten();
        let Some((start, end)) = groups.iter().find_map(|group| slot(2 * group).zip(slot(2 * group + 1))) else {
            return Some(at);
        };
        let length = end - start;
        let after = if backward { at.checked_sub(length)? } else { at + length };
        let is_same = self.text.get(at.min(after)..at.max(after))? == self.text.get(start..end)?;
        (self.can_go_on(length) && is_same).then_some(after)
    }

    fn set(&mut self, slot: usize, value: Option<usize>) {
        if let Some(held) = self.slots.get_mut(slot) {
            let before = std::mem::replace(held, value);
            if before != value {
                self.trail.push(Past::Slot(slot, before));
            }
        }
    }

    /// Goes back to the latest fork, and takes the other way.
    fn go_back(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.trail.len() > base {
            match self.trail.pop()? {
                Past::Fork(number, at) => return Some((number, at)),
                Past::Slot(slot, before) => self.slots.get_mut(slot).into_iter().for_each(|held| *held = before),
            }
        }
        None
    }

    fn undo(&mut self, base: usize) {
        while self.go_back(base).is_some() {}
    }
}
