//! What can be wrong with a flag, and whether it is left out for it.

use crate::json::Text;

/// What is wrong with a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagError {
    /// The flag, as far as its key could be read.
    pub key: Option<Text>,
    /// What is wrong.
    pub code: FlagCode,
}

/// What can be wrong with a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagCode {
    /// The text is no list or map of flags: none is read.
    NotFlags,
    /// This field is missing or of the wrong shape: the flag is left out.
    Shape(&'static str),
    /// The flag depends on itself: it has no variant.
    Cycle,
    /// A pattern does not compile: conditions that need it are not met. The flag is kept.
    Pattern,
}

impl FlagCode {
    /// The stable name of the fault, for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFlags => "NOT_FLAGS",
            Self::Shape(_) => "SHAPE",
            Self::Cycle => "CYCLE",
            Self::Pattern => "PATTERN",
        }
    }
}
