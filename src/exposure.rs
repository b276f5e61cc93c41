//! Exposure: a user met a variant. The event, and when meeting a variant is an exposure.
//!
//! Rules: `docs/spec.md`. Vectors: `tests/vectors/exposure.json`. The client deduplicates exposures; the crate
//! `experiment-ingestion` transforms them on the server.

use crate::field_hasher::FieldHasher;
use crate::json::{Object, Text, Value};
use crate::time::day;
use crate::user::{Identity, is_truthy};
use crate::variant::{Variant, VariantSource};

/// The event type of an exposure.
pub const EXPOSURE_EVENT: &str = "$exposure";

/// The event type of an exposure to a web experiment.
pub const IMPRESSION_EVENT: &str = "$impression";

/// A user met a variant of a flag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// The flag.
    pub flag_key: Text,
    /// The variant's key. Without one the user is no longer in the experiment: ingestion unsets the user property. A page may
    /// bootstrap it as `true` or `3`; [`text_of`] makes a text of it.
    pub variant: Option<Value>,
    /// The experiment's key, which differs between two runs on one flag.
    pub experiment_key: Option<Value>,
    /// The variant's metadata.
    pub metadata: Option<Object>,
}

impl Exposure {
    /// The exposure that meeting `variant` is, if it is one.
    ///
    /// A fallback is no exposure, unless the user was evaluated and is in no variant (`has_default`): then it is an
    /// exposure without a variant. A default variant is one without a variant too.
    pub fn to(flag_key: &Text, variant: &Variant, source: VariantSource, has_default: bool) -> Option<Self> {
        let fallback = source.is_fallback();
        if !variant.tracks_exposure() || (fallback && !has_default) {
            return None;
        }
        let name = if fallback || variant.is_default() { None } else { variant.name() };
        Some(Self {
            flag_key: flag_key.clone(),
            variant: name.cloned(),
            experiment_key: variant.exp_key().cloned(),
            metadata: variant.metadata().cloned(),
        })
    }

    /// Whether it is of a web experiment, which counts each time it is seen.
    pub fn is_impression(&self) -> bool {
        self.metadata_text("deliveryMethod").is_some_and(|method| *method == "web")
    }

    /// The type of the event: the flag's own, `$impression` for web experiments, else `$exposure`.
    pub fn event_type(&self) -> Text {
        match self.metadata_text("exposureEvent") {
            Some(own) => own.clone(),
            None if self.is_impression() => IMPRESSION_EVENT.into(),
            None => EXPOSURE_EVENT.into(),
        }
    }

    fn metadata_text(&self, name: &str) -> Option<&Text> {
        self.metadata.as_ref()?.get(name)?.as_str()
    }

    /// The properties of the event: `flag_key`, `variant?`, `experiment_key?`, `metadata?`.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.put("flag_key", &self.flag_key);
        if let Some(variant) = &self.variant {
            object.put("variant", variant.clone());
        }
        if let Some(key) = &self.experiment_key {
            object.put("experiment_key", key.clone());
        }
        if let Some(metadata) = &self.metadata {
            object.put("metadata", metadata.clone());
        }
        object
    }

    /// Makes texts of variant and experiment, as servers need them.
    pub fn make_texts(&mut self) {
        for name in [&mut self.variant, &mut self.experiment_key].into_iter().flatten() {
            *name = text_of(name).into();
        }
    }

    /// Reads what [`to_object`](Self::to_object) wrote.
    pub fn from_object(object: &Object) -> Option<Self> {
        let given = |name: &str| object.get(name).filter(|value| is_truthy(value)).cloned();
        Some(Self {
            flag_key: object.get("flag_key")?.as_str()?.clone(),
            variant: given("variant"),
            experiment_key: given("experiment_key"),
            metadata: given("metadata").and_then(Value::into_object),
        })
    }
}

/// An exposure with identity, time, and the id under which it counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposureEvent {
    /// The exposure.
    pub exposure: Exposure,
    /// The user who met the variant.
    pub identity: Identity,
    /// The time, in milliseconds since 1970-01-01T00:00Z.
    pub time: u64,
    /// The id under which it counts once, however often it is sent.
    pub insert_id: Text,
}

impl ExposureEvent {
    /// The exposure that a server tracks with an evaluation: the first of the day.
    pub fn of_evaluation(identity: &Identity, flag_key: &Text, evaluated: &Object, time: u64) -> Option<Self> {
        let variant = Variant::from_evaluation(evaluated);
        let exposure = Exposure::to(flag_key, &variant, VariantSource::LocalEvaluation, true)?;
        let insert_id = insert_id(identity, &exposure, day(time), 0);
        Some(Self { exposure, identity: identity.clone(), time, insert_id })
    }

    /// The analytics event: `event_type`, `user_id?`, `device_id?`, `time`, `insert_id`, `event_properties`.
    pub fn to_event(&self) -> Object {
        let mut event = Object::new();
        event.put("event_type", self.exposure.event_type());
        if let Some(id) = &self.identity.user_id {
            event.put("user_id", id);
        }
        if let Some(id) = &self.identity.device_id {
            event.put("device_id", id);
        }
        event.put("time", self.time);
        event.put("insert_id", &self.insert_id);
        event.put("event_properties", self.exposure.to_object());
        event
    }

    /// Reads what [`to_event`](Self::to_event) wrote.
    pub fn from_event(event: &Object) -> Option<Self> {
        Some(Self {
            exposure: Exposure::from_object(event.get("event_properties")?.as_object()?)?,
            identity: Identity::of(event),
            time: event.get("time")?.as_u64()?,
            insert_id: event.get("insert_id")?.as_str()?.clone(),
        })
    }
}

/// The text of a variant's or an experiment's name, which a page may have bootstrapped as another kind of value.
pub fn text_of(name: &Value) -> Text {
    name.as_str().cloned().unwrap_or_else(|| name.to_text())
}

/// The id under which an exposure counts once: equal for a retry, a reload, a second tab or the server's own exposure on the
/// same UTC day; different when the user came back to the variant from another one. `turn` counts how often that day: A, B, A
/// is A0, B0, A1. No id of the user can be read from it.
pub fn insert_id(identity: &Identity, exposure: &Exposure, day: u64, turn: u64) -> Text {
    let text = |name: &Option<Value>| name.as_ref().map(text_of).unwrap_or_default();
    FieldHasher::new()
        .optional(identity.user_id.as_deref())
        .optional(identity.device_id.as_deref())
        .field(&exposure.flag_key)
        .field(&text(&exposure.experiment_key))
        .field(&text(&exposure.variant))
        .number(day)
        .number(turn)
        .finish()
}

/// After how many milliseconds an event that a provider refused is offered to it again; then it is dropped.
pub const RETRY_MILLIS: [u64; 3] = [1_000, 5_000, 25_000];

/// The answer of a provider that is offered an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// It has the event, and is responsible for it from now on.
    Taken,
    /// It has not: the event is offered again.
    Refused,
    /// It answers later.
    Pending,
}

/// A provider of a program in Rust: it sends exposures to an analytics tool. On a page the providers are JavaScript's, and
/// `pkg/src/wasm/host.ts` calls them.
///
/// It is called once for each new exposure. An exposure that it refuses is offered again after 1, 5 and 25 seconds, then
/// dropped and reported.
pub trait ExposureTrackingProvider {
    /// Takes the event over, or refuses it.
    fn track(&self, event: &ExposureEvent) -> Tracking;
}

impl<F: Fn(&ExposureEvent) -> Tracking> ExposureTrackingProvider for F {
    fn track(&self, event: &ExposureEvent) -> Tracking {
        self(event)
    }
}

/// Hands the event of an [`Effect::Track`](crate::effect::Effect::Track) to a provider; the result is for `handle_tracked`.
pub fn hand_over(provider: &dyn ExposureTrackingProvider, event: &ExposureEvent) -> Tracking {
    provider.track(event)
}
