//! Flags straight from JSON text, with no tree of values in between.

use super::{Flag, FlagCode, FlagError, Flags};
use crate::dialect::Dialect;
use crate::json::{JsonError, Kind, Reader, Text, Value, parse};
use crate::segment::{Compiler, Span};

/// Reads `[flag, …]` or `{key: flag, …}`. The names of the map are not looked at: a flag has its own key.
pub(super) fn read<D: Dialect>(text: &[u8], dialect: &D) -> Result<(Flags<D::Pattern>, Vec<FlagError>), JsonError> {
    let compiler = Compiler::new(Reader::new(text)?, dialect);
    let mut load = Load { compiler, flags: Flags::default(), errors: Vec::new() };
    load.all();
    load.compiler.reader.end()?;
    load.flags.selectors = load.compiler.selectors;
    load.flags.patterns = load.compiler.patterns;
    for flag in load.flags.link() {
        let key = load.flags.keys.names().get(flag as usize).cloned();
        load.errors.push(FlagError { key, code: FlagCode::Cycle });
    }
    Ok((load.flags, load.errors))
}

struct Load<'a, D: Dialect> {
    compiler: Compiler<'a, D>,
    flags: Flags<D::Pattern>,
    errors: Vec<FlagError>,
}

impl<'a, D: Dialect> Load<'a, D> {
    fn all(&mut self) {
        if self.reader().peek() == Kind::Object {
            self.reader().begin(Kind::Object);
            while self.reader().name().is_some() {
                self.flag();
            }
        } else {
            self.reader().begin(Kind::Array);
            while self.reader().more() {
                self.flag();
            }
        }
    }

    /// Reads one flag. One that is not understood is passed over; only text that is no JSON ends the reading.
    fn flag(&mut self) {
        self.reader().peek();
        let start = self.reader().clone();
        self.compiler.origin = start.at();
        self.compiler.has_broken_pattern = false;
        let (key, flag) = self.fields();
        if self.reader().error().is_none() {
            if self.compiler.has_broken_pattern {
                self.report(Some(key.clone()), FlagCode::Pattern);
            }
            return self.flags.put(&key, flag);
        }
        let field = self.reader().field_of_error();
        *self.reader() = start;
        let flag = parse(self.reader().span()).ok().and_then(Value::into_object);
        let key = flag.and_then(|flag| flag.get("key")?.as_str().cloned());
        self.report(key, FlagCode::Shape(if field.is_empty() { "flag" } else { field }));
    }

    fn fields(&mut self) -> (Text, Flag) {
        let (mut key, mut segments, mut dependencies, mut metadata) = (None, None, Vec::new(), None);
        self.compiler.variants.clear();
        let mut field = self.reader().object();
        while self.reader().field(&mut field, &["key", "segments", "variants", "dependencies", "metadata"]) {
            match field {
                0 => key = Some(self.reader().string()),
                1 => segments = Some(self.compiler.segments()),
                2 => self.variants(),
                3 => dependencies = self.dependencies(),
                4 => metadata = self.reader().value().ok().and_then(Value::into_object),
                _ => self.reader().skip(),
            }
        }
        self.reader().require(key.is_some(), "key");
        self.reader().require(segments.is_some(), "segments");
        let text = self.compiler.reader.since(self.compiler.origin).into();
        let variants = std::mem::take(&mut self.compiler.variants);
        (
            key.unwrap_or_default(),
            Flag { text, segments: segments.unwrap_or_default(), variants, metadata, dependencies },
        )
    }

    /// Where each variant stands. `null` is none.
    fn variants(&mut self) {
        self.compiler.variants.iter_mut().for_each(|(_, text)| *text = None);
        if self.reader().null() {
            return;
        }
        self.reader().begin(Kind::Object);
        while let Some(name) = self.reader().name() {
            let number = self.compiler.variant(name.into_owned().into());
            let text = if self.reader().null() { None } else { Some(self.variant()) };
            if let Some(variant) = self.compiler.variants.get_mut(number as usize) {
                variant.1 = text;
            }
        }
    }

    fn variant(&mut self) -> Span {
        let is_object = self.reader().peek() == Kind::Object;
        self.reader().require(is_object, "variants");
        self.compiler.span()
    }

    fn dependencies(&mut self) -> Vec<Text> {
        let mut keys = Vec::new();
        if self.reader().null() {
            return keys;
        }
        self.reader().begin(Kind::Array);
        while self.reader().more() {
            keys.push(self.reader().string());
        }
        keys
    }

    fn report(&mut self, key: Option<Text>, code: FlagCode) {
        self.errors.push(FlagError { key, code });
    }

    fn reader(&mut self) -> &mut Reader<'a> {
        &mut self.compiler.reader
    }
}
