//! Segments straight from JSON text into their compiled form.

use std::ops::Range;

use super::operator::Operator;
use super::{Condition, Interned, Segment, Selector, Span};
use crate::bucketing::{Allocation, Bucket, Distribution, whole_numbers};
use crate::dialect::{Dialect, plain};
use crate::json::{JsonError, Kind, Reader, Text};

/// Why a flag is not understood: the innermost field that is not what it should be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fault(&'static str);

type Read<T> = Result<T, Fault>;

impl Fault {
    pub(crate) fn at(field: &'static str) -> Self {
        Self(field)
    }

    /// Names the field, unless a field inside it is named already.
    pub(crate) fn within(self, field: &'static str) -> Self {
        if self.0.is_empty() { Self(field) } else { self }
    }

    pub(crate) fn field(self) -> &'static str {
        self.0
    }
}

impl From<JsonError> for Fault {
    fn from(_: JsonError) -> Self {
        Self::default()
    }
}

/// The place of a name among those that are known, or one past them. A `match` on texts would be compiled into comparisons
/// byte by byte.
#[inline(never)]
pub(crate) fn which(name: &[u8], known: &[&str]) -> usize {
    known.iter().position(|known| known.as_bytes() == name).unwrap_or(known.len())
}

/// `None` for `null`.
pub(crate) fn optional<T>(reader: &mut Reader<'_>, read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Read<Option<T>> {
    if reader.peek()? == Kind::Null {
        reader.null()?;
        return Ok(None);
    }
    read(reader).map(Some)
}

/// Reads the segments of one flag after the other.
pub(crate) struct Compiler<'a, D: Dialect> {
    pub(crate) dialect: &'a D,
    pub(crate) interned: Interned<D::Pattern>,
    /// Where the flag being read starts in the text.
    pub(crate) origin: usize,
    /// The names of its variants, in the order they were met.
    pub(crate) names: Vec<Text>,
    /// Whether it has a pattern that does not compile.
    pub(crate) broken_pattern: bool,
}

impl<D: Dialect> Compiler<'_, D> {
    pub(crate) fn segments(&mut self, reader: &mut Reader<'_>) -> Read<Vec<Segment>> {
        list(reader, |reader| self.segment(reader))
    }

    /// The number of a variant in the flag being read.
    pub(crate) fn variant(&mut self, name: Text) -> u32 {
        let known = self.names.iter().position(|known| *known == name);
        known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        }) as u32
    }

    /// Passes over a value and says where it stands in the flag's text.
    pub(crate) fn span(&self, reader: &mut Reader<'_>) -> Read<Span> {
        reader.peek()?;
        let start = reader.at();
        reader.skip()?;
        let within = |at: usize| (at - self.origin) as u32;
        Ok(Span { start: within(start), end: within(reader.at()) })
    }

    fn segment(&mut self, reader: &mut Reader<'_>) -> Read<Segment> {
        let mut segment = Segment::default();
        reader.object(|reader, name| {
            match which(&name, &["conditions", "bucket", "variant", "metadata"]) {
                0 => {
                    segment.conditions =
                        optional(reader, |reader| self.conditions(reader)).map_err(within("conditions"))?
                }
                1 => segment.bucket = optional(reader, |reader| self.bucket(reader)).map_err(within("bucket"))?,
                2 => segment.variant = self.variant_name(reader)?,
                3 => segment.metadata = Some(self.span(reader)?),
                _ => reader.skip()?,
            }
            Ok::<_, Fault>(())
        })?;
        Ok(segment)
    }

    fn conditions(&mut self, reader: &mut Reader<'_>) -> Read<Vec<Vec<Condition>>> {
        list(reader, |reader| list(reader, |reader| self.condition(reader)))
    }

    fn condition(&mut self, reader: &mut Reader<'_>) -> Read<Condition> {
        let (mut selector, mut operator, mut values) = (None, Operator::named(b""), None);
        reader.object(|reader, name| {
            match which(&name, &["selector", "op", "values"]) {
                0 => selector = Some(self.selector(reader)?),
                1 => operator = operator_of(reader)?,
                2 => values = Some(list(reader, |reader| self.value(reader)).map_err(within("values"))?),
                _ => reader.skip()?,
            }
            Ok::<_, Fault>(())
        })?;
        let selector = selector.map_or_else(|| self.no_selector(), Ok)?;
        let values = values.ok_or(Fault::at("values"))?;
        let when_absent = operator.when_absent(&values);
        let test = operator.test(values, self.dialect, |source| {
            let probe = self.interned.probe(selector, source, self.dialect);
            self.broken_pattern |= self.interned.pattern_of(probe).is_none();
            probe
        });
        Ok(Condition { selector, when_absent, negated: operator.negated, test })
    }

    fn selector(&mut self, reader: &mut Reader<'_>) -> Read<u32> {
        let text = reader.span()?;
        self.interned.selector(text, || path(text, self.dialect)).map_err(within("selector"))
    }

    fn no_selector(&mut self) -> Read<u32> {
        self.interned.selector(b"null", || Ok(Selector::Nothing))
    }

    /// A value to compare with. The wire has strings only; numbers and booleans are taken for their text.
    fn value(&self, reader: &mut Reader<'_>) -> Read<Text> {
        element(reader, self.dialect)?.ok_or_else(Fault::default)
    }

    fn bucket(&mut self, reader: &mut Reader<'_>) -> Read<Bucket> {
        let (mut selector, mut salt, mut allocations) = (None, None, None);
        reader.object(|reader, name| {
            match which(&name, &["selector", "salt", "allocations"]) {
                0 => selector = Some(self.selector(reader)?),
                1 => salt = Some(self.value(reader).map_err(within("salt"))?),
                2 => allocations = Some(list(reader, |reader| self.allocation(reader)).map_err(within("allocations"))?),
                _ => reader.skip()?,
            }
            Ok::<_, Fault>(())
        })?;
        let selector = selector.map_or_else(|| self.no_selector(), Ok)?;
        let salt = [salt.ok_or(Fault::at("salt"))?.as_bytes(), b"/"].concat();
        Ok(Bucket { selector, salt, allocations: allocations.ok_or(Fault::at("allocations"))? })
    }

    fn allocation(&mut self, reader: &mut Reader<'_>) -> Read<Allocation> {
        let (mut owned, mut distributions) = (None, None);
        reader.object(|reader, name| {
            match which(&name, &["range", "distributions"]) {
                0 => owned = Some(range(reader, self.dialect)?),
                1 => {
                    distributions =
                        Some(list(reader, |reader| self.distribution(reader)).map_err(within("distributions"))?)
                }
                _ => reader.skip()?,
            }
            Ok::<_, Fault>(())
        })?;
        Ok(Allocation {
            range: owned.ok_or(Fault::at("range"))?,
            distributions: distributions.ok_or(Fault::at("distributions"))?,
        })
    }

    fn distribution(&mut self, reader: &mut Reader<'_>) -> Read<Distribution> {
        let (mut owned, mut variant) = (None, None);
        reader.object(|reader, name| {
            match which(&name, &["range", "variant"]) {
                0 => owned = Some(range(reader, self.dialect)?),
                1 => variant = self.variant_name(reader)?,
                _ => reader.skip()?,
            }
            Ok::<_, Fault>(())
        })?;
        Ok(Distribution { range: owned.ok_or(Fault::at("range"))?, variant })
    }

    fn variant_name(&mut self, reader: &mut Reader<'_>) -> Read<Option<u32>> {
        optional(reader, |reader| Ok(self.variant(reader.string()?))).map_err(within("variant"))
    }
}

fn within(field: &'static str) -> impl Fn(Fault) -> Fault {
    move |fault| fault.within(field)
}

fn list<T>(reader: &mut Reader<'_>, mut item: impl FnMut(&mut Reader<'_>) -> Read<T>) -> Read<Vec<T>> {
    let mut items = Vec::new();
    reader.array(|reader| {
        items.push(item(reader)?);
        Ok::<_, Fault>(())
    })?;
    Ok(items)
}

fn operator_of(reader: &mut Reader<'_>) -> Read<Operator> {
    if reader.peek()? == Kind::String {
        return Ok(Operator::named(&reader.string()?));
    }
    reader.skip()?;
    Ok(Operator::named(b""))
}

/// A half-open range `[start, end]` of numbers, of which only whole ones are ever looked up.
fn range<D: Dialect>(reader: &mut Reader<'_>, dialect: &D) -> Read<Range<u32>> {
    let bounds = list(reader, |reader| Ok(plain::number(dialect, reader.number()?))).map_err(within("range"))?;
    match bounds.as_slice() {
        [start, end, ..] => Ok(whole_numbers(*start, *end)),
        _ => Err(Fault::at("range")),
    }
}

/// A string, or what JavaScript makes of a number or a boolean that stands where a string should. `None` for `null`.
fn element<D: Dialect>(reader: &mut Reader<'_>, dialect: &D) -> Read<Option<Text>> {
    Ok(match reader.peek()? {
        Kind::Null => reader.null().map(|()| None)?,
        Kind::Bool => Some(if reader.bool()? { "true" } else { "false" }.into()),
        Kind::Number => Some(plain::print(dialect, reader.number()?)),
        _ => Some(reader.string()?),
    })
}

/// Reads a selector. An element that JavaScript takes for false ends the way.
fn path<D: Dialect>(text: &[u8], dialect: &D) -> Read<Selector> {
    let mut reader = Reader::new(text)?;
    let elements = optional(&mut reader, |reader| {
        list(reader, |reader| {
            let is_string = reader.peek()? == Kind::String;
            let element = element(reader, dialect)?.unwrap_or_default();
            Ok(if is_string || !matches!(element.as_bytes(), b"0" | b"false") { element } else { Text::default() })
        })
    })?;
    let elements = elements.unwrap_or_default();
    if elements.iter().any(|element| element.is_empty()) {
        return Ok(Selector::Nothing);
    }
    let mut elements = elements.into_iter();
    Ok(match elements.next() {
        Some(root) if root == "context" => Selector::Context(elements.collect()),
        Some(root) if root == "result" => Selector::Result(elements.collect()),
        _ => Selector::Nothing,
    })
}
