//! The program of a pattern: a graph of nodes, in which repetitions are written out as often as they count.

use super::letters::Set;
use super::syntax::{Look, Parser, Repeat, Tree};
use super::{Edge, MAX_NODES, MAX_SUBJECT};

/// A pattern that can be run.
#[derive(Clone, Debug, Default)]
pub struct Program {
    nodes: Vec<Node>,
    sets: Vec<Set>,
    pub start: usize,
    /// What is looked for around a place; one comes after those in it.
    pub looks: Vec<Piece>,
    /// Places that are remembered: where each group starts and ends, and where each repetition did.
    pub slots: usize,
    /// Whether it refers back to a group.
    pub refers: bool,
}

/// What a lookaround looks for.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub start: usize,
    /// Whether it is read from right to left.
    pub backward: bool,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub act: Act,
    /// The node that follows.
    pub next: usize,
}

#[derive(Clone, Debug)]
pub enum Act {
    Done,
    /// Takes a code unit of this set.
    Unit(usize),
    Edge(Edge),
    /// If what follows leads nowhere, this node follows.
    Or(usize),
    Look {
        piece: usize,
        negative: bool,
    },
    // Only in patterns that refer back to a group:
    /// Takes what the one of these groups took that took anything.
    Back(Vec<usize>),
    /// Remembers the place.
    Save(usize),
    /// Forgets these groups.
    Forget(std::ops::Range<usize>),
    /// Goes on only if the place is another one than remembered.
    Moved(usize),
}

impl Program {
    /// The program of a pattern; `None` if it were too large.
    pub fn new(parsed: &Parser) -> Option<Self> {
        let refers = parsed.refers;
        let program = Self { sets: parsed.sets.clone(), slots: 2 * parsed.groups(), refers, ..Self::default() };
        let mut builder = Builder { program, pieces: vec![None; parsed.looks], backward: false };
        let done = builder.add(Act::Done, 0)?;
        builder.program.start = builder.tree(&parsed.tree, done)?;
        Some(builder.program)
    }

    pub fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn has(&self, set: usize, unit: u16) -> bool {
        self.sets.get(set).is_some_and(|set| set.has(unit))
    }
}

/// Builds each part in front of what follows it; a part is the number of its first node.
struct Builder {
    program: Program,
    /// The lookarounds that are built, by their number in the pattern.
    pieces: Vec<Option<usize>>,
    backward: bool,
}

impl Builder {
    fn add(&mut self, act: Act, next: usize) -> Option<usize> {
        let number = self.program.nodes.len();
        self.program.nodes.push(Node { act, next });
        (number < MAX_NODES).then_some(number)
    }

    fn tree(&mut self, tree: &Tree, next: usize) -> Option<usize> {
        match tree {
            Tree::Unit(set) => self.add(Act::Unit(*set), next),
            Tree::Edge(edge) => self.add(Act::Edge(*edge), next),
            Tree::All(all) if self.backward => all.iter().try_fold(next, |next, tree| self.tree(tree, next)),
            Tree::All(all) => all.iter().rev().try_fold(next, |next, tree| self.tree(tree, next)),
            Tree::Either(either) => self.either(either, next),
            Tree::Group(group, inner) => self.group(*group, inner, next),
            Tree::Back(groups) => self.add(Act::Back(groups.clone()), next),
            Tree::Look(look) => {
                let piece = self.piece(look)?;
                self.add(Act::Look { piece, negative: look.negative }, next)
            }
            Tree::Repeat(repeat) => self.repeat(repeat, next),
        }
    }

    fn either(&mut self, either: &[Tree], next: usize) -> Option<usize> {
        let (last, others) = either.split_last()?;
        let last = self.tree(last, next)?;
        others.iter().rev().try_fold(last, |other, tree| {
            let first = self.tree(tree, next)?;
            self.add(Act::Or(other), first)
        })
    }

    fn group(&mut self, group: usize, inner: &Tree, next: usize) -> Option<usize> {
        if !self.program.refers {
            return self.tree(inner, next);
        }
        let (first, last) = if self.backward { (1, 0) } else { (0, 1) };
        let end = self.add(Act::Save(2 * group + last), next)?;
        let inner = self.tree(inner, end)?;
        self.add(Act::Save(2 * group + first), inner)
    }

    /// A scan finds where something ends, a walk begins where it starts: they look in opposite directions.
    fn piece(&mut self, look: &Look) -> Option<usize> {
        if let Some(piece) = self.pieces.get(look.number).copied().flatten() {
            return Some(piece);
        }
        let outside = std::mem::replace(&mut self.backward, look.behind == self.program.refers);
        let done = self.add(Act::Done, 0)?;
        let start = self.tree(&look.inner, done)?;
        let piece = self.program.looks.len();
        self.program.looks.push(Piece { start, backward: self.backward });
        self.backward = outside;
        *self.pieces.get_mut(look.number)? = Some(piece);
        Some(piece)
    }

    /// Beyond the least count a repetition takes something each time, which it can do as often as a text is long. Of more
    /// that it has to do, some take nothing, and then once is as good as often.
    fn repeat(&mut self, repeat: &Repeat, next: usize) -> Option<usize> {
        let more = repeat.most.map(|most| most - repeat.least).filter(|more| *more < MAX_SUBJECT);
        let mut entry = match more {
            None => self.endless(repeat, next)?,
            Some(more) => (0..more).try_fold(next, |entry, _| {
                let once = self.more(repeat, entry)?;
                self.fork(repeat, once, next)
            })?,
        };
        for _ in 0..repeat.least.min(MAX_SUBJECT + 1) {
            let once = self.once(repeat, entry)?;
            // Nothing, as often as may be.
            if once == entry {
                break;
            }
            entry = once;
        }
        Some(entry)
    }

    fn endless(&mut self, repeat: &Repeat, next: usize) -> Option<usize> {
        let fork = self.fork(repeat, next, next)?;
        let more = self.more(repeat, fork)?;
        match self.program.nodes.get_mut(fork)? {
            node if repeat.greedy => node.next = more,
            node => node.act = Act::Or(more),
        }
        Some(fork)
    }

    /// Once more, or what comes next.
    fn fork(&mut self, repeat: &Repeat, more: usize, next: usize) -> Option<usize> {
        let (first, other) = if repeat.greedy { (more, next) } else { (next, more) };
        self.add(Act::Or(other), first)
    }

    /// Once more than it has to be: not for nothing.
    fn more(&mut self, repeat: &Repeat, next: usize) -> Option<usize> {
        if !self.program.refers {
            return self.once(repeat, next);
        }
        let slot = self.program.slots;
        self.program.slots += 1;
        let moved = self.add(Act::Moved(slot), next)?;
        let once = self.once(repeat, moved)?;
        self.add(Act::Save(slot), once)
    }

    fn once(&mut self, repeat: &Repeat, next: usize) -> Option<usize> {
        let once = self.tree(&repeat.inner, next)?;
        if !self.program.refers || repeat.groups.is_empty() {
            return Some(once);
        }
        self.add(Act::Forget(repeat.groups.clone()), once)
    }
}
