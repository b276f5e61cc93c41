//! Flags straight from JSON text, with no tree of values in between.

use super::{Flag, FlagCode, FlagError};
use crate::dialect::Dialect;
use crate::json::{Kind, Object, Reader, Text};
use crate::segment::{Compiler, Span, Tables};

/// Flags by their keys, in the order of the text.
pub(super) type Read = Vec<(Text, Flag)>;

/// Reads `[flag, …]` or `{key: flag, …}`. The names of the map are not looked at: a flag has its own key.
/// Text that is no such JSON has no flags.
pub(super) fn read<D: Dialect>(text: &[u8], dialect: &D, tables: &mut Tables<D::Pattern>) -> (Read, Vec<FlagError>) {
    let mut load = Load { compiler: Compiler::new(text, dialect, tables), flags: Vec::new(), errors: Vec::new() };
    load.all();
    if load.compiler.reader.end().is_err() {
        load.flags.clear();
        load.errors.clear();
        load.report(None, FlagCode::NotFlags);
    }
    (load.flags, load.errors)
}

/// Reads the text of one flag: the flag, unless it is not understood, and what is wrong with it.
#[cfg(feature = "native")]
pub(super) fn read_one<D: Dialect>(
    text: &[u8],
    dialect: &D,
    tables: &mut Tables<D::Pattern>,
) -> (Option<(Text, Flag)>, Option<FlagCode>) {
    let mut load = Load { compiler: Compiler::new(text, dialect, tables), flags: Vec::new(), errors: Vec::new() };
    load.flag();
    if load.compiler.reader.end().is_err() {
        return (None, Some(FlagCode::NotFlags));
    }
    (load.flags.pop(), load.errors.pop().map(|error| error.code))
}

struct Load<'a, D: Dialect> {
    compiler: Compiler<'a, D>,
    flags: Read,
    errors: Vec<FlagError>,
}

impl<'a, D: Dialect> Load<'a, D> {
    fn all(&mut self) {
        if self.reader().peek() == Kind::Object {
            self.reader().object();
            while self.reader().name().is_some() {
                self.flag();
            }
        } else {
            self.reader().list();
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
            return self.flags.push((key, flag));
        }
        let field = self.reader().field_of_error();
        *self.reader() = start;
        let flag = Object::parse(self.reader().span());
        let key = flag.and_then(|flag| flag.get("key")?.as_str().cloned());
        self.report(key, FlagCode::Shape(if field.is_empty() { "flag" } else { field }));
    }

    fn fields(&mut self) -> (Text, Flag) {
        let mut key = Text::default();
        let mut flag = Flag::default();
        self.compiler.variants.clear();
        let mut fields = self.reader().object();
        while self.reader().field(&mut fields, 2, &["key", "segments", "variants", "dependencies", "metadata"]) {
            match fields.at {
                0 => key = self.reader().string(),
                1 => flag.segments = self.compiler.segments(),
                2 => self.variants(),
                3 => flag.dependencies = self.dependencies(),
                4 => flag.metadata = self.reader().any().into_object(),
                _ => self.reader().skip(),
            }
        }
        let mode = flag.metadata.as_ref().and_then(|metadata| metadata.get("evaluationMode")?.as_str());
        flag.is_local = mode.is_some_and(|mode| *mode == "local");
        flag.text = self.compiler.reader.since(self.compiler.origin).into();
        flag.variants = std::mem::take(&mut self.compiler.variants);
        (key, flag)
    }

    /// Where each variant stands. `null` is none.
    fn variants(&mut self) {
        self.compiler.variants.iter_mut().for_each(|(_, text)| *text = None);
        if self.reader().null() {
            return;
        }
        self.reader().object();
        while let Some(name) = self.reader().name() {
            let number = self.compiler.variant(name.into_owned().into());
            let text = self.variant();
            if let Some(variant) = self.compiler.variants.get_mut(number as usize) {
                variant.1 = text;
            }
        }
    }

    fn variant(&mut self) -> Option<Span> {
        if self.reader().null() {
            return None;
        }
        if self.reader().peek() != Kind::Object {
            self.reader().refuse();
        }
        Some(self.compiler.span())
    }

    fn dependencies(&mut self) -> Vec<Text> {
        let mut keys = Vec::new();
        if self.reader().null() {
            return keys;
        }
        self.reader().list();
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
