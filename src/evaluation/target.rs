//! A user's context, and what was computed from it: each property, each comparison key and each pattern match once.

use super::property::Property;
use crate::flag::Flags;
use crate::json::Value;

/// The user for whom flags are evaluated, for any number of evaluations of any flags.
#[derive(Debug)]
pub struct Target {
    context: Value,
    /// The set of flags whose selectors `properties` is by.
    set_id: u32,
    /// By selector. `None`: not computed yet; `Some(None)`: the user does not have the property.
    pub(super) properties: Vec<Option<Option<Property>>>,
}

impl Target {
    /// A target for a context as [`user::context`](crate::user::context) makes it.
    pub fn new(context: Value) -> Self {
        Self { context, set_id: 0, properties: Vec::new() }
    }

    /// What conditions look into.
    pub fn context(&self) -> &Value {
        &self.context
    }

    /// Removes what was computed for another set of flags.
    pub(super) fn reset_for<P>(&mut self, flags: &Flags<P>) {
        if self.set_id != flags.set_id {
            self.set_id = flags.set_id;
            self.properties.clear();
            self.properties.resize_with(flags.tables.selectors.len(), || None);
        }
    }
}
