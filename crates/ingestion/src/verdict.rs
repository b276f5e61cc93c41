//! The verdict on an event: what the server answers for it.

use crate::limits::PropertyLimit;

/// What became of an event that was not rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored, and its changes are made, except for those over a limit.
    Stored(Option<PropertyLimit>),
    /// An event with its insert id is stored already.
    Duplicate,
}

impl Verdict {
    /// The verdict's name, for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored(_) => "stored",
            Self::Duplicate => "duplicate",
        }
    }

    /// Which limit a stored event met, for machines.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Stored(limit) => limit.map(PropertyLimit::reason),
            Self::Duplicate => None,
        }
    }
}
