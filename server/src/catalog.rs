//! The flags of each deployment in compiled form, and when a deployment's answers are no longer true.
//!
//! Flags are kept by the store; this is what is made of them. A flag that does not parse is left out and reported by its
//! key, the others work. Each change gives a deployment a new edition, but only where its own flags changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::body::Bytes;
use experiment_wasm::dialect::{Dialect, NativeDialect};
use experiment_wasm::evaluation::Decision;
use experiment_wasm::flag::{FlagCode, FlagError, Flags};
use experiment_wasm::json::{Object, Text, parse};

use crate::config::{DeploymentConfig, Kind};
use crate::key::Key;
use crate::store::StoredFlag;

type Pattern = <NativeDialect as Dialect>::Pattern;

/// Numbers the editions of this process: an answer of one edition is never taken for another's.
static EDITIONS: AtomicU64 = AtomicU64::new(1);

/// The flags of a deployment at one time.
pub struct Edition {
    pub number: u64,
    pub flags: Flags<Pattern>,
    /// The stored flags it was made from.
    source: String,
    /// The list that is given out, once somebody asked for it.
    wire: OnceLock<Bytes>,
    results: RwLock<HashMap<Decision, Arc<Told>>>,
}

/// A variant as evaluation returns it, and its JSON.
pub struct Told {
    pub variant: Object,
    pub json: Text,
}

/// A key that asks for variants or flags, and what it gets.
pub struct Deployment {
    pub key: Key,
    pub name: Text,
    pub kind: Kind,
    /// The key as flags name it.
    named: Text,
    edition: RwLock<Arc<Edition>>,
}

/// A flag that is left out, or kept with a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub key: Text,
    pub code: &'static str,
    /// The field at fault, where it is one.
    pub field: Option<&'static str>,
}

impl Deployment {
    /// A deployment without flags.
    pub fn new(config: &DeploymentConfig) -> Self {
        Self {
            key: Key::of(&config.key),
            name: config.name.as_str().into(),
            kind: config.kind,
            named: config.key.as_str().into(),
            edition: RwLock::new(Arc::new(Edition::of(String::from("[]")).0)),
        }
    }

    /// The flags as they are now.
    pub fn edition(&self) -> Arc<Edition> {
        Arc::clone(&self.edition.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over the project's flags; a new edition only if those of this deployment changed.
    pub fn take(&self, flags: &[StoredFlag]) {
        let own: Vec<_> = flags.iter().filter(|flag| self.has(flag)).map(|flag| flag.config.as_str()).collect();
        let source = format!("[{}]", own.join(","));
        if self.edition().source != source {
            let (edition, _faults) = Edition::of(source);
            *self.edition.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(edition);
        }
    }

    /// The flags that holders of the key may see whole, as a JSON list: on the client only those evaluated there.
    /// All of them are the same bytes for everybody, however many read them slowly.
    pub fn wire(&self, keys: Option<&[Text]>) -> Bytes {
        let edition = self.edition();
        match keys {
            None => edition.wire.get_or_init(|| self.listed(&edition, None)).clone(),
            Some(_) => self.listed(&edition, keys),
        }
    }

    /// How many bytes the list can have at most.
    pub fn most_wire_bytes(&self) -> usize {
        self.edition().source.len()
    }

    fn listed(&self, edition: &Edition, keys: Option<&[Text]>) -> Bytes {
        let asked = |key: &Text| keys.is_none_or(|keys| keys.contains(key));
        let shown = |key: &Text| self.kind == Kind::Server || edition.flags.is_local(key);
        let texts = edition.flags.keys().filter(|key| asked(key) && shown(key));
        let texts: Vec<_> = texts.filter_map(|key| edition.flags.text(key)).collect();
        [b"[", texts.join(&b","[..]).as_slice(), b"]"].concat().into()
    }

    fn has(&self, flag: &StoredFlag) -> bool {
        let Some(list) = flag.deployments.as_ref().and_then(|list| parse(list.as_bytes()).ok()) else { return true };
        list.as_array().unwrap_or_default().iter().any(|key| key.as_str() == Some(&self.named))
    }
}

impl Edition {
    /// The variant of each decision. It is made once: the decisions that a flag can come to are few, the users many.
    pub fn variants_of(&self, decisions: &[Decision]) -> Vec<Arc<Told>> {
        let made = self.results.read().unwrap_or_else(PoisonError::into_inner);
        let all = decisions.iter().map(|one| made.get(one).cloned());
        if let Some(all) = all.collect() {
            return all;
        }
        drop(made);
        let mut made = self.results.write().unwrap_or_else(PoisonError::into_inner);
        decisions.iter().map(|one| Arc::clone(made.entry(*one).or_insert_with(|| self.told(one)))).collect()
    }

    fn told(&self, decision: &Decision) -> Arc<Told> {
        let variant = self.flags.variant_of(decision);
        let json = variant.to_json().into();
        Arc::new(Told { variant, json })
    }

    fn of(source: String) -> (Self, Vec<Skipped>) {
        let (flags, errors) = Flags::parse(source.as_bytes(), &NativeDialect);
        let number = EDITIONS.fetch_add(1, Ordering::Relaxed);
        (
            Self { number, flags, source, wire: OnceLock::new(), results: RwLock::default() },
            errors.into_iter().filter_map(skipped).collect(),
        )
    }
}

/// What is wrong with a list of flags, each flag once, by key.
pub fn faults(flags: &[StoredFlag]) -> Vec<Skipped> {
    let configs: Vec<_> = flags.iter().map(|flag| flag.config.as_str()).collect();
    let (_, found) = Edition::of(format!("[{}]", configs.join(",")));
    let by_key: BTreeMap<_, _> = found.into_iter().map(|fault| (fault.key.clone(), fault)).collect();
    by_key.into_values().collect()
}

fn skipped(error: FlagError) -> Option<Skipped> {
    let (code, field) = match error.code {
        FlagCode::NotFlags => ("not_flags", None),
        FlagCode::Shape(field) => ("shape", Some(field)),
        FlagCode::Cycle => ("cycle", None),
        FlagCode::Pattern => ("pattern", None),
        _ => ("unknown", None),
    };
    Some(Skipped { key: error.key?, code, field })
}
