//! The options of a client, with the reference's names and defaults.

use crate::json::{Object, Text, Value, parse};
use crate::variant::Variant;

/// How long a request may take, in milliseconds: the reference's default.
const FETCH_TIMEOUT: u64 = 10_000;
/// How often flags are polled, in milliseconds: the reference's default.
const POLL_INTERVAL: u64 = 300_000;
/// The shortest polling interval, in milliseconds: the reference's floor.
const POLL_FLOOR: u64 = 60_000;

/// Which variants are asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What the last fetch stored.
    LocalStorage,
    /// `initialVariants`, even when a fetch stored others.
    InitialVariants,
}

/// Over how long an exposure that was told is not told again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// Nobody is told: there is no provider.
    #[default]
    None,
    /// While the page lives.
    Page,
    /// Until the UTC day ends, over all pages of the origin.
    Day,
}

/// The options of a client.
#[derive(Clone, Debug)]
pub struct Config {
    /// The deployment key.
    pub api_key: Text,
    /// Tells clients of one page apart.
    pub instance_name: Text,
    /// Where variants are fetched.
    pub server_url: Text,
    /// Where flags are fetched.
    pub flags_server_url: Text,
    /// Which variants are asked first.
    pub source: Source,
    /// The answer when nothing else is known.
    pub fallback_variant: Option<Variant>,
    /// Bootstrapped variants by flag key.
    pub initial_variants: Object,
    /// Bootstrapped flags: JSON text of an array.
    pub initial_flags: Option<Text>,
    /// After how many milliseconds a request is broken off.
    pub fetch_timeout: u64,
    /// Whether a failed fetch is tried again in the background.
    pub retry_fetch: bool,
    /// Whether `start` and `fetch` fail when their request does.
    pub throw_on_error: bool,
    /// Whether `variant` tells the provider.
    pub automatic_exposure: bool,
    /// Whether flags are polled once started.
    pub poll_on_start: bool,
    /// How often, in milliseconds.
    pub poll_interval: u64,
    /// Whether `start` fetches variants.
    pub fetch_on_start: bool,
    /// Over how long an exposure is told once.
    pub window: Window,
}

impl Config {
    /// Reads the plain options. What is missing, `null` or of the wrong type gets its default.
    pub fn new(api_key: Text, options: &Object, window: Window) -> Self {
        let read = Options(options);
        let eu = read.text("serverZone").is_some_and(|zone| zone.eq_ignore_ascii_case(b"eu"));
        let url = |name, us: &str, eu_url: &str| read.text(name).unwrap_or_else(|| if eu { eu_url } else { us }.into());
        Self {
            api_key,
            instance_name: read.text("instanceName").unwrap_or_else(|| "$default_instance".into()),
            server_url: url("serverUrl", "https://api.lab.amplitude.com", "https://api.lab.eu.amplitude.com"),
            flags_server_url: url(
                "flagsServerUrl",
                "https://flag.lab.amplitude.com",
                "https://flag.lab.eu.amplitude.com",
            ),
            source: read.source(),
            fallback_variant: options.get("fallbackVariant").and_then(Variant::from_fallback),
            initial_variants: options.get("initialVariants").map(read_variants).unwrap_or_default(),
            initial_flags: read.text("initialFlags"),
            fetch_timeout: read.number("fetchTimeoutMillis", FETCH_TIMEOUT),
            retry_fetch: read.bool("retryFetchOnFailure", true),
            throw_on_error: read.bool("throwOnError", false),
            automatic_exposure: read.bool("automaticExposureTracking", true),
            poll_on_start: read.bool("pollOnStart", true),
            poll_interval: read.number("flagConfigPollingIntervalMillis", POLL_INTERVAL).max(POLL_FLOOR),
            fetch_on_start: read.bool("fetchOnStart", true),
            window,
        }
    }

    /// The prefix of everything this client stores: the reference's, so that a page which switches keeps its cache.
    pub fn namespace(&self) -> Text {
        let key: &[u8] = &self.api_key;
        let tail = key.get(key.len().saturating_sub(6)..).unwrap_or_default();
        Text::from("amp-exp-").then(&self.instance_name).then(b"-").then(tail)
    }
}

struct Options<'a>(&'a Object);

impl Options<'_> {
    fn text(&self, name: &str) -> Option<Text> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).cloned()
    }

    fn bool(&self, name: &str, default: bool) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    /// Whole milliseconds: a fraction is cut off, a negative number is zero.
    fn number(&self, name: &str, default: u64) -> u64 {
        let Some(Value::Number(written)) = self.0.get(name) else { return default };
        let whole = written.split(|byte| *byte == b'.').next().unwrap_or_default();
        let negative = whole.first() == Some(&b'-');
        Text::from(whole).to_u64().unwrap_or(if negative { 0 } else { default })
    }

    fn source(&self) -> Source {
        match self.text("source") {
            Some(source) if source == "initialVariants" => Source::InitialVariants,
            _ => Source::LocalStorage,
        }
    }
}

/// Variants by flag key, as they are stored and bootstrapped.
pub(super) fn read_variants(stored: &Value) -> Object {
    let mut variants = Object::new();
    if let Value::Object(stored) = stored {
        for (key, value) in stored.iter() {
            if let Some(variant) = Variant::from_stored(value) {
                variants.set(key, variant.into_object());
            }
        }
    }
    variants
}

/// Reads the options' JSON text; what is no object counts as no options.
pub fn read_options(text: &[u8]) -> Object {
    parse(text).ok().and_then(Value::into_object).unwrap_or_default()
}
