//! JavaScript's text rules, as an argument: what `Number`, `String`, `toLowerCase` and `RegExp` do with a piece of text.
//!
//! In the browser JavaScript itself does it (`wasm::dialect`), natively [`NativeDialect`]. Evaluation never calls the
//! platform directly, so both builds decide alike, and the browser pays for neither float parsing nor Unicode tables.

use crate::json::{Text, Value};

pub(crate) mod comparable;
#[cfg(feature = "native")]
mod native;
pub mod plain;
#[cfg(feature = "native")]
mod stringify;
#[cfg(feature = "native")]
mod utf16;
#[cfg(feature = "native")]
pub use native::NativeDialect;

/// What JavaScript makes of text. All text is WTF-8 (see [`Text`]).
pub trait Dialect {
    /// A compiled regular expression.
    type Pattern;

    /// `Number(text)`: `NaN` when it is no number.
    fn number(&self, text: &[u8]) -> f64;

    /// `String(number)`.
    fn print(&self, number: f64) -> Text;

    /// `JSON.stringify(value)`, of a value that was read from JSON.
    fn stringify(&self, value: &Value) -> Text;

    /// `text.toLowerCase()`.
    fn lower(&self, text: &[u8]) -> Text;

    /// `new RegExp(source)`; `None` where JavaScript would throw.
    fn compile_pattern(&self, source: &[u8]) -> Option<Self::Pattern>;

    /// `pattern.test(subject)`.
    fn matches(&self, pattern: &Self::Pattern, subject: &[u8]) -> bool;
}
