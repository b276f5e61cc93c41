//! One user's context, and what was computed from it: each property once, in each form once, each pattern tried once.

use super::property::Property;
use crate::flag::Flags;
use crate::json::Value;

/// Whom flags are evaluated for. Good for any number of evaluations, of any flags.
#[derive(Debug)]
pub struct Target {
    context: Value,
    /// The flags that have the selectors below.
    edition: u32,
    /// By selector; `None` where nobody has asked yet, `Some(None)` where there is no such property.
    pub(super) properties: Vec<Option<Option<Property>>>,
}

impl Target {
    /// A target for a context as [`user::context`](crate::user::context) makes it.
    pub fn new(context: Value) -> Self {
        Self { context, edition: 0, properties: Vec::new() }
    }

    /// What conditions look into.
    pub fn context(&self) -> &Value {
        &self.context
    }

    /// Forgets what was computed for other flags.
    pub(super) fn turn_to<P>(&mut self, flags: &Flags<P>) {
        if self.edition != flags.edition {
            self.edition = flags.edition;
            self.properties.clear();
            self.properties.resize_with(flags.tables.selectors.len(), || None);
        }
    }
}
