//! Flags straight from JSON text, with no tree of values in between.

use std::sync::OnceLock;

use super::{Flag, FlagCode, FlagError, FlagVariant};
use crate::dialect::Dialect;
use crate::json::{JsonError, Kind, Reader, Text};
use crate::segment::{Compiler, Fault, Interned, Span, optional, which};

type Flags<P> = (Vec<Flag>, Interned<P>, Vec<FlagError>);

/// Reads `[flag, …]` or `{key: flag, …}`. The names of the map are not looked at: a flag has its own key.
pub(super) fn read<D: Dialect>(text: &[u8], dialect: &D) -> Result<Flags<D::Pattern>, JsonError> {
    let compiler =
        Compiler { dialect, interned: Interned::default(), origin: 0, names: Vec::new(), broken_pattern: false };
    let mut load = Load { text, compiler, flags: Vec::new(), errors: Vec::new() };
    let mut reader = Reader::new(text)?;
    match reader.peek()? {
        Kind::Object => reader.object(|reader, _| load.flag(reader))?,
        _ => reader.array(|reader| load.flag(reader))?,
    }
    reader.end()?;
    Ok((load.flags, load.compiler.interned, load.errors))
}

struct Load<'a, D: Dialect> {
    text: &'a [u8],
    compiler: Compiler<'a, D>,
    flags: Vec<Flag>,
    errors: Vec<FlagError>,
}

/// The names of a flag's fields, in the order of [`Load::field`].
const FIELDS: [&str; 5] = ["key", "segments", "variants", "dependencies", "metadata"];

/// The fields of a flag as they come.
#[derive(Default)]
struct Fields {
    key: Option<Text>,
    segments: Option<Vec<crate::segment::Segment>>,
    variants: Vec<(u32, Option<Span>)>,
    metadata: Option<Span>,
    is_local: bool,
    dependencies: Option<Vec<Text>>,
}

impl<D: Dialect> Load<'_, D> {
    /// Reads one flag. One that is not understood is passed over; only text that is no JSON ends the reading.
    fn flag(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        reader.peek()?;
        let start = reader.clone();
        self.compiler.origin = start.at();
        self.compiler.names.clear();
        self.compiler.broken_pattern = false;
        match self.fields(reader).and_then(|fields| self.finish(fields, reader.at())) {
            Ok(flag) => self.keep(flag),
            Err(fault) => {
                self.report(key_of(start.clone()), FlagCode::Shape(fault.within("flag").field()));
                *reader = start;
                reader.skip()?;
            }
        }
        Ok(())
    }

    fn fields(&mut self, reader: &mut Reader<'_>) -> Result<Fields, Fault> {
        let mut fields = Fields::default();
        reader.object(|reader, name| {
            let field = which(&name, &FIELDS);
            self.field(&mut fields, reader, field)
                .map_err(|fault| fault.within(FIELDS.get(field).copied().unwrap_or_default()))
        })?;
        Ok(fields)
    }

    fn field(&mut self, fields: &mut Fields, reader: &mut Reader<'_>, field: usize) -> Result<(), Fault> {
        match field {
            0 => fields.key = Some(reader.string()?),
            1 => fields.segments = Some(self.compiler.segments(reader)?),
            2 => fields.variants = optional(reader, |reader| self.variants(reader))?.unwrap_or_default(),
            4 => {
                fields.is_local = is_local(reader.clone());
                fields.metadata = Some(self.compiler.span(reader)?);
            }
            3 => fields.dependencies = optional(reader, texts)?,
            _ => reader.skip()?,
        }
        Ok(())
    }

    /// Where each variant stands. `null` is none.
    fn variants(&mut self, reader: &mut Reader<'_>) -> Result<Vec<(u32, Option<Span>)>, Fault> {
        let mut variants = Vec::new();
        reader.object(|reader, name| {
            let text = match reader.peek()? {
                Kind::Object => Some(self.compiler.span(reader)?),
                _ => reader.null().map(|()| None)?,
            };
            variants.push((self.compiler.variant(name), text));
            Ok::<_, Fault>(())
        })?;
        Ok(variants)
    }

    fn finish(&mut self, fields: Fields, end: usize) -> Result<Flag, Fault> {
        let names = std::mem::take(&mut self.compiler.names);
        let mut variants: Vec<FlagVariant> = names.into_iter().map(|name| FlagVariant { name, text: None }).collect();
        for (variant, text) in fields.variants {
            if let Some(variant) = variants.get_mut(variant as usize) {
                variant.text = text;
            }
        }
        Ok(Flag {
            key: fields.key.ok_or(Fault::at("key"))?,
            text: self.text.get(self.compiler.origin..end).unwrap_or_default().into(),
            segments: fields.segments.ok_or(Fault::at("segments"))?,
            variants,
            metadata_text: fields.metadata,
            metadata: OnceLock::new(),
            is_local: fields.is_local,
            dependencies: fields.dependencies.unwrap_or_default(),
            parents: Vec::new(),
        })
    }

    fn keep(&mut self, flag: Flag) {
        if self.compiler.broken_pattern {
            self.report(Some(flag.key.clone()), FlagCode::Pattern);
        }
        self.flags.push(flag);
    }

    fn report(&mut self, key: Option<Text>, code: FlagCode) {
        self.errors.push(FlagError { key, code });
    }
}

fn texts(reader: &mut Reader<'_>) -> Result<Vec<Text>, Fault> {
    let mut texts = Vec::new();
    reader.array(|reader| {
        texts.push(reader.string()?);
        Ok::<_, Fault>(())
    })?;
    Ok(texts)
}

/// Whether metadata says that its flag is evaluated where it is asked for.
fn is_local(mut metadata: Reader<'_>) -> bool {
    let mut local = false;
    let read = metadata.object(|reader, name| {
        if name == "evaluationMode" && reader.peek()? == Kind::String {
            local = reader.string()? == "local";
            return Ok(());
        }
        reader.skip()
    });
    read.is_ok() && local
}

/// The key of a flag that was not understood, as far as it can be read.
fn key_of(mut flag: Reader<'_>) -> Option<Text> {
    let mut key = None;
    let _rest = flag.object(|reader, name| {
        if name == "key" && reader.peek()? == Kind::String {
            key = Some(reader.string()?);
            return Ok(());
        }
        reader.skip()
    });
    key
}
