//! The history that deduplicates exposures for a provider: the variant of each flag that a user met last, and how often they
//! came back to each variant that day.
//!
//! It is kept in the form in which it is stored, and read again at each exposure, so that pages and tabs share it: one object,
//! mostly of digests, `{user and flag: variant, user, flag, variant and day: turn}`, the newest entries last. It is bounded.
//! A forgotten exposure is tracked again as turn 0, under an `insert_id` that the server has: a user who comes back may count
//! once too little, and never once too much.

use super::config::DedupScope;
use crate::digest;
use crate::exposure::{Exposure, ExposureEvent, insert_id};
use crate::json::{Object, Text, Value};
use crate::storage::{Area, Storage, keys};
use crate::time::day;

/// How many entries are kept: two of some thirty characters for an exposure. Twice as many exposures as wait for a plugin,
/// in a hundredth of what browsers give a page.
const MAX_ENTRIES: usize = 2_048;

/// The exposures that a provider has, for as long as its [`DedupScope`].
pub(super) struct ExposureHistory {
    dedup_scope: DedupScope,
    area: Area,
    key: Text,
    deployment: Text,
}

impl ExposureHistory {
    /// The history of a deployment. Two deployments whose keys end alike share the storage key, and no entry.
    pub(super) fn new(dedup_scope: DedupScope, namespace: &Text, deployment: &Text) -> Self {
        let area = if dedup_scope == DedupScope::Day { Area::Local } else { Area::Page };
        Self { dedup_scope, area, key: namespace.then(keys::EXPOSED), deployment: deployment.clone() }
    }

    /// The turn of an exposure, or `None` for a repetition; see [`insert_id`]. A page's history records it at once.
    /// `pending`: exposures that come before it and are not recorded yet, the oldest first.
    pub(super) fn admit<'a>(
        &self,
        event: &ExposureEvent,
        pending: impl Iterator<Item = &'a ExposureEvent>,
        storage: &dyn Storage,
    ) -> Option<u64> {
        if self.dedup_scope == DedupScope::None {
            return None;
        }
        let mut entries = self.read(storage);
        for earlier in pending {
            self.add(earlier, &mut entries);
        }
        let turn = self.add(event, &mut entries)?;
        if self.dedup_scope == DedupScope::Page {
            self.write(&entries, storage);
        }
        Some(turn)
    }

    /// Records an exposure that a day's provider has taken. A page's is recorded when it is admitted: its history lasts no
    /// longer than the page.
    pub(super) fn record(&self, event: &ExposureEvent, storage: &dyn Storage) {
        let mut entries = self.read(storage);
        self.add(event, &mut entries);
        self.write(&entries, storage);
    }

    fn write(&self, entries: &Object, storage: &dyn Storage) {
        storage.write(self.area, &self.key, Some(&entries.to_text()));
    }

    fn read(&self, storage: &dyn Storage) -> Object {
        let text = storage.read(self.area, &self.key).unwrap_or_default();
        Object::parse(&text).unwrap_or_default()
    }

    /// Adds an exposure and returns its turn, unless the user met this variant of the flag last.
    fn add(&self, event: &ExposureEvent, entries: &mut Object) -> Option<u64> {
        let today = day(event.time);
        let name = |exposure: &Exposure, day: u64| {
            digest::short(&insert_id(&event.identity, exposure, day, 0).then(&self.deployment))
        };
        let user = name(&Exposure::default(), 0);
        let flag = user.then(&event.exposure.flag_key);
        let of = if self.dedup_scope == DedupScope::Page { user } else { Text::from_u64(today) };
        if entries.get(HISTORY_OF).and_then(Value::as_str) != Some(&of) {
            *entries = Object::new();
        }
        put_last(entries, HISTORY_OF.into(), of.into());
        // Without the day: for a page, a new day alone is no new exposure. (For a day, the entries of before are gone by now.)
        let last = name(&event.exposure, 0);
        if entries.get(&flag).and_then(Value::as_str) == Some(&last) {
            return None;
        }
        let variant = name(&event.exposure, today);
        let turn = entries.get(&variant).and_then(Value::as_u64).map_or(0, |turn| turn.wrapping_add(1));
        put_last(entries, variant, turn.into());
        put_last(entries, flag, last.into());
        Some(turn)
    }
}

/// The entry that says whose a page's history is, and of which day a day's. The entries of another scope are forgotten.
const HISTORY_OF: &str = "of";

/// Puts a value last, and removes the first one when there are too many.
fn put_last(object: &mut Object, name: Text, value: Value) {
    object.remove(&name);
    object.push(name, value);
    if object.len() > MAX_ENTRIES {
        object.remove_first();
    }
}
