//! Flags in their compiled form: read once, evaluated often.
//!
//! A flag that is not understood is left out and reported; it harms no other. Each flag keeps its own JSON text, for storage
//! and for the routes that serve flags; variants and metadata are read from it when they are needed.

mod decision;
mod error;
#[cfg(feature = "native")]
mod fault;
mod order;
#[cfg(feature = "native")]
pub mod rules;
#[cfg(all(test, feature = "native"))]
mod tests;
mod wire;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::dialect::Dialect;
use crate::json::{Object, Text, Value, write_string};
use crate::segment::{Interner, Segment, Span, Tables};

pub use decision::Decision;
pub use error::{FlagCode, FlagError};
#[cfg(feature = "native")]
pub use fault::Fault;

/// The id of the next set of flags in this process. A target knows by it whether its selectors are of these flags.
static NEXT_SET_ID: AtomicU32 = AtomicU32::new(1);

/// The index of a missing flag.
const NO_FLAG: u32 = u32::MAX;

/// A set of flags. `P` is the dialect's compiled pattern.
#[derive(Debug)]
pub struct Flags<P> {
    flags: Vec<Flag>,
    /// Their keys, with the same indexes.
    keys: Interner,
    /// All flags that can be evaluated, in the order of evaluation.
    order: Vec<u32>,
    pub(crate) tables: Tables<P>,
    pub(crate) set_id: u32,
    /// The key and variant name that a decision of other flags has here.
    no_name: Text,
}

/// A flag.
#[derive(Debug, Default)]
pub(crate) struct Flag {
    /// As it was received.
    pub(crate) text: Text,
    pub(crate) segments: Vec<Segment>,
    /// The variants that it has, or that its segments name, and where they stand. `None`: the flag does not have the variant.
    pub(crate) variants: Vec<(Text, Option<Span>)>,
    metadata: Option<Object>,
    /// Whether clients evaluate it themselves (`metadata.evaluationMode` is `local`).
    pub(crate) is_local: bool,
    dependencies: Vec<Text>,
}

impl<P> Default for Flags<P> {
    fn default() -> Self {
        Self {
            flags: Vec::new(),
            keys: Interner::default(),
            order: Vec::new(),
            tables: Tables::default(),
            set_id: 0,
            no_name: Text::default(),
        }
    }
}

impl<P> Flags<P> {
    /// Reads the wire's list `[flag, …]` or the stored map `{key: flag, …}`. Of two flags with one key the later counts.
    ///
    /// The errors name every flag that is left out, or kept with a fault.
    pub fn parse<D: Dialect<Pattern = P>>(text: &[u8], dialect: &D) -> (Self, Vec<FlagError>) {
        let mut flags = Self::default();
        let errors = flags.add_missing(text, dialect);
        (flags, errors)
    }

    /// Reads flags as [`parse`](Self::parse) does; `None` for a text that holds no list or map of them.
    pub fn read<D: Dialect<Pattern = P>>(text: &[u8], dialect: &D) -> Option<(Self, Vec<FlagError>)> {
        let (flags, errors) = Self::parse(text, dialect);
        (!holds_none(&errors)).then_some((flags, errors))
    }

    /// Reads flags one by one, each from a text of its own with a name for errors. An unreadable text harms only itself and is
    /// reported. Of two flags with one key the later counts.
    #[cfg(feature = "native")]
    pub fn read_each<'a, D: Dialect<Pattern = P>>(
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
        dialect: &D,
    ) -> (Self, Vec<FlagError>) {
        let (mut flags, mut errors) = (Self::default(), Vec::new());
        for (name, text) in texts {
            let (read, code) = wire::read_one(text.as_bytes(), dialect, &mut flags.tables);
            if let Some((key, flag)) = read {
                flags.insert(&key, flag, 0);
            }
            errors.extend(code.map(|code| FlagError { key: Some(name.into()), code }));
        }
        // No further flags: links all of them.
        errors.extend(flags.add_missing(b"[]", dialect));
        (flags, errors)
    }

    /// Adds flags whose keys are not here yet, as [`parse`](Self::parse) reads them.
    pub fn add_missing<D: Dialect<Pattern = P>>(&mut self, text: &[u8], dialect: &D) -> Vec<FlagError> {
        let (read, mut errors) = wire::read(text, dialect, &mut self.tables);
        let known = self.flags.len();
        for (key, flag) in read {
            self.insert(&key, flag, known);
        }
        for flag in self.link() {
            errors.push(FlagError { key: self.keys.names().get(flag as usize).cloned(), code: FlagCode::Cycle });
        }
        errors
    }

    /// The keys, in the order of the text.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.keys.names().iter()
    }

    /// How many flags there are.
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there is no flag.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// Whether there is a flag with this key.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.find(key).is_some()
    }

    /// The flag's metadata.
    pub fn metadata(&self, key: &[u8]) -> Option<&Object> {
        self.get(key)?.metadata.as_ref()
    }

    /// Whether clients evaluate the flag themselves (`metadata.evaluationMode` is `local`).
    pub fn is_local(&self, key: &[u8]) -> bool {
        self.get(key).is_some_and(|flag| flag.is_local)
    }

    /// The flag's own JSON, as it was received.
    pub fn text(&self, key: &[u8]) -> Option<&[u8]> {
        self.get(key).map(|flag| flag.text.as_bytes())
    }

    /// `{key: flag, …}`, as the reference stores flags.
    pub fn to_stored(&self) -> Vec<u8> {
        let mut out = vec![b'{'];
        for (key, flag) in self.keys().zip(&self.flags) {
            if out.len() > 1 {
                out.push(b',');
            }
            write_string(key, &mut out);
            out.push(b':');
            out.extend_from_slice(&flag.text);
        }
        out.push(b'}');
        out
    }

    /// The key of the flag that was decided.
    pub fn key_of(&self, decision: &Decision) -> &Text {
        self.key_at(decision.flag)
    }

    /// The flag's name for the variant that was decided.
    pub fn variant_name_of(&self, decision: &Decision) -> &Text {
        let variant = self.flag_at(decision.flag).and_then(|flag| flag.variants.get(decision.variant as usize));
        variant.map_or(&self.no_name, |(name, _)| name)
    }

    /// The variant that was decided, as the flag has it, with the merged metadata of flag, segment and variant. Where they
    /// disagree, the later of these three wins.
    pub fn variant_of(&self, decision: &Decision) -> Object {
        let Some(flag) = self.flag_at(decision.flag) else { return Object::new() };
        let variant = flag.variants.get(decision.variant as usize).and_then(|(_, text)| *text);
        let segment = flag.segments.get(decision.segment as usize).and_then(|segment| segment.metadata);
        let mut variant = flag.object(variant);
        let mut metadata = flag.metadata.clone().unwrap_or_default();
        metadata.extend_from(&flag.object(segment));
        if let Some(own) = variant.get("metadata").and_then(Value::as_object) {
            metadata.extend_from(own);
        }
        variant.set("metadata", metadata);
        variant
    }

    /// The flags to evaluate for these keys, each after its dependencies. A flag that depends on itself is left out.
    pub(crate) fn order_of(&self, keys: Option<&[Text]>) -> Cow<'_, [u32]> {
        let Some(keys) = keys else { return Cow::Borrowed(&self.order) };
        let starts: Vec<u32> = keys.iter().filter_map(|key| self.find(key)).collect();
        Cow::Owned(self.ordered(&starts).flags)
    }

    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        self.keys.get(key)
    }

    pub(crate) fn key_at(&self, flag: u32) -> &Text {
        self.keys.names().get(flag as usize).unwrap_or(&self.no_name)
    }

    pub(crate) fn flag_at(&self, index: u32) -> Option<&Flag> {
        self.flags.get(index as usize)
    }

    fn get(&self, key: &[u8]) -> Option<&Flag> {
        self.flag_at(self.find(key)?)
    }

    fn ordered(&self, starts: &[u32]) -> order::Order {
        let dependency =
            |flag, nth: usize| self.flag_at(flag)?.dependencies.get(nth).map(|key| self.find(key).unwrap_or(NO_FLAG));
        order::order(self.flags.len(), starts, dependency)
    }

    /// Adds a flag, or replaces one with its key that is not among the first `known`.
    fn insert(&mut self, key: &[u8], flag: Flag, known: usize) {
        let index = self.keys.intern(key) as usize;
        match self.flags.get_mut(index) {
            None => self.flags.push(flag),
            Some(earlier) if index >= known => *earlier = flag,
            Some(_) => {}
        }
    }

    /// Orders the flags by their dependencies, and returns those that depend on themselves.
    fn link(&mut self) -> Vec<u32> {
        let all: Vec<u32> = (0..self.flags.len() as u32).collect();
        let order = self.ordered(&all);
        self.order = order.flags;
        self.set_id = NEXT_SET_ID.fetch_add(1, Ordering::Relaxed);
        order.cyclic
    }
}

/// Whether these errors are of a text that holds no list or map of flags: it has no other error then.
pub(crate) fn holds_none(errors: &[FlagError]) -> bool {
    errors.first().is_some_and(|error| error.code == FlagCode::NotFlags)
}

impl Flag {
    /// Whether the flag has the variant with this index.
    pub(crate) fn has_variant(&self, variant: u32) -> bool {
        self.variants.get(variant as usize).is_some_and(|(_, text)| text.is_some())
    }

    fn object(&self, text: Option<Span>) -> Object {
        let text = text.map_or(&[][..], |text| text.of(&self.text));
        Object::parse(text).unwrap_or_default()
    }
}
