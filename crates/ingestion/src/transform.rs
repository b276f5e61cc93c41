//! Reads a sent event: names as they are stored, values checked.

use experiment_wasm::assignment::{ASSIGNMENT_EVENT, PREFIX, property_name};
use experiment_wasm::dialect::Dialect;
use experiment_wasm::json::{Object, Text, Value};
use experiment_wasm::user::Identity;

use crate::change::{self, Change};
use crate::exposure::{self, Exposed};
use crate::id;
use crate::limits::UserLimits;
use crate::name::{is_storable, name};
use crate::properties::is_of_experiment;
use crate::rejection::Rejection;
use crate::rules::Rules;
use crate::time::whole;

/// An event that was understood: names as they are stored, values checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalizedEvent {
    /// Its type, renamed.
    pub event_type: Text,
    /// Whose it is; at least one id is there.
    pub identity: Identity,
    /// The id that was sent and removed, `user_id` or `device_id`: too short, a placeholder, or no text or number.
    pub removed: Option<&'static str>,
    /// The id under which it counts once, where the sender gave one.
    pub insert_id: Option<Text>,
    /// When it happened, in milliseconds since 1970-01-01T00:00Z, where the sender said so.
    pub time: Option<u64>,
    /// Its properties, renamed.
    pub event_properties: Object,
    /// What it changes in the user's properties.
    pub changes: Vec<Change>,
    /// A text of these changes was longer than it may be.
    pub has_cut_text: bool,
    /// How large the user's properties may become.
    pub limits: UserLimits,
    /// The changes show on this event only, not on the user (`$skip_user_properties_sync`).
    pub skips_user_properties: bool,
    /// The flag and variant met, if it is an exposure.
    pub exposure: Option<Exposed>,
    /// The other fields of the event.
    pub rest: Object,
}

/// Normalizes an event: its texts are Unicode, its depth is one that every reader of JSON takes.
///
/// # Errors
/// A [`Rejection`] that names the field at fault.
pub fn transform<D: Dialect>(event: Value, rules: Rules, dialect: &D) -> Result<NormalizedEvent, Rejection> {
    let mut event = event.into_object().ok_or(Rejection::NotAnObject)?;
    let sent_type =
        name(event.remove("event_type"), Rejection::InvalidEventType)?.ok_or(Rejection::MissingEventType)?;
    let (identity, removed) = id::take(&mut event, rules, dialect)?;
    let insert_id = name(event.remove("insert_id"), Rejection::InvalidInsertId)?;
    let time = time(event.remove("time"), dialect)?;
    let skips_user_properties =
        event.remove("$skip_user_properties_sync").is_some_and(|skips| skips.as_bool() == Some(true));
    let sent = fields(event.remove("event_properties"), Rejection::InvalidEventProperties)?;
    let changing = fields(event.remove("user_properties"), Rejection::InvalidUserProperties)?;
    let mut changing = Value::Object(readable(changing, Rejection::DeepUserProperties)?);
    let has_cut_text = change::cut_texts(&mut changing, rules.user_limits.text);
    let mut changes = change::read(changing.into_object().unwrap_or_default())?;
    let (event_type, event_properties, exposure) = rename(sent_type, sent, dialect)?;
    let event_properties = readable(event_properties, Rejection::DeepEventProperties)?;
    if !rules.assignments_set_properties {
        changes.retain(|change| !is_of_experiment(&change.name));
    }
    // The project has a list of these names.
    if changes.iter().any(|change| is_of_experiment(&change.name) && !is_storable(&change.name)) {
        return Err(Rejection::InvalidUserProperties);
    }
    changes.extend(exposure.as_ref().filter(|_| !exposure::is_of_slot(&event_properties)).map(Exposed::change));
    Ok(NormalizedEvent {
        event_type,
        identity,
        removed,
        insert_id,
        time,
        event_properties,
        changes,
        has_cut_text,
        limits: rules.user_limits,
        skips_user_properties,
        exposure,
        rest: readable(event, Rejection::DeepEvent)?,
    })
}

/// Names were looked at before, as they came: two of them must not become one.
fn readable(object: Object, deep: Rejection) -> Result<Object, Rejection> {
    object.into_well_formed(|_deep| None).ok_or(deep)
}

fn rename<D: Dialect>(
    sent_type: Text,
    sent: Object,
    dialect: &D,
) -> Result<(Text, Object, Option<Exposed>), Rejection> {
    if let Some(stored) = exposure::stored_type(&sent_type) {
        let (properties, exposure) = exposure::read(sent, dialect)?;
        return Ok((stored.into(), properties, Some(exposure)));
    }
    let properties = if sent_type == ASSIGNMENT_EVENT { prefixed(sent) } else { sent };
    Ok((sent_type, properties, None))
}

/// SDKs send `<flag>.variant` and `<flag>.details` without the prefix that stored properties have.
fn prefixed(sent: Object) -> Object {
    let unprefixed =
        |key: &Text| !key.starts_with(PREFIX.as_bytes()) && (key.ends_with(b".variant") || key.ends_with(b".details"));
    sent.into_iter()
        .map(|(key, value)| if unprefixed(&key) { (property_name(&key), value) } else { (key, value) })
        .collect()
}

fn fields(value: Option<Value>, refused: Rejection) -> Result<Object, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(Object::new()),
        Some(value) => value.into_object().ok_or(refused),
    }
}

fn time<D: Dialect>(value: Option<Value>, dialect: &D) -> Result<Option<u64>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(digits)) => whole(&digits, dialect).map(Some).ok_or(Rejection::InvalidTime),
        Some(_) => Err(Rejection::InvalidTime),
    }
}
