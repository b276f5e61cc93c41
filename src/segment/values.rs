//! The values of a condition, in the form they are compared in.

use super::Version;
use crate::dialect::Dialect;
use crate::json::Text;

/// Texts without order or repetition.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    /// Sorted by their bytes, each once.
    pub(crate) sorted: Vec<Text>,
    /// How many there were, repetitions included: `set contains` compares lengths.
    pub(crate) count: usize,
}

impl Words {
    pub(crate) fn new(mut words: Vec<Text>) -> Self {
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        Self { sorted: words, count }
    }

    /// Whether the word is one of them; `true` and `false` are so in any case.
    pub(crate) fn has(&self, word: &[u8]) -> bool {
        has(&self.sorted, word)
    }
}

/// Whether a word is one of these, which are sorted by their bytes; `true` and `false` are so in any case.
pub(crate) fn has(sorted: &[impl AsRef<[u8]>], word: &[u8]) -> bool {
    if is_boolean(word) {
        return sorted.iter().any(|other| other.as_ref().eq_ignore_ascii_case(word));
    }
    sorted.binary_search_by(|other| other.as_ref().cmp(word)).is_ok()
}

/// Whether `toLowerCase` makes `true` or `false` of it. No letter outside ASCII becomes one of theirs.
fn is_boolean(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"true") || word.eq_ignore_ascii_case(b"false")
}

/// Versions to compare with.
#[derive(Clone, Debug)]
pub(crate) struct Versions {
    /// Those that are versions.
    pub(crate) parsed: Vec<Version>,
    /// All of them, as they were written.
    pub(crate) words: Vec<Text>,
}

impl Versions {
    pub(super) fn new<D: Dialect>(words: Vec<Text>, dialect: &D) -> Self {
        let parsed = words.iter().filter_map(|word| Version::parse(word, dialect)).collect();
        Self { parsed, words }
    }
}
