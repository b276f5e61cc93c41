//! The options of a client, with the reference's names and defaults.

use super::identity_scoped::StoredText;
use crate::digest;
use crate::json::{Object, Text, Value};
use crate::storage::{Area, keys};
use crate::time::NEVER;
use crate::variant::Variant;

/// How long a request may take, in milliseconds: the reference's default.
const FETCH_TIMEOUT: u64 = 10_000;
/// How often flags are polled, in milliseconds: the reference's default.
const POLL_INTERVAL: u64 = 300_000;
/// The shortest polling interval, in milliseconds: the reference's floor.
const POLL_FLOOR: u64 = 60_000;

/// Which variants come first: the option `source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrimarySource {
    /// What the last fetch stored.
    LocalStorage,
    /// `initialVariants`, even when a fetch stored others.
    InitialVariants,
}

/// For how long an exposure that was tracked is not tracked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DedupScope {
    /// There is no provider.
    #[default]
    None,
    /// While the page lives.
    Page,
    /// Until the UTC day ends, over all pages of the origin.
    Day,
}

/// The options of a client, read where they are used. What is missing, `null` or of the wrong type has its default.
#[derive(Clone, Debug)]
pub struct Config {
    api_key: Text,
    options: Object,
    initial_variants: Object,
    dedup_scope: DedupScope,
    awaits_consent: bool,
}

impl Config {
    /// `options`: the plain ones. `dedup_scope`: for how long the provider wants an exposure once.
    pub fn new(api_key: Text, options: Object, dedup_scope: DedupScope) -> Self {
        let initial_variants = options.get("initialVariants").and_then(Value::as_object);
        let initial_variants = initial_variants.map(read_variants).unwrap_or_default();
        Self { api_key, options, initial_variants, dedup_scope, awaits_consent: false }
    }

    /// With `true`, no exposure is offered: the visitor has not said yet whether they want to be tracked.
    #[must_use]
    pub fn awaiting_consent(self, awaits_consent: bool) -> Self {
        Self { awaits_consent, ..self }
    }

    /// The beginning of this client's keys in `localStorage`.
    pub(super) fn namespace(&self) -> Text {
        keys::namespace(&self.instance_name(), &self.api_key)
    }

    /// The stored text of this name of this deployment. Two deployments whose keys end alike share its storage key.
    pub(super) fn stored_text(&self, name: &[u8]) -> StoredText {
        StoredText::new(Area::Local, self.namespace().then(name), digest::short(&self.api_key))
    }

    /// The name that distinguishes clients of one page.
    pub(super) fn instance_name(&self) -> Text {
        self.options.get("instanceName").and_then(Value::as_str).cloned().unwrap_or_else(|| "$default_instance".into())
    }

    /// The deployment key.
    pub(super) fn api_key(&self) -> &Text {
        &self.api_key
    }

    /// For how long an exposure is tracked once.
    pub(super) fn dedup_scope(&self) -> DedupScope {
        self.dedup_scope
    }

    /// Whether exposures wait for the visitor's consent.
    pub(super) fn awaits_consent(&self) -> bool {
        self.awaits_consent
    }

    /// Where variants are fetched.
    pub(super) fn server_url(&self) -> Text {
        self.url("serverUrl", "https://api.lab.")
    }

    /// Where flags are fetched.
    pub(super) fn flags_server_url(&self) -> Text {
        self.url("flagsServerUrl", "https://flag.lab.")
    }

    /// Which variants come first.
    pub(super) fn primary_source(&self) -> PrimarySource {
        match self.text("source") {
            Some(source) if source == "initialVariants" => PrimarySource::InitialVariants,
            _ => PrimarySource::LocalStorage,
        }
    }

    /// The answer when nothing else is known.
    pub(super) fn fallback_variant(&self) -> Option<Variant> {
        self.options.get("fallbackVariant").and_then(Variant::from_fallback).filter(|variant| !variant.is_empty())
    }

    /// Bootstrapped variants by flag key.
    pub(super) fn initial_variants(&self) -> &Object {
        &self.initial_variants
    }

    /// Bootstrapped flags: JSON text of an array.
    pub(super) fn initial_flags(&self) -> Option<Text> {
        self.text("initialFlags")
    }

    /// After how many milliseconds a request is aborted.
    pub(super) fn fetch_timeout(&self) -> u64 {
        self.number("fetchTimeoutMillis", FETCH_TIMEOUT)
    }

    /// When flags are polled next.
    pub(super) fn next_poll(&self, now: u64) -> u64 {
        let interval = self.number("flagConfigPollingIntervalMillis", POLL_INTERVAL).max(POLL_FLOOR);
        if self.is("pollOnStart", true) { now + interval } else { NEVER }
    }

    /// A switch: whether a failed fetch is retried, whether `variant` tracks an exposure, and so on.
    pub(super) fn is(&self, name: &str, default: bool) -> bool {
        self.options.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    fn text(&self, name: &str) -> Option<Text> {
        self.options.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).cloned()
    }

    /// Amplitude's data centre of the zone, unless the page names a server.
    fn url(&self, name: &str, service: &str) -> Text {
        let eu = self.text("serverZone").is_some_and(|zone| zone.eq_ignore_ascii_case(b"eu"));
        let zone: &[u8] = if eu { b"eu." } else { b"" };
        self.text(name).unwrap_or_else(|| Text::from(service).then(zone).then(b"amplitude.com"))
    }

    /// Whole milliseconds: a fraction is cut off, a negative number is zero.
    fn number(&self, name: &str, default: u64) -> u64 {
        let Some(Value::Number(written)) = self.options.get(name) else { return default };
        let whole = written.split(|byte| *byte == b'.').next().unwrap_or_default();
        let negative = whole.first() == Some(&b'-');
        Text::from(whole).to_u64().unwrap_or(if negative { 0 } else { default })
    }
}

/// Variants by flag key, as they are stored and bootstrapped.
pub(super) fn read_variants(stored: &Object) -> Object {
    let mut variants = Object::new();
    for (key, value) in stored.iter() {
        if let Some(variant) = Variant::from_stored(value) {
            variants.set(key, variant.into_object());
        }
    }
    variants
}

/// Reads the options' JSON text; anything but an object counts as no options.
pub fn read_options(text: &[u8]) -> Object {
    Object::parse(text).unwrap_or_default()
}
