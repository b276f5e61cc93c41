//! Flags in their compiled form: read once, evaluated often.
//!
//! A flag that is not understood is left out and named; it harms no other. Each flag's own JSON text is kept, for storage
//! and for those who ask for flags, and is where variants and metadata are read from when somebody wants them.

mod error;
mod order;
#[cfg(all(test, feature = "native"))]
mod tests;
mod wire;

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::dialect::Dialect;
use crate::evaluation::Decision;
use crate::json::{Object, Text, Value, parse, write_string};
use crate::segment::{Index, Interned, Segment, Span};

pub use error::{FlagCode, FlagError};

/// Numbers the sets of flags of this process, so that a target never takes one set's selectors for another's.
static EDITIONS: AtomicU32 = AtomicU32::new(1);

/// A set of flags. `P` is the dialect's compiled pattern.
#[derive(Debug)]
pub struct Flags<P> {
    flags: Vec<Flag>,
    /// The keys; their numbers are those of the flags.
    keys: Index,
    /// All flags that can be evaluated, in the order they are.
    order: Vec<u32>,
    interned: Interned<P>,
    edition: u32,
    /// The name of what a decision of other flags means here.
    no_name: Text,
}

/// A flag.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) key: Text,
    /// As it was received.
    pub(crate) text: Text,
    pub(crate) segments: Vec<Segment>,
    pub(crate) variants: Vec<FlagVariant>,
    metadata_text: Option<Span>,
    metadata: OnceLock<Option<Object>>,
    is_local: bool,
    dependencies: Vec<Text>,
    /// The dependencies that are in the set.
    parents: Vec<u32>,
}

/// A variant that a flag has, or that one of its segments names.
#[derive(Debug)]
pub(crate) struct FlagVariant {
    pub(crate) name: Text,
    /// `None`: a segment names it, but the flag does not have it.
    pub(crate) text: Option<Span>,
}

impl<P> Default for Flags<P> {
    fn default() -> Self {
        Self {
            flags: Vec::new(),
            keys: Index::default(),
            order: Vec::new(),
            interned: Interned::default(),
            edition: 0,
            no_name: Text::default(),
        }
    }
}

impl<P> Flags<P> {
    /// Reads the wire's list `[flag, …]` or the stored map `{key: flag, …}`. Of two flags with one key the later counts.
    ///
    /// Every flag that is left out, or kept with a fault, is named in the errors.
    pub fn parse<D: Dialect<Pattern = P>>(text: &[u8], dialect: &D) -> (Self, Vec<FlagError>) {
        let Ok((read, interned, mut errors)) = wire::read(text, dialect) else {
            return (Self::default(), vec![FlagError { key: None, code: FlagCode::NotFlags }]);
        };
        let mut flags = Self { interned, ..Self::default() };
        read.into_iter().for_each(|flag| flags.put(flag));
        let cyclic = flags.link();
        let cyclic = cyclic.into_iter().filter_map(|flag| flags.at(flag));
        errors.extend(cyclic.map(|flag| FlagError { key: Some(flag.key.clone()), code: FlagCode::Cycle }));
        (flags, errors)
    }

    /// The keys, in the order of the text.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.flags.iter().map(|flag| &flag.key)
    }

    /// How many flags there are.
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there is no flag.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// Whether there is a flag of this key.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.find(key).is_some()
    }

    /// What the flag's author says about the flag.
    pub fn metadata(&self, key: &[u8]) -> Option<&Object> {
        self.get(key)?.metadata()
    }

    /// Whether the flag is evaluated where it is asked for (`metadata.evaluationMode` is `local`).
    pub fn is_local(&self, key: &[u8]) -> bool {
        self.get(key).is_some_and(|flag| flag.is_local)
    }

    /// The flag's own JSON, as it was received.
    pub fn text(&self, key: &[u8]) -> Option<&[u8]> {
        self.get(key).map(|flag| flag.text.as_bytes())
    }

    /// Adds the flags whose keys are not here yet.
    pub fn merge_missing(&mut self, other: Flags<P>) {
        let numbers = self.interned.absorb(other.interned);
        let missing: Vec<Flag> = other.flags.into_iter().filter(|flag| !self.contains(&flag.key)).collect();
        for mut flag in missing {
            flag.segments.iter_mut().for_each(|segment| segment.renumber(&numbers));
            self.put(flag);
        }
        self.link();
    }

    /// `{key: flag, …}`, as the reference stores flags.
    pub fn to_stored(&self) -> Vec<u8> {
        let mut out = vec![b'{'];
        for (index, flag) in self.flags.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_string(&flag.key, &mut out);
            out.push(b':');
            out.extend_from_slice(&flag.text);
        }
        out.push(b'}');
        out
    }

    /// The key of the flag that was decided.
    pub fn key_of(&self, decision: &Decision) -> &Text {
        self.at(decision.flag).map_or(&self.no_name, |flag| &flag.key)
    }

    /// The name that the flag has for the variant that was decided for.
    pub fn variant_name_of(&self, decision: &Decision) -> &Text {
        let variant = self.at(decision.flag).and_then(|flag| flag.variants.get(decision.variant as usize));
        variant.map_or(&self.no_name, |variant| &variant.name)
    }

    /// The variant that was decided for, as the flag has it, with the metadata of flag, segment and variant in one. Where
    /// they disagree, the later of these three wins.
    pub fn variant_of(&self, decision: &Decision) -> Object {
        let Some(flag) = self.at(decision.flag) else { return Object::new() };
        let mut variant = flag
            .variants
            .get(decision.variant as usize)
            .and_then(|variant| flag.object(variant.text?))
            .unwrap_or_default();
        let mut metadata = flag.metadata().cloned().unwrap_or_default();
        let segment = flag.segments.get(decision.segment as usize).and_then(|segment| flag.object(segment.metadata?));
        let own = variant.get("metadata").and_then(Value::as_object);
        segment.iter().chain(own).for_each(|later| metadata.extend_from(later));
        variant.set("metadata", metadata);
        variant
    }

    /// The flags to evaluate for these keys, each after what it depends on. A flag that depends on itself is left out.
    pub(crate) fn order_of(&self, keys: Option<&[Text]>) -> Cow<'_, [u32]> {
        let Some(keys) = keys else { return Cow::Borrowed(&self.order) };
        Cow::Owned(self.ordered(keys.iter().filter_map(|key| self.find(key))).flags)
    }

    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        self.keys.find(key)
    }

    pub(crate) fn at(&self, flag: u32) -> Option<&Flag> {
        self.flags.get(flag as usize)
    }

    pub(crate) fn interned(&self) -> &Interned<P> {
        &self.interned
    }

    pub(crate) fn edition(&self) -> u32 {
        self.edition
    }

    fn get(&self, key: &[u8]) -> Option<&Flag> {
        self.at(self.find(key)?)
    }

    fn ordered(&self, starts: impl Iterator<Item = u32>) -> order::Order {
        order::order(self.flags.len(), starts, |flag| self.at(flag).map_or(&[], |flag| &flag.parents))
    }

    /// Adds a flag, or puts it in the place of an earlier one with its key.
    fn put(&mut self, flag: Flag) {
        let number = self.keys.number(&flag.key);
        match self.flags.get_mut(number as usize) {
            Some(earlier) => *earlier = flag,
            None => self.flags.push(flag),
        }
    }

    /// Finds out what depends on what, and returns the flags that depend on themselves.
    fn link(&mut self) -> Vec<u32> {
        for index in 0..self.flags.len() {
            let dependencies = self.flags.get(index).map_or(&[][..], |flag| &flag.dependencies);
            let parents = dependencies.iter().filter_map(|key| self.find(key)).collect();
            if let Some(flag) = self.flags.get_mut(index) {
                flag.parents = parents;
            }
        }
        let order = self.ordered(0..self.flags.len() as u32);
        self.order = order.flags;
        self.edition = EDITIONS.fetch_add(1, Ordering::Relaxed);
        order.cyclic
    }
}

impl Flag {
    /// A variant by its number, if the flag has it.
    pub(crate) fn has(&self, variant: u32) -> bool {
        self.variants.get(variant as usize).is_some_and(|variant| variant.text.is_some())
    }

    fn metadata(&self) -> Option<&Object> {
        self.metadata.get_or_init(|| self.object(self.metadata_text?)).as_ref()
    }

    fn object(&self, text: Span) -> Option<Object> {
        parse(text.of(&self.text)).ok()?.into_object()
    }
}
