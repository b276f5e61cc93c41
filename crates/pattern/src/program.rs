//! The program of a pattern: a nondeterministic automaton, in which a counted repetition is unrolled.

use super::class::CharClass;
use super::parser::{Ast, Lookaround, Parser, Repetition};
use super::{Assertion, MAX_STATES, MAX_SUBJECT};

/// A compiled pattern.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    states: Vec<State>,
    classes: Vec<CharClass>,
    pub start: usize,
    /// The automata of the lookarounds; an inner one comes before the one that contains it.
    pub lookarounds: Vec<Subprogram>,
    /// How many positions the backtracker stores: start and end of each group, and the start of each optional iteration.
    pub slots: usize,
    pub has_backreferences: bool,
}

/// A part of the program with a match state of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subprogram {
    pub start: usize,
    /// The text is read from right to left.
    pub backward: bool,
}

/// A state of the automaton.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub instruction: Instruction,
    /// The state that follows.
    pub next: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Instruction {
    Match,
    /// Consumes a code unit of this class.
    Class(usize),
    Assert(Assertion),
    /// Tries the state that follows first, then this one.
    Split(usize),
    Lookaround {
        index: usize,
        negative: bool,
    },
    // Only in patterns with backreferences:
    /// Consumes what the participating one of these groups captured.
    Backreference(Vec<usize>),
    /// Stores the position.
    Save(usize),
    /// Clears the captures of these groups.
    ClearGroups(std::ops::Range<usize>),
    /// Fails where the position is still the stored one: an optional iteration must consume something.
    RequireProgress(usize),
}

impl Program {
    /// Compiles a pattern; `None` if the program is too large.
    pub(crate) fn new(parsed: &Parser) -> Option<Self> {
        let program = Self {
            classes: parsed.classes.clone(),
            slots: 2 * parsed.group_count(),
            has_backreferences: parsed.has_backreferences,
            ..Self::default()
        };
        let mut compiler = Compiler { program, lookarounds: vec![None; parsed.lookarounds], backward: false };
        let end = compiler.add(Instruction::Match, 0)?;
        compiler.program.start = compiler.ast(&parsed.ast, end)?;
        Some(compiler.program)
    }

    pub(crate) fn state(&self, index: usize) -> Option<&State> {
        self.states.get(index)
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn class_contains(&self, class: usize, unit: u16) -> bool {
        self.classes.get(class).is_some_and(|class| class.contains(unit))
    }
}

/// Compiles from the end to the start: each method takes the state that follows and returns the first state of its part.
struct Compiler {
    program: Program,
    /// The compiled lookarounds, by their index in the pattern.
    lookarounds: Vec<Option<usize>>,
    backward: bool,
}

impl Compiler {
    fn add(&mut self, instruction: Instruction, next: usize) -> Option<usize> {
        let index = self.program.states.len();
        self.program.states.push(State { instruction, next });
        (index < MAX_STATES).then_some(index)
    }

    fn ast(&mut self, ast: &Ast, next: usize) -> Option<usize> {
        match ast {
            Ast::Class(class) => self.add(Instruction::Class(*class), next),
            Ast::Assertion(assertion) => self.add(Instruction::Assert(*assertion), next),
            Ast::Concatenation(terms) if self.backward => {
                terms.iter().try_fold(next, |next, term| self.ast(term, next))
            }
            Ast::Concatenation(terms) => terms.iter().rev().try_fold(next, |next, term| self.ast(term, next)),
            Ast::Alternation(alternatives) => self.alternation(alternatives, next),
            Ast::Group(group, inner) => self.group(*group, inner, next),
            Ast::Backreference(groups) => self.add(Instruction::Backreference(groups.clone()), next),
            Ast::Lookaround(lookaround) => {
                let index = self.lookaround(lookaround)?;
                self.add(Instruction::Lookaround { index, negative: lookaround.negative }, next)
            }
            Ast::Repetition(repetition) => self.repetition(repetition, next),
        }
    }

    fn alternation(&mut self, alternatives: &[Ast], next: usize) -> Option<usize> {
        let (last, others) = alternatives.split_last()?;
        let last = self.ast(last, next)?;
        others.iter().rev().try_fold(last, |other, alternative| {
            let first = self.ast(alternative, next)?;
            self.add(Instruction::Split(other), first)
        })
    }

    fn group(&mut self, group: usize, inner: &Ast, next: usize) -> Option<usize> {
        if !self.program.has_backreferences {
            return self.ast(inner, next);
        }
        let (first, last) = if self.backward { (1, 0) } else { (0, 1) };
        let end = self.add(Instruction::Save(2 * group + last), next)?;
        let inner = self.ast(inner, end)?;
        self.add(Instruction::Save(2 * group + first), inner)
    }

    /// The simulation finds where a match ends, the backtracker starts where a match starts: they read a lookaround in
    /// opposite directions.
    fn lookaround(&mut self, lookaround: &Lookaround) -> Option<usize> {
        if let Some(index) = self.lookarounds.get(lookaround.index).copied().flatten() {
            return Some(index);
        }
        let outside = std::mem::replace(&mut self.backward, lookaround.behind == self.program.has_backreferences);
        let end = self.add(Instruction::Match, 0)?;
        let start = self.ast(&lookaround.inner, end)?;
        let index = self.program.lookarounds.len();
        self.program.lookarounds.push(Subprogram { start, backward: self.backward });
        self.backward = outside;
        *self.lookarounds.get_mut(lookaround.index)? = Some(index);
        Some(index)
    }

    /// An optional iteration consumes something, so that there are no more of them than the text is long. Of more
    /// required iterations than that, some consume nothing, and then one is as good as many.
    fn repetition(&mut self, repetition: &Repetition, next: usize) -> Option<usize> {
        let optional = repetition.max.map(|max| max - repetition.min).filter(|count| *count < MAX_SUBJECT);
        let mut entry = match optional {
            None => self.unbounded(repetition, next)?,
            Some(count) => (0..count).try_fold(next, |entry, _| {
                let iteration = self.optional_iteration(repetition, entry)?;
                self.split(repetition, iteration, next)
            })?,
        };
        for _ in 0..repetition.min.min(MAX_SUBJECT + 1) {
            let iteration = self.iteration(repetition, entry)?;
            // An empty iteration adds no state, however often.
            if iteration == entry {
                break;
            }
            entry = iteration;
        }
        Some(entry)
    }

    fn unbounded(&mut self, repetition: &Repetition, next: usize) -> Option<usize> {
        let split = self.split(repetition, next, next)?;
        let iteration = self.optional_iteration(repetition, split)?;
        match self.program.states.get_mut(split)? {
            state if repetition.greedy => state.next = iteration,
            state => state.instruction = Instruction::Split(iteration),
        }
        Some(split)
    }

    /// One more iteration, or the state that follows: a greedy repetition tries the iteration first.
    fn split(&mut self, repetition: &Repetition, iteration: usize, next: usize) -> Option<usize> {
        let (first, other) = if repetition.greedy { (iteration, next) } else { (next, iteration) };
        self.add(Instruction::Split(other), first)
    }

    /// An iteration after the required ones: it must consume something.
    fn optional_iteration(&mut self, repetition: &Repetition, next: usize) -> Option<usize> {
        if !self.program.has_backreferences {
            return self.iteration(repetition, next);
        }
        let slot = self.program.slots;
        self.program.slots += 1;
        let progress = self.add(Instruction::RequireProgress(slot), next)?;
        let iteration = self.iteration(repetition, progress)?;
        self.add(Instruction::Save(slot), iteration)
    }

    fn iteration(&mut self, repetition: &Repetition, next: usize) -> Option<usize> {
        let iteration = self.ast(&repetition.inner, next)?;
        if !self.program.has_backreferences || repetition.groups.is_empty() {
            return Some(iteration);
        }
        self.add(Instruction::ClearGroups(repetition.groups.clone()), iteration)
    }
}
