//! Assignment: evaluation chose variants for a user. The event, and the id under which it counts once.
//!
//! An assignment names every flag of one evaluation; that the user *met* a variant is an [`exposure`](crate::exposure).
//! Rules: `docs/spec.md`. Vectors: `tests/vectors/insert_id.json`.

pub mod filter;

use std::mem::replace;

use crate::evaluation::Decision;
use crate::field_hasher::FieldHasher;
use crate::flag::Flags;
use crate::json::{Object, Text, Value};
use crate::user::{Identity, is_truthy};

/// The event type of an assignment.
pub const ASSIGNMENT_EVENT: &str = "[Experiment] Assignment";

/// The prefix of every property that belongs to experiments.
pub const PREFIX: &str = "[Experiment] ";

/// The variant that stands for no variant. Amplitude reserves the name.
pub const OFF: &str = "off";

/// What evaluation chose for one flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    flag_key: Text,
    variant: Option<Text>,
    details: Option<Text>,
    is_slot: bool,
}

impl Assigned {
    /// The assignment of an evaluated variant. A default variant, and no variant, is reported as `off`.
    pub fn of(flag_key: &Text, variant: Option<&Object>) -> Self {
        let metadata = variant.and_then(|variant| variant.get("metadata")).and_then(Value::as_object);
        let default = metadata.and_then(|metadata| metadata.get("default")).is_some_and(is_truthy);
        let key = variant.and_then(|variant| variant.get("key")).and_then(Value::as_str);
        Self {
            flag_key: flag_key.clone(),
            variant: key.filter(|_| !default).cloned(),
            details: metadata.and_then(details),
            is_slot: metadata.is_some_and(is_slot),
        }
    }

    fn variant_or_off(&self) -> Text {
        self.variant.clone().unwrap_or_else(|| OFF.into())
    }
}

/// The assignments of an evaluation: each decided flag with its variant, and each requested flag (`keys`, or all) that has no
/// variant for the user.
pub fn of_evaluation<'a, P>(
    flags: &Flags<P>,
    decisions: &[Decision],
    variants: impl IntoIterator<Item = &'a Object>,
    keys: Option<&[Text]>,
) -> Vec<Assigned> {
    let mut decided = vec![false; flags.len()];
    let mut insert = |flag: u32| decided.get_mut(flag as usize).is_some_and(|decided| !replace(decided, true));
    let mut assigned = Vec::with_capacity(decisions.len());
    for (decision, variant) in decisions.iter().zip(variants) {
        insert(decision.flag);
        assigned.push(Assigned::of(flags.key_of(decision), Some(variant)));
    }
    let requested: Vec<u32> = match keys {
        Some(keys) => keys.iter().filter_map(|key| flags.find(key)).collect(),
        None => (0..flags.len() as u32).collect(),
    };
    let undecided = requested.into_iter().filter(|flag| insert(*flag));
    assigned.extend(undecided.map(|flag| Assigned::of(flags.key_at(flag), None)));
    assigned
}

/// Whether a flag only divides users among the slots of a mutual exclusion group: its variant never becomes a property.
pub fn is_slot(metadata: &Object) -> bool {
    metadata.get("flagType").and_then(Value::as_str).is_some_and(|kind| *kind == "mutual-exclusion-group")
}

/// `v<version> rule:<segment>`, when both are known.
fn details(metadata: &Object) -> Option<Text> {
    let version = match metadata.get("flagVersion")? {
        Value::Number(text) | Value::String(text) => text,
        _ => return None,
    };
    let segment = metadata.get("segmentName").and_then(Value::as_str)?;
    Some([b"v", version.as_bytes(), b" rule:", segment].concat().into())
}

/// The name of the user property of a flag: `[Experiment] <flag_key>`.
pub fn property_name(flag_key: &[u8]) -> Text {
    [PREFIX.as_bytes(), flag_key].concat().into()
}

/// The analytics event of one evaluation: each flag as `[Experiment] <flag>.variant`, with `.details` where known.
///
/// `environment` is the deployment's name, if it has one.
///
/// The event has `$set` and `$unset` like those of the reference's servers; ingestion applies them only where a project has
/// `assignments_set_properties`.
pub fn event<'a>(
    identity: &Identity,
    environment: impl Into<Option<&'a Text>>,
    assigned: &[Assigned],
    time: u64,
) -> Object {
    let mut event = Object::new();
    event.push("event_type".into(), ASSIGNMENT_EVENT.into());
    if let Some(id) = &identity.user_id {
        event.push("user_id".into(), id.into());
    }
    if let Some(id) = &identity.device_id {
        event.push("device_id".into(), id.into());
    }
    event.push("time".into(), time.into());
    event.push("insert_id".into(), insert_id(identity, assigned, crate::time::day(time)).into());
    event.push("event_properties".into(), event_properties(environment.into(), assigned).into());
    event.push("user_properties".into(), user_properties(assigned).into());
    event
}

fn event_properties(environment: Option<&Text>, assigned: &[Assigned]) -> Object {
    let mut properties = Object::new();
    for flag in assigned {
        let name = property_name(&flag.flag_key);
        properties.push([name.as_bytes(), b".variant"].concat().into(), flag.variant_or_off().into());
        if let Some(details) = &flag.details {
            properties.push([name.as_bytes(), b".details"].concat().into(), details.into());
        }
    }
    if let Some(environment) = environment {
        properties.push("[Experiment] Environment Name".into(), environment.into());
    }
    properties
}

fn user_properties(assigned: &[Assigned]) -> Object {
    let (mut set, mut unset) = (Object::new(), Object::new());
    for flag in assigned.iter().filter(|flag| !flag.is_slot) {
        let name = property_name(&flag.flag_key);
        match &flag.variant {
            Some(variant) => set.push(name, variant.into()),
            // Amplitude's SDKs write this where a value does not matter.
            None => unset.push(name, "-".into()),
        }
    }
    [(Text::from("$set"), set.into()), ("$unset".into(), unset.into())].into_iter().collect()
}

/// The id under which an assignment counts once: equal for the same user, result and UTC day, in any order of the flags and in
/// any process. The sorted pairs of flag and variant are one field of it, each length-prefixed.
pub fn insert_id(identity: &Identity, assigned: &[Assigned], day: u64) -> Text {
    let mut pairs: Vec<_> = assigned.iter().map(|flag| (flag.flag_key.clone(), flag.variant_or_off())).collect();
    pairs.sort();
    let mut canonical = Vec::new();
    for part in pairs.iter().flat_map(|(flag, variant)| [flag, variant]) {
        canonical.extend((part.len() as u32).to_le_bytes());
        canonical.extend_from_slice(part);
    }
    FieldHasher::new()
        .optional(identity.user_id.as_deref())
        .optional(identity.device_id.as_deref())
        .field(&canonical)
        .number(day)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn assigned(flag: &str, variant: &str) -> Assigned {
        let variant = parse(variant.as_bytes()).unwrap();
        Assigned::of(&flag.into(), variant.as_object())
    }

    fn identity() -> Identity {
        Identity { user_id: Some("123456789".into()), device_id: None }
    }

    #[test]
    fn the_event_names_each_flag_and_off_where_there_is_no_variant() {
        let on = assigned(
            "my-experiment",
            r#"{"key":"treatment","metadata":{"flagVersion":21,"segmentName":"non-iOS users"}}"#,
        );
        let off = assigned("my-flag", r#"{"key":"control","metadata":{"default":true}}"#);
        let none = assigned("no-segment", "null");
        let event = event(&identity(), &Text::from("production"), &[on, off, none], 1_000);
        let expected = concat!(
            r#"{"[Experiment] my-experiment.variant":"treatment","[Experiment] my-experiment.details":"v21 rule:non-iOS users","#,
            r#""[Experiment] my-flag.variant":"off","[Experiment] no-segment.variant":"off","[Experiment] Environment Name":"production"}"#
        );
        assert_eq!(event.get("event_properties").unwrap().to_json(), expected);
        assert!(event.get("device_id").is_none());
    }

    #[test]
    fn a_slot_of_a_mutual_exclusion_group_never_becomes_a_property() {
        let slot = assigned("group", r#"{"key":"slot-1","metadata":{"flagType":"mutual-exclusion-group"}}"#);
        let event = event(&identity(), &Text::from("production"), &[slot], 1_000);
        assert_eq!(event.get("user_properties").unwrap().to_json(), r#"{"$set":{},"$unset":{}}"#);
    }

    #[test]
    fn the_same_result_in_another_order_has_the_same_id_and_another_result_has_not() {
        let (a, b) = (assigned("a", r#"{"key":"on"}"#), assigned("b", r#"{"key":"off","metadata":{"default":true}}"#));
        let id = insert_id(&identity(), &[a.clone(), b.clone()], 20_000);
        assert_eq!(id, insert_id(&identity(), &[b.clone(), a], 20_000));
        assert_ne!(id, insert_id(&identity(), &[b, assigned("a", r#"{"key":"b"}"#)], 20_000));
    }
}
