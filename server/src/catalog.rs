//! The flags of each deployment in compiled form, and when a deployment's answers are no longer true.
//!
//! Flags are kept by the store; this is what is made of them. They are read one by one: a flag that does not parse is left
//! out, the others work, and how many there are is bounded by nothing but memory. Each change gives a deployment a new
//! edition, but only where its own flags changed; deployments with the same flags share one.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::body::Bytes;
use experiment_wasm::dialect::{Dialect, NativeDialect};
use experiment_wasm::evaluation::Decision;
use experiment_wasm::flag::{FlagError, Flags};
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
    /// Of the stored flags it was made from.
    digest: u64,
    /// The lists that are given out, once somebody asked for them: to servers all, to pages the local flags.
    whole: OnceLock<Bytes>,
    local: OnceLock<Bytes>,
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
    pub named: Text,
    edition: RwLock<Arc<Edition>>,
}

impl Deployment {
    /// A deployment without flags.
    pub fn new(config: &DeploymentConfig) -> Self {
        Self {
            key: Key::of(&config.key),
            name: config.name.as_str().into(),
            kind: config.kind,
            named: config.key.as_str().into(),
            edition: RwLock::new(Arc::new(Edition::of(&[]).0)),
        }
    }

    /// The flags as they are now.
    pub fn edition(&self) -> Arc<Edition> {
        Arc::clone(&self.edition.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over the project's flags; a new edition only if those of this deployment changed. It may be one that was made
    /// just now, of the same flags.
    pub fn take(&self, flags: &[StoredFlag], made: &mut Vec<Arc<Edition>>) {
        let own: Vec<_> = flags.iter().filter(|flag| self.has(flag)).collect();
        let digest = digest(&own);
        if self.edition().digest == digest {
            return;
        }
        let same = made.iter().find(|edition| edition.digest == digest).cloned();
        let edition = same.unwrap_or_else(|| {
            let edition = Arc::new(Edition::of(&own).0);
            made.push(Arc::clone(&edition));
            edition
        });
        *self.edition.write().unwrap_or_else(PoisonError::into_inner) = edition;
    }

    /// The flags that holders of the key may see whole, as a JSON list: on the client only those evaluated there.
    /// All of them are the same bytes for everybody, however many read them slowly.
    pub fn wire(&self, keys: Option<&HashSet<Text>>) -> Bytes {
        let edition = self.edition();
        let kept = if self.kind == Kind::Server { &edition.whole } else { &edition.local };
        match keys {
            None => kept.get_or_init(|| self.listed(&edition, None)).clone(),
            Some(_) => self.listed(&edition, keys),
        }
    }

    /// How many bytes the list of these flags has.
    pub fn wire_bytes(&self, keys: &HashSet<Text>) -> usize {
        let edition = self.edition();
        self.shown(&edition, Some(keys)).map(|text| text.len() + 1).sum()
    }

    fn listed(&self, edition: &Edition, keys: Option<&HashSet<Text>>) -> Bytes {
        let texts: Vec<_> = self.shown(edition, keys).collect();
        [b"[", texts.join(&b","[..]).as_slice(), b"]"].concat().into()
    }

    fn shown<'a>(&self, edition: &'a Edition, keys: Option<&HashSet<Text>>) -> impl Iterator<Item = &'a [u8]> {
        let asked = move |key: &Text| keys.is_none_or(|keys| keys.contains(key));
        let shown = |key: &Text| self.kind == Kind::Server || edition.flags.is_local(key);
        let texts = edition.flags.keys().filter(move |key| asked(key) && shown(key));
        texts.filter_map(|key| edition.flags.text(key))
    }

    /// Whether a flag is this deployment's. One that names deployments in a way that cannot be read is nobody's.
    fn has(&self, flag: &StoredFlag) -> bool {
        let Some(list) = &flag.deployments else { return true };
        let list = parse(list.as_bytes()).ok();
        let list = list.as_ref().and_then(|list| list.as_array()).unwrap_or_default();
        list.iter().any(|key| key.as_str() == Some(&self.named))
    }
}

impl Edition {
    /// Reads flags one by one; with what is wrong with them.
    pub fn of(stored: &[&StoredFlag]) -> (Self, Vec<FlagError>) {
        let texts = stored.iter().map(|flag| (flag.key.as_str(), flag.config.as_str()));
        let (flags, errors) = Flags::read_each(texts, &NativeDialect);
        let edition = Self {
            number: EDITIONS.fetch_add(1, Ordering::Relaxed),
            flags,
            digest: digest(stored),
            whole: OnceLock::new(),
            local: OnceLock::new(),
            results: RwLock::default(),
        };
        (edition, errors)
    }

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
}

/// Two lists of flags with one digest are taken for the same. Who could look for others with it may change the flags anyway.
fn digest(flags: &[&StoredFlag]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for flag in flags {
        (&flag.key, &flag.config).hash(&mut hasher);
    }
    hasher.finish()
}
