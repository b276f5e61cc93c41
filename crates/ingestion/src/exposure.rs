//! Exposures: their short names become the long ones of stored events, and each sets the user property of its flag.

use experiment_wasm::assignment::{is_slot, property_name};
use experiment_wasm::dialect::{Dialect, plain};
use experiment_wasm::json::{Object, Text, Value};

use crate::change::{Change, Operation};
use crate::name::name;
use crate::property::Property;
use crate::rejection::Rejection;

/// Event types that are renamed, as sent and as stored. Both spellings arrive: some SDKs rename before they send.
const EXPOSURES: [(&str, &str); 2] =
    [("$exposure", "[Experiment] Exposure"), ("$impression", "[Experiment] Impression")];

/// Event properties that are renamed, as sent and as stored.
const RENAMED: [(&str, &str); 3] = [
    ("flag_key", "[Experiment] Flag Key"),
    ("variant", "[Experiment] Variant"),
    ("experiment_key", "[Experiment] Experiment Key"),
];

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

/// The stored type of exposures that are sent with this type; `None` where it is another type.
pub(crate) fn stored_type(sent_type: &Text) -> Option<&'static str> {
    let renamed = EXPOSURES.iter().find(|(short, long)| sent_type == short || sent_type == long);
    renamed.map(|(_, stored)| *stored)
}

/// The properties of an exposure under their stored names, and what they say.
pub(crate) fn read<D: Dialect>(sent: Object, dialect: &D) -> Result<(Object, Exposed), Rejection> {
    let mut properties = renamed(sent);
    let exposure = Exposed::of(&properties, dialect)?;
    settle(&mut properties, &exposure);
    Ok((properties, exposure))
}

/// Whether these properties are of an exposure of a slot, which sets no user property.
pub(crate) fn is_of_slot(properties: &Object) -> bool {
    properties.get("metadata").and_then(Value::as_object).is_some_and(is_slot)
}

impl Exposed {
    /// Whether the user was in another variant since: of exposures that a server tracks by itself, one that was stored
    /// that day counts again only then.
    pub fn is_a_return(&self, property: &Property) -> bool {
        property.value() != self.variant.as_ref().map(Value::from)
    }

    /// The user property that this exposure is about: `[Experiment] <flag_key>`.
    pub fn property(&self) -> Text {
        property_name(&self.flag_key)
    }

    /// The change of that property.
    pub(crate) fn change(&self) -> Change {
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

/// A number or a boolean as JavaScript's `String` has it: inline variants are such values, and pages tell them so.
fn as_text<D: Dialect>(value: &Value, dialect: &D) -> Value {
    match value {
        Value::Number(digits) => plain::print(dialect, digits).into(),
        Value::Bool(flag) => if *flag { "true" } else { "false" }.into(),
        other => other.clone(),
    }
}
