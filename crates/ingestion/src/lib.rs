//! Ingestion: what arriving events become. Pure: no SQL, no HTTP, no clock. The rules are in `docs/spec.md`.
//!
//! An event takes this way, in the order of the modules:
//! 1. [`transform`] reads it: a [`NormalizedEvent`] or a [`Rejection`] by field. Exposures are renamed and change a user
//!    property; everything else passes. [`throttle`] says whether its request is admitted.
//! 2. [`incoming`] stamps it with its time ([`time`]) and its position in the order of changes ([`lww`]).
//! 3. [`batch`] applies a batch of events to what the store has loaded: who is who ([`person_index`]), what their
//!    properties become ([`properties`], [`property`], [`change`]) within the [`limits`], and a [`Verdict`] for each event.
//! 4. [`usage`] says which stored events count to a project's volume.
//!
//! `tests/vectors/ingestion.json` of the repository has the cases, `tests/permutations.rs` shows that the order of
//! arrival makes no difference.
#![forbid(unsafe_code)]

pub mod batch;
pub mod change;
mod id;
pub mod incoming;
pub mod limits;
pub mod lww;
pub mod meter;
pub mod person_index;
pub mod properties;
pub mod property;
mod rejection;
pub mod throttle;
pub mod time;
pub mod usage;
mod verdict;

pub use id::MIN_ID_LENGTH;
pub use incoming::IncomingEvent;
pub use rejection::{Fault, Rejection};
pub use verdict::Verdict;

use change::{Change, Operation};
use experiment_wasm::assignment::{ASSIGNMENT_EVENT, PREFIX, is_slot, property_name};
use experiment_wasm::dialect::{Dialect, plain};
use experiment_wasm::json::{Object, Text, Value};
use experiment_wasm::user::Identity;
use properties::Properties;

/// The longest id, key or event type, in bytes: Amplitude's limit for strings, and what an index entry of any store
/// takes.
pub const MAX_NAME_BYTES: usize = 1_024;

/// The latest time an event can have: the last millisecond that a JavaScript `Date` can name.
pub const MAX_TIME: u64 = 8_640_000_000_000_000;

/// Event types that are renamed, as sent and as stored. Both spellings arrive: some SDKs rename before they send.
const EXPOSURES: [(&str, &str); 2] =
    [("$exposure", "[Experiment] Exposure"), ("$impression", "[Experiment] Impression")];

/// Event properties that are renamed, as sent and as stored.
const RENAMED: [(&str, &str); 3] = [
    ("flag_key", "[Experiment] Flag Key"),
    ("variant", "[Experiment] Variant"),
    ("experiment_key", "[Experiment] Experiment Key"),
];

/// What a project or a request may decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// How many characters an id must have. By default any number; the server asks for
    /// [`MIN_ID_LENGTH`] or the `min_id_length` that the request names.
    pub min_id_length: usize,
    /// Whether assignments set experiment user properties too, as older SDKs do. By default only exposures do.
    pub assignments_set_properties: bool,
}

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
    /// The changes show on this event only, not on the user (`$skip_user_properties_sync`).
    pub skips_user_properties: bool,
    /// The flag and variant met, if it is an exposure.
    pub exposure: Option<Exposed>,
    /// The other fields of the event.
    pub rest: Object,
}

/// What an exposure says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// The flag.
    pub flag_key: Text,
    /// The variant; without one the user left the experiment.
    pub variant: Option<Text>,
    /// The experiment, which differs between two runs on one flag.
    pub experiment_key: Option<Text>,
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
    let mut changes = change::read(readable(changing, Rejection::DeepUserProperties)?)?;
    let (event_type, event_properties, exposure) = rename(sent_type, sent, dialect)?;
    let event_properties = readable(event_properties, Rejection::DeepEventProperties)?;
    if !rules.assignments_set_properties {
        changes.retain(|change| !properties::is_of_experiment(&change.name));
    }
    changes.extend(exposure.as_ref().filter(|_| !of_a_slot(&event_properties)).map(Exposed::change));
    Ok(NormalizedEvent {
        event_type,
        identity,
        removed,
        insert_id,
        time,
        event_properties,
        changes,
        skips_user_properties,
        exposure,
        rest: readable(event, Rejection::DeepEvent)?,
    })
}

/// Names were looked at before, as they came: two of them must not become one.
fn readable(object: Object, deep: Rejection) -> Result<Object, Rejection> {
    object.into_well_formed(|_deep| None).ok_or(deep)
}

impl Exposed {
    /// Whether the user was in another variant since: of exposures that a server tracks by itself, one that was stored
    /// that day counts again only then.
    pub fn is_a_return(&self, properties: &Properties) -> bool {
        let variant = self.variant.as_ref().map(Value::from);
        properties.get(&self.property()).is_some_and(|property| property.value() != variant)
    }

    /// The user property that this exposure is about: `[Experiment] <flag_key>`.
    pub fn property(&self) -> Text {
        property_name(&self.flag_key)
    }

    fn change(&self) -> Change {
        let operation = match &self.variant {
            Some(variant) => Operation::Set(variant.into()),
            None => Operation::Unset,
        };
        Change { name: self.property(), operation }
    }

    fn of<D: Dialect>(properties: &Object, dialect: &D) -> Result<Self, Rejection> {
        let [(_, flag_key), (_, variant), (_, experiment_key)] = RENAMED;
        let read = |key: &str, refused| name(properties.get(key).cloned(), refused);
        Ok(Self {
            flag_key: read(flag_key, Rejection::InvalidFlagKey)?.ok_or(Rejection::MissingFlagKey)?,
            variant: name(properties.get(variant).map(|sent| as_text(sent, dialect)), Rejection::InvalidVariant)?,
            experiment_key: read(experiment_key, Rejection::InvalidExperimentKey)?,
        })
    }
}

fn of_a_slot(properties: &Object) -> bool {
    properties.get("metadata").and_then(Value::as_object).is_some_and(is_slot)
}

fn rename<D: Dialect>(
    sent_type: Text,
    sent: Object,
    dialect: &D,
) -> Result<(Text, Object, Option<Exposed>), Rejection> {
    if let Some((_, stored)) = EXPOSURES.iter().find(|(short, long)| sent_type == *short || sent_type == *long) {
        let mut properties = renamed(sent);
        let exposure = Exposed::of(&properties, dialect)?;
        settle(&mut properties, &exposure);
        return Ok(((*stored).into(), properties, Some(exposure)));
    }
    let properties = if sent_type == ASSIGNMENT_EVENT { prefixed(sent) } else { sent };
    Ok((sent_type, properties, None))
}

/// Renames short names to the long ones. Where both were sent, the short one is what the sender's code wrote.
fn renamed(sent: Object) -> Object {
    let mut properties = Object::new();
    for (key, value) in sent {
        match RENAMED.iter().find(|(short, _)| key == *short) {
            Some((_, long)) => properties.set(*long, value),
            None if RENAMED.iter().any(|(_, long)| key == *long && properties.get(long).is_some()) => {}
            None => properties.set(key, value),
        }
    }
    properties
}

/// A variant is a text, and one that is null or empty is the same as none, as with the experiment key.
fn settle(properties: &mut Object, exposure: &Exposed) {
    let [_, (_, variant), (_, experiment_key)] = RENAMED;
    match &exposure.variant {
        Some(text) => properties.set(variant, text),
        None => drop(properties.remove(variant)),
    }
    if exposure.experiment_key.is_none() {
        properties.remove(experiment_key);
    }
}

/// SDKs send `<flag>.variant` and `<flag>.details` without the prefix that stored properties have.
fn prefixed(sent: Object) -> Object {
    let unprefixed =
        |key: &Text| !key.starts_with(PREFIX.as_bytes()) && (key.ends_with(b".variant") || key.ends_with(b".details"));
    sent.into_iter()
        .map(|(key, value)| if unprefixed(&key) { (property_name(&key), value) } else { (key, value) })
        .collect()
}

/// A number or a boolean as JavaScript's `String` has it: inline variants are such values, and pages tell them so.
fn as_text<D: Dialect>(value: &Value, dialect: &D) -> Value {
    match value {
        Value::Number(digits) => plain::print(dialect, digits).into(),
        Value::Bool(flag) => if *flag { "true" } else { "false" }.into(),
        other => other.clone(),
    }
}

/// A text that stores can hold and index; missing, null and empty are absent.
fn name(value: Option<Value>, refused: Rejection) -> Result<Option<Text>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if is_storable(&text) => Ok(Some(text)),
        Some(_) => Err(refused),
    }
}

/// Whether a text can be an id or a key: short enough for an index, no NUL (PostgreSQL has none), no lone surrogate.
pub fn is_storable(text: &[u8]) -> bool {
    text.len() <= MAX_NAME_BYTES && !text.contains(&0) && std::str::from_utf8(text).is_ok()
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
        Some(Value::Number(digits)) => crate::time::whole(&digits, dialect).map(Some).ok_or(Rejection::InvalidTime),
        Some(_) => Err(Rejection::InvalidTime),
    }
}
