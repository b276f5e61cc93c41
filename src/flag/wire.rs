//! Compiles flags straight from JSON text, with no tree of values in between.

use super::{Flag, FlagCode, FlagError};
use crate::dialect::Dialect;
use crate::json::{Kind, Object, Reader, Text};
use crate::segment::{Compiler, Span, Tables};

/// Flags by their keys, in the order of the text.
pub(super) type Read = Vec<(Text, Flag)>;

/// Reads `[flag, …]` or `{key: flag, …}`. The names of the map do not matter: a flag has its own key.
/// Text that is no such JSON has no flags.
pub(super) fn read<D: Dialect>(text: &[u8], dialect: &D, tables: &mut Tables<D::Pattern>) -> (Read, Vec<FlagError>) {
    let mut loader = Loader { compiler: Compiler::new(text, dialect, tables), flags: Vec::new(), errors: Vec::new() };
    loader.read_all();
    if loader.compiler.reader.finish().is_err() {
        loader.flags.clear();
        loader.errors.clear();
        loader.report(None, FlagCode::NotFlags);
    }
    (loader.flags, loader.errors)
}

/// Reads the text of one flag. Returns the flag, if it is understood, and its fault, if it has one.
#[cfg(feature = "native")]
pub(super) fn read_one<D: Dialect>(
    text: &[u8],
    dialect: &D,
    tables: &mut Tables<D::Pattern>,
) -> (Option<(Text, Flag)>, Option<FlagCode>) {
    let mut loader = Loader { compiler: Compiler::new(text, dialect, tables), flags: Vec::new(), errors: Vec::new() };
    loader.read_flag();
    if loader.compiler.reader.finish().is_err() {
        return (None, Some(FlagCode::NotFlags));
    }
    (loader.flags.pop(), loader.errors.pop().map(|error| error.code))
}

struct Loader<'a, D: Dialect> {
    compiler: Compiler<'a, D>,
    flags: Read,
    errors: Vec<FlagError>,
}

impl<'a, D: Dialect> Loader<'a, D> {
    fn read_all(&mut self) {
        if self.reader().peek() == Kind::Object {
            self.reader().begin_object();
            while self.reader().next_name().is_some() {
                self.read_flag();
            }
        } else {
            self.reader().begin_list();
            while self.reader().next_item() {
                self.read_flag();
            }
        }
    }

    /// Reads a flag. One that is not understood is skipped; only text that is no JSON ends the reading.
    fn read_flag(&mut self) {
        self.reader().peek();
        let start = self.reader().clone();
        self.compiler.origin = start.offset();
        self.compiler.has_broken_pattern = false;
        let (key, flag) = self.read_fields();
        if self.reader().error().is_none() {
            if self.compiler.has_broken_pattern {
                self.report(Some(key.clone()), FlagCode::Pattern);
            }
            return self.flags.push((key, flag));
        }
        let field = self.reader().error_field();
        *self.reader() = start;
        let flag = Object::parse(self.reader().read_raw());
        let key = flag.and_then(|flag| flag.get("key")?.as_str().cloned());
        self.report(key, FlagCode::Shape(if field.is_empty() { "flag" } else { field }));
    }

    fn read_fields(&mut self) -> (Text, Flag) {
        let mut key = Text::default();
        let mut flag = Flag::default();
        self.compiler.variants.clear();
        let mut fields = self.reader().begin_object();
        while self.reader().next_field(&mut fields, 2, &["key", "segments", "variants", "dependencies", "metadata"]) {
            match fields.index {
                0 => key = self.reader().read_string(),
                1 => flag.segments = self.compiler.read_segments(),
                2 => self.read_variants(),
                3 => flag.dependencies = self.read_dependencies(),
                4 => flag.metadata = self.reader().read_any().into_object(),
                _ => self.reader().skip(),
            }
        }
        let mode = flag.metadata.as_ref().and_then(|metadata| metadata.get("evaluationMode")?.as_str());
        flag.is_local = mode.is_some_and(|mode| *mode == "local");
        flag.text = self.compiler.reader.text_since(self.compiler.origin).into();
        flag.variants = std::mem::take(&mut self.compiler.variants);
        (key, flag)
    }

    /// Reads where each variant stands. `null` is no variant.
    fn read_variants(&mut self) {
        self.compiler.variants.iter_mut().for_each(|(_, text)| *text = None);
        if self.reader().read_null() {
            return;
        }
        self.reader().begin_object();
        while let Some(name) = self.reader().next_name() {
            let index = self.compiler.intern_variant(name.into_owned().into());
            let text = self.read_variant();
            if let Some(variant) = self.compiler.variants.get_mut(index as usize) {
                variant.1 = text;
            }
        }
    }

    fn read_variant(&mut self) -> Option<Span> {
        if self.reader().read_null() {
            return None;
        }
        if self.reader().peek() != Kind::Object {
            self.reader().refuse();
        }
        Some(self.compiler.skip_span())
    }

    fn read_dependencies(&mut self) -> Vec<Text> {
        let mut keys = Vec::new();
        if self.reader().read_null() {
            return keys;
        }
        self.reader().begin_list();
        while self.reader().next_item() {
            keys.push(self.reader().read_string());
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
