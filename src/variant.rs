//! A variant, as the server or the evaluator returned it, and its source.

use crate::json::{Object, Text, Value};
use crate::user::is_truthy;

/// A variant: `key`, `value`, `payload`, `expKey` and `metadata`, each as it was received. Other fields are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant(Object);

impl Variant {
    /// An evaluated variant as clients see it: fields that are empty, zero, false or null are left out, and the
    /// experiment key stands beside the metadata as `expKey`.
    pub fn from_evaluation(evaluated: &Object) -> Self {
        let mut variant = Object::new();
        let mut keep = |name: &str| {
            if let Some(value) = evaluated.get(name).filter(|value| is_truthy(value)) {
                variant.push(name.into(), value.clone());
            }
        };
        keep("key");
        keep("value");
        keep("payload");
        let metadata = evaluated.get("metadata");
        let key = metadata.and_then(Value::as_object).and_then(|metadata| metadata.get("experimentKey"));
        if let Some(key) = key.filter(|key| is_truthy(key)) {
            variant.put("expKey", key.clone());
        }
        if let Some(metadata) = metadata.filter(|metadata| is_truthy(metadata)) {
            variant.put("metadata", metadata.clone());
        }
        Self(variant)
    }

    /// A variant from storage, bootstrapping or an argument: a string is key and value at once, an object may be of any
    /// version of the reference's format. `None` for other values.
    pub fn from_stored(stored: &Value) -> Option<Self> {
        match stored {
            Value::String(key) => {
                let mut variant = Object::new();
                variant.put("key", key);
                variant.put("value", key);
                Some(Self(variant))
            }
            Value::Object(stored) => Some(Self(normalized(stored))),
            _ => None,
        }
    }

    /// A fallback argument: a string is key and value at once, an object is taken as it is.
    pub fn from_fallback(fallback: &Value) -> Option<Self> {
        match fallback {
            Value::Object(fallback) => Some(Self(fallback.clone())),
            Value::String(_) => Self::from_stored(fallback),
            _ => None,
        }
    }

    /// The variant's key.
    pub fn key(&self) -> Option<&Text> {
        self.text("key")
    }

    /// The variant's value.
    pub fn value(&self) -> Option<&Text> {
        self.text("value")
    }

    /// Its name in an exposure: its key, else its value, of any kind that is truthy in JavaScript.
    pub fn name(&self) -> Option<&Value> {
        self.given("key").or_else(|| self.given("value"))
    }

    /// The key of the experiment, which differs between two runs on one flag.
    pub fn exp_key(&self) -> Option<&Value> {
        self.given("expKey")
    }

    /// Its metadata.
    pub fn metadata(&self) -> Option<&Object> {
        self.0.get("metadata").and_then(Value::as_object)
    }

    /// Whether this is the flag's default: the user was evaluated and is in no variant.
    pub fn is_default(&self) -> bool {
        self.metadata_value("default").is_some_and(is_truthy)
    }

    /// Whether meeting this variant is an exposure. The server can switch that off.
    pub fn tracks_exposure(&self) -> bool {
        self.metadata_value("trackExposure").is_none_or(|value| value.is_null() || is_truthy(value))
    }

    /// Whether it is of a web experiment, whose exposures count each time.
    pub fn is_impression(&self) -> bool {
        self.metadata_value("deliveryMethod").and_then(Value::as_str).is_some_and(|method| *method == "web")
    }

    /// Whether it has no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The variant as an object.
    pub fn as_object(&self) -> &Object {
        &self.0
    }

    /// The variant as an object, taken out.
    pub fn into_object(self) -> Object {
        self.0
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| is_truthy(value))
    }

    fn text(&self, name: &str) -> Option<&Text> {
        self.given(name).and_then(Value::as_str)
    }

    fn metadata_value(&self, name: &str) -> Option<&Value> {
        self.metadata().and_then(|metadata| metadata.get(name))
    }
}

impl From<Object> for Variant {
    fn from(variant: Object) -> Self {
        Self(variant)
    }
}

/// The three stored formats as one: `expKey` and `metadata.experimentKey` agree, and a missing key is the value.
fn normalized(stored: &Object) -> Object {
    let given = |name: &str| stored.get(name).filter(|value| is_truthy(value)).cloned();
    let mut metadata = given("metadata");
    let named = metadata.as_ref().and_then(Value::as_object).and_then(|metadata| metadata.get("experimentKey"));
    let named = named.filter(|key| is_truthy(key)).cloned();
    let exp_key = named.clone().or_else(|| given("expKey"));
    if let (None, Some(key)) = (named, &exp_key) {
        let mut with_key = metadata.and_then(Value::into_object).unwrap_or_default();
        with_key.set("experimentKey", key.clone());
        metadata = Some(Value::Object(with_key));
    }
    let mut variant = Object::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            variant.push(name.into(), value);
        }
    };
    put("key", given("key").or_else(|| given("value")));
    put("value", given("value"));
    put("metadata", metadata);
    put("payload", given("payload"));
    put("expKey", exp_key);
    variant
}

/// The source of an answer. The names are the reference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantSource {
    /// What a fetch stored.
    LocalStorage,
    /// `initialVariants`, when they are the first source.
    InitialVariants,
    /// `initialVariants`, when they are a fallback.
    SecondaryInitialVariants,
    /// The fallback given in the call.
    FallbackInline,
    /// `fallbackVariant` of the configuration.
    FallbackConfig,
    /// The flag was evaluated here.
    LocalEvaluation,
    /// The flag is unknown, and there is no fallback.
    None,
}

impl VariantSource {
    /// The name on the wire and in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalStorage => "storage",
            Self::InitialVariants => "initial",
            Self::SecondaryInitialVariants => "secondary-initial",
            Self::FallbackInline => "fallback-inline",
            Self::FallbackConfig => "fallback-config",
            Self::LocalEvaluation => "local-evaluation",
            Self::None => "none",
        }
    }

    /// Whether the variant was not assigned to the user, so that meeting it is no exposure to it.
    pub fn is_fallback(self) -> bool {
        matches!(self, Self::FallbackInline | Self::FallbackConfig | Self::SecondaryInitialVariants | Self::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn stored(text: &str) -> String {
        Variant::from_stored(&parse(text.as_bytes()).unwrap()).unwrap().into_object().to_json()
    }

    #[test]
    fn every_stored_format_reads_as_one() {
        assert_eq!(stored(r#""on""#), r#"{"key":"on","value":"on"}"#);
        assert_eq!(stored(r#"{"value":"on","payload":0}"#), r#"{"key":"on","value":"on"}"#);
        let both = r#"{"key":"on","metadata":{"experimentKey":"exp-1"},"expKey":"exp-1"}"#;
        assert_eq!(stored(r#"{"key":"on","expKey":"exp-1"}"#), both);
        assert_eq!(stored(r#"{"key":"on","expKey":"exp-2","metadata":{"experimentKey":"exp-1"}}"#), both);
    }

    #[test]
    fn metadata_switches_tracking_off_and_marks_defaults() {
        let variant = Variant::from_stored(
            &parse(br#"{"key":"off","metadata":{"default":true,"trackExposure":false}}"#).unwrap(),
        )
        .unwrap();
        assert!(variant.is_default());
        assert!(!variant.tracks_exposure());
    }
}
