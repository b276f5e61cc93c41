//! One user's context, and what was computed from it: each property once, each pattern tried once.

use std::cell::{Cell, OnceCell};

use super::property::Property;
use super::select::select;
use crate::dialect::Dialect;
use crate::flag::Flags;
use crate::json::Value;
use crate::segment::Selector;

/// Whom flags are evaluated for. Good for any number of evaluations, of any flags.
pub struct Target {
    context: Value,
    /// The flags that the numbers below belong to.
    edition: u32,
    properties: Vec<OnceCell<Option<Property>>>,
    probes: Vec<Cell<Option<bool>>>,
}

impl Target {
    /// A target for a context as [`user::context`](crate::user::context) makes it.
    pub fn new(context: Value) -> Self {
        Self { context, edition: 0, properties: Vec::new(), probes: Vec::new() }
    }

    /// What conditions look into.
    pub fn context(&self) -> &Value {
        &self.context
    }

    /// Forgets what was computed for other flags.
    pub(super) fn turn_to<P>(&mut self, flags: &Flags<P>) {
        if self.edition == flags.edition() {
            return;
        }
        self.edition = flags.edition();
        self.properties.clear();
        self.properties.resize_with(flags.interned().selector_count(), OnceCell::new);
        self.probes.clear();
        self.probes.resize(flags.interned().probe_count(), Cell::new(None));
    }

    /// What a selector of the context leads to.
    pub(super) fn property<D: Dialect>(
        &self,
        selector: u32,
        flags: &Flags<D::Pattern>,
        dialect: &D,
    ) -> Option<&Property> {
        let property = self.properties.get(selector as usize)?;
        let selected = || match flags.interned().selector_at(selector)? {
            Selector::Context(path) => select(&self.context, path).map(|value| Property::new(&value, dialect)),
            Selector::Nothing | Selector::Result(_) => None,
        };
        property.get_or_init(selected).as_ref()
    }

    /// Whether a pattern matches the text of a property; tried when it is asked for the first time.
    pub(super) fn probe(&self, probe: u32, try_it: impl FnOnce() -> bool) -> bool {
        let Some(known) = self.probes.get(probe as usize) else { return try_it() };
        let matched = known.get().unwrap_or_else(try_it);
        known.set(Some(matched));
        matched
    }
}
