//! What many flags have in common, kept once: selectors and patterns, each under a small number.

use std::convert::Infallible;

use crate::dialect::Dialect;
use crate::json::Text;

use super::Selector;

/// Names and their numbers, sorted by name.
#[derive(Clone, Debug, Default)]
struct Index(Vec<(Text, u32)>);

impl Index {
    /// The number of a name; `next` is asked for one if the name is new.
    fn number<E>(&mut self, name: &[u8], next: impl FnOnce() -> Result<u32, E>) -> Result<u32, E> {
        match self.0.binary_search_by(|(known, _)| known.as_bytes().cmp(name)) {
            Ok(at) => Ok(self.0.get(at).map_or(0, |(_, number)| *number)),
            Err(at) => {
                let number = next()?;
                self.0.insert(at, (name.into(), number));
                Ok(number)
            }
        }
    }

    /// The same where a new name cannot fail to get a number.
    fn sure_number(&mut self, name: &[u8], next: impl FnOnce() -> u32) -> u32 {
        match self.number(name, || Ok::<_, Infallible>(next())) {
            Ok(number) => number,
        }
    }
}

/// What conditions and buckets look at, and what patterns are tried on it.
#[derive(Clone, Debug)]
pub(crate) struct Interned<P> {
    selectors: Vec<Selector>,
    selector_index: Index,
    /// `None` where the pattern does not compile.
    patterns: Vec<Option<P>>,
    pattern_index: Index,
    /// A selector and a pattern that is tried on what it selects.
    probes: Vec<(u32, u32)>,
    probe_index: Index,
}

impl<P> Default for Interned<P> {
    fn default() -> Self {
        Self {
            selectors: Vec::new(),
            selector_index: Index::default(),
            patterns: Vec::new(),
            pattern_index: Index::default(),
            probes: Vec::new(),
            probe_index: Index::default(),
        }
    }
}

impl<P> Interned<P> {
    /// The number of a selector, by the JSON text it is written in: a known one is not read again.
    pub(super) fn selector<E>(&mut self, text: &[u8], read: impl FnOnce() -> Result<Selector, E>) -> Result<u32, E> {
        let selectors = &mut self.selectors;
        self.selector_index.number(text, || Ok(push(selectors, read()?)))
    }

    /// The number of the question whether a pattern matches what a selector selects.
    pub(super) fn probe<D: Dialect<Pattern = P>>(&mut self, selector: u32, source: &[u8], dialect: &D) -> u32 {
        let patterns = &mut self.patterns;
        let pattern = self.pattern_index.sure_number(source, || push(patterns, dialect.compile_pattern(source)));
        self.probe_of(selector, pattern)
    }

    fn probe_of(&mut self, selector: u32, pattern: u32) -> u32 {
        let name = u64::from(selector) << 32 | u64::from(pattern);
        let probes = &mut self.probes;
        self.probe_index.sure_number(&name.to_be_bytes(), || push(probes, (selector, pattern)))
    }

    pub(crate) fn selector_at(&self, number: u32) -> Option<&Selector> {
        self.selectors.get(number as usize)
    }

    /// The pattern of a question; `None` where it does not compile.
    pub(crate) fn pattern_of(&self, probe: u32) -> Option<&P> {
        let (_, pattern) = self.probes.get(probe as usize)?;
        self.patterns.get(*pattern as usize)?.as_ref()
    }

    pub(crate) fn selector_count(&self) -> usize {
        self.selectors.len()
    }

    pub(crate) fn probe_count(&self) -> usize {
        self.probes.len()
    }

    /// Takes over what another set of flags has interned, and says which numbers its things have here.
    pub(crate) fn absorb(&mut self, other: Interned<P>) -> Renumbering {
        let mut selectors = vec![0; other.selectors.len()];
        let mut patterns = vec![0; other.patterns.len()];
        renumber(&mut self.selector_index, &mut self.selectors, other.selector_index, other.selectors, &mut selectors);
        renumber(&mut self.pattern_index, &mut self.patterns, other.pattern_index, other.patterns, &mut patterns);
        let probes = other.probes.iter().map(|(selector, pattern)| self.probe_of(at(&selectors, *selector), at(&patterns, *pattern)));
        let probes = probes.collect();
        Renumbering { selectors, probes }
    }
}

/// Old numbers to new numbers.
pub(crate) struct Renumbering {
    selectors: Vec<u32>,
    probes: Vec<u32>,
}

impl Renumbering {
    pub(super) fn selector(&self, old: u32) -> u32 {
        at(&self.selectors, old)
    }

    pub(super) fn probe(&self, old: u32) -> u32 {
        at(&self.probes, old)
    }
}

fn renumber<T>(index: &mut Index, things: &mut Vec<T>, other: Index, theirs: Vec<T>, numbers: &mut [u32]) {
    let mut theirs: Vec<Option<T>> = theirs.into_iter().map(Some).collect();
    for (name, old) in other.0 {
        let thing = theirs.get_mut(old as usize).and_then(Option::take);
        if let (Some(thing), Some(new)) = (thing, numbers.get_mut(old as usize)) {
            *new = index.sure_number(&name, || push(things, thing));
        }
    }
}

fn push<T>(things: &mut Vec<T>, thing: T) -> u32 {
    things.push(thing);
    things.len() as u32 - 1
}

fn at(numbers: &[u32], old: u32) -> u32 {
    numbers.get(old as usize).copied().unwrap_or_default()
}
