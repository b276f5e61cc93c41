//! How many user properties there may be, and how often they may change: this project's and Amplitude's numbers.
//!
//! Over a limit, or where what is stored cannot be read, the event is stored all the same, and its verdict says which
//! limit left the property as it was.

use super::change::{Change, Operation};
use super::meter::Limit;
use super::properties::is_of_experiment;

/// How many experiment user properties a project has. The property of one flag is one, however many users have
/// it and whatever was unset since, until its name is freed.
pub const EXPERIMENT_PROPERTIES: u64 = 1_500;

/// How many events of one user may change properties.
pub const UPDATES: Limit = Limit { events: 1_800, millis: 3_600_000 };

/// How large the properties of one user may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserLimits {
    /// How many names, those of experiments not counted. One that was unset counts until all are cleared: it must be
    /// remembered, to refuse older changes.
    pub names: u64,
    /// How many bytes all names and values have.
    pub bytes: u64,
    /// How many characters a text has, whatever list or object it is in; longer ones are cut. Amplitude's number.
    pub text: usize,
}

impl Default for UserLimits {
    fn default() -> Self {
        Self { names: 1_000, bytes: 64 << 10, text: 1_024 }
    }
}

/// Why an event that is stored left a property as it was, or set it to less than what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PropertyLimit {
    /// The project has all the experiment properties it may have.
    ExperimentProperties,
    /// The user has as many properties as one may have.
    UserProperties,
    /// The user's properties have as many bytes as they may have.
    UserPropertyBytes,
    /// A text was cut.
    Text,
    /// The user's properties were changed as often as they may in an hour.
    Updates,
    /// What is stored of the user's properties cannot be read, and is kept as it is.
    Unreadable,
}

impl PropertyLimit {
    /// The reason, for machines.
    pub fn reason(self) -> &'static str {
        match self {
            Self::ExperimentProperties => "experiment_property_limit",
            Self::UserProperties => "user_property_limit",
            Self::UserPropertyBytes => "user_property_bytes_limit",
            Self::Text => "user_property_text_limit",
            Self::Updates => "user_property_update_limit",
            Self::Unreadable => "user_properties_unreadable",
        }
    }
}

impl Change {
    /// Whether it makes one more experiment property where the project does not have it yet. Unsetting makes none.
    pub fn makes_experiment_property(&self) -> bool {
        is_of_experiment(&self.name) && self.operation != Operation::Unset
    }
}
