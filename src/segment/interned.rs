//! What many flags have in common, kept once: selectors and patterns, each under a small number.

use super::{Index, Selector};
use crate::dialect::Dialect;

/// What conditions and buckets look at, and what patterns are tried on it.
#[derive(Clone, Debug)]
pub(crate) struct Interned<P> {
    /// By the JSON text they are written in.
    selector_index: Index,
    selectors: Vec<Selector>,
    pattern_index: Index,
    /// `None` where the pattern does not compile.
    patterns: Vec<Option<P>>,
    probe_index: Index,
    /// A selector and a pattern that is tried on what it selects.
    probes: Vec<(u32, u32)>,
}

impl<P> Default for Interned<P> {
    fn default() -> Self {
        Self {
            selector_index: Index::default(),
            selectors: Vec::new(),
            pattern_index: Index::default(),
            patterns: Vec::new(),
            probe_index: Index::default(),
            probes: Vec::new(),
        }
    }
}

impl<P> Interned<P> {
    /// The number of a selector, by the JSON text it is written in: a known one is not read again.
    pub(super) fn selector<E>(&mut self, text: &[u8], read: impl FnOnce() -> Result<Selector, E>) -> Result<u32, E> {
        match self.selector_index.find(text) {
            Some(number) => Ok(number),
            None => read().map(|selector| self.add_selector(text, selector)),
        }
    }

    /// The number of the question whether a pattern matches what a selector selects.
    pub(super) fn probe<D: Dialect<Pattern = P>>(&mut self, selector: u32, source: &[u8], dialect: &D) -> u32 {
        let pattern = self.pattern_index.find(source);
        let pattern = pattern.unwrap_or_else(|| self.add_pattern(source, dialect.compile_pattern(source)));
        self.add_probe(selector, pattern)
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
        let selectors = other.selector_index.names().zip(other.selectors);
        let selectors: Vec<u32> = selectors.map(|(text, selector)| self.add_selector(text, selector)).collect();
        let patterns = other.pattern_index.names().zip(other.patterns);
        let patterns: Vec<u32> = patterns.map(|(source, pattern)| self.add_pattern(source, pattern)).collect();
        let probes = other.probes.into_iter();
        let probes = probes
            .map(|(selector, pattern)| self.add_probe(at(&selectors, selector), at(&patterns, pattern)))
            .collect();
        Renumbering { selectors, probes }
    }

    fn add_selector(&mut self, text: &[u8], selector: Selector) -> u32 {
        add(&mut self.selector_index, &mut self.selectors, text, selector)
    }

    fn add_pattern(&mut self, source: &[u8], pattern: Option<P>) -> u32 {
        add(&mut self.pattern_index, &mut self.patterns, source, pattern)
    }

    fn add_probe(&mut self, selector: u32, pattern: u32) -> u32 {
        let name = (u64::from(selector) << 32 | u64::from(pattern)).to_be_bytes();
        add(&mut self.probe_index, &mut self.probes, &name, (selector, pattern))
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

fn add<T>(index: &mut Index, things: &mut Vec<T>, name: &[u8], thing: T) -> u32 {
    let number = index.number(name);
    if number as usize == things.len() {
        things.push(thing);
    }
    number
}

fn at(numbers: &[u32], old: u32) -> u32 {
    numbers.get(old as usize).copied().unwrap_or_default()
}
