//! Patterns that do not refer back: all ways at once, each code unit of the text read once.

use super::program::{Act, Piece, Program};
use super::unit_at;

/// Whether a pattern matches somewhere.
pub fn matches(program: &Program, text: &[u16]) -> bool {
    let mut looks = Vec::new();
    for piece in &program.looks {
        let mut is_found = vec![false; text.len() + 1];
        Scan::new(program, text, &looks).run(*piece, |at| {
            is_found.get_mut(at).into_iter().for_each(|found| *found = true);
            false
        });
        looks.push(is_found);
    }
    Scan::new(program, text, &looks).run(Piece { start: program.start, backward: false }, |_| true)
}

struct Scan<'a> {
    program: &'a Program,
    text: &'a [u16],
    /// For each lookaround, whether what it looks for is at a place.
    looks: &'a [Vec<bool>],
    /// For each node, the turn in which it was reached last.
    reached: Vec<usize>,
    /// Nodes to be reached.
    next: Vec<usize>,
    /// Reached nodes that take a code unit, and the set.
    takers: Vec<(usize, usize)>,
}

impl<'a> Scan<'a> {
    fn new(program: &'a Program, text: &'a [u16], looks: &'a [Vec<bool>]) -> Self {
        let reached = vec![usize::MAX; program.len()];
        Self { program, text, looks, reached, next: Vec::new(), takers: Vec::new() }
    }

    /// Tells `found` each place at which a match ends that starts anywhere, until that is enough.
    fn run(&mut self, piece: Piece, mut found: impl FnMut(usize) -> bool) -> bool {
        for turn in 0..=self.text.len() {
            let at = if piece.backward { self.text.len() - turn } else { turn };
            self.next.push(piece.start);
            if self.reach(turn, at) && found(at) {
                return true;
            }
            let Some(unit) = unit_at(self.text, at, piece.backward) else { break };
            let takers = self.takers.drain(..).filter(|(_, set)| self.program.has(*set, unit));
            self.next.extend(takers.map(|(next, _)| next));
        }
        false
    }

    /// Reaches what can be reached without taking anything. Returns whether that is the end.
    fn reach(&mut self, turn: usize, at: usize) -> bool {
        let mut is_done = false;
        while let Some(number) = self.next.pop() {
            let (Some(node), Some(reached)) = (self.program.node(number), self.reached.get_mut(number)) else {
                continue;
            };
            if std::mem::replace(reached, turn) == turn {
                continue;
            }
            let goes_on = match &node.act {
                Act::Done => {
                    is_done = true;
                    false
                }
                Act::Unit(set) => {
                    self.takers.push((node.next, *set));
                    false
                }
                Act::Edge(edge) => edge.is_at(self.text, at),
                Act::Or(other) => {
                    self.next.push(*other);
                    true
                }
                Act::Look { piece, negative } => {
                    self.looks.get(*piece).and_then(|found| found.get(at)).is_some_and(|found| found != negative)
                }
                Act::Back(_) | Act::Save(_) | Act::Forget(_) | Act::Moved(_) => true,
            };
            if goes_on {
                self.next.push(node.next);
            }
        }
        is_done
    }
}
