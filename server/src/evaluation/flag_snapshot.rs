//! The compiled flags of each deployment, and the version that its answers belong to.
//!
//! Flags are read one by one: a flag that does not parse is left out and the others work, and only memory bounds how
//! many there are. A change gives a deployment a new snapshot only if its own flags changed; deployments with the same
//! flags share one.

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

use crate::key::Key;
use crate::shared_answer::SharedAnswer;
use crate::store::StoredFlag;

type Pattern = <NativeDialect as Dialect>::Pattern;

/// Numbers the snapshots of this process: an answer of one is never taken for another's.
static VERSIONS: AtomicU64 = AtomicU64::new(1);

/// The flags of a deployment at one time.
pub struct FlagSnapshot {
    pub version: u64,
    pub flags: Flags<Pattern>,
    /// Of the stored flags it was made from.
    digest: u64,
    /// The JSON lists for SDKs, made when first asked for: all flags for servers, the local ones for pages.
    all: OnceLock<Arc<SharedAnswer>>,
    local: OnceLock<Arc<SharedAnswer>>,
    rendered: RwLock<HashMap<Decision, Arc<RenderedVariant>>>,
}

/// A variant as evaluation returns it, and its JSON.
pub struct RenderedVariant {
    pub variant: Object,
    pub json: Text,
}

/// The keys that ask for variants or flags, and what they get.
pub struct Deployment {
    pub keys: Vec<Key>,
    pub name: Text,
    pub kind: Kind,
    /// What flags call it.
    words: Vec<Text>,
    snapshot: RwLock<Arc<FlagSnapshot>>,
}

/// Who holds a deployment's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everybody: the key is in a page. Only flags for local evaluation are given out whole.
    Client,
    /// A server: all flags are given out.
    Server,
}

impl Deployment {
    /// A deployment without flags, which they call by these words.
    pub fn new(keys: Vec<Key>, name: &str, kind: Kind, words: Vec<Text>) -> Self {
        Self { keys, name: name.into(), kind, words, snapshot: RwLock::new(Arc::new(FlagSnapshot::of(&[]).0)) }
    }

    /// The flags as they are now.
    pub fn snapshot(&self) -> Arc<FlagSnapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Updates to the project's flags. The snapshot is new only if those of this deployment changed; it may be one of
    /// `made`, with the same flags.
    pub fn update(&self, flags: &[StoredFlag], made: &mut Vec<Arc<FlagSnapshot>>) {
        let own: Vec<_> = flags.iter().filter(|flag| self.has(flag)).collect();
        let digest = digest(&own);
        if self.snapshot().digest == digest {
            return;
        }
        let same = made.iter().find(|snapshot| snapshot.digest == digest).cloned();
        let snapshot = same.unwrap_or_else(|| {
            let snapshot = Arc::new(FlagSnapshot::of(&own).0);
            made.push(Arc::clone(&snapshot));
            snapshot
        });
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// The flags that holders of the key may see whole, as a JSON list: on the client only those evaluated there.
    /// They are the same bytes for everybody, however many read them slowly.
    pub fn wire(&self) -> Arc<SharedAnswer> {
        let snapshot = self.snapshot();
        let kept = if self.kind == Kind::Server { &snapshot.all } else { &snapshot.local };
        Arc::clone(kept.get_or_init(|| Arc::new(SharedAnswer::new(self.list(&snapshot, None)))))
    }

    /// Those of them that have these keys.
    pub fn wire_of(&self, keys: &HashSet<Text>) -> Bytes {
        self.list(&self.snapshot(), Some(keys))
    }

    /// The length of the list of these flags, in bytes.
    pub fn wire_bytes(&self, keys: &HashSet<Text>) -> usize {
        let snapshot = self.snapshot();
        self.visible(&snapshot, Some(keys)).map(|text| text.len() + 1).sum()
    }

    fn list(&self, snapshot: &FlagSnapshot, keys: Option<&HashSet<Text>>) -> Bytes {
        let texts: Vec<_> = self.visible(snapshot, keys).collect();
        [b"[", texts.join(&b","[..]).as_slice(), b"]"].concat().into()
    }

    fn visible<'a>(&self, snapshot: &'a FlagSnapshot, keys: Option<&HashSet<Text>>) -> impl Iterator<Item = &'a [u8]> {
        let asked = move |key: &Text| keys.is_none_or(|keys| keys.contains(key));
        let is_visible = |key: &Text| self.kind == Kind::Server || snapshot.flags.is_local(key);
        let texts = snapshot.flags.keys().filter(move |key| asked(key) && is_visible(key));
        texts.filter_map(|key| snapshot.flags.text(key))
    }

    /// Whether a flag is this deployment's. A flag whose list of deployments cannot be read belongs to none.
    fn has(&self, flag: &StoredFlag) -> bool {
        let Some(list) = &flag.deployments else { return true };
        let list = parse(list.as_bytes()).ok();
        let list = list.as_ref().and_then(|list| list.as_array()).unwrap_or_default();
        list.iter().filter_map(|word| word.as_str()).any(|word| self.words.contains(word))
    }
}

impl FlagSnapshot {
    /// Reads flags one by one; with what is wrong with them.
    pub fn of(stored: &[&StoredFlag]) -> (Self, Vec<FlagError>) {
        let texts = stored.iter().map(|flag| (flag.key.as_str(), flag.config.as_str()));
        let (flags, errors) = Flags::read_each(texts, &NativeDialect);
        let snapshot = Self {
            version: VERSIONS.fetch_add(1, Ordering::Relaxed),
            flags,
            digest: digest(stored),
            all: OnceLock::new(),
            local: OnceLock::new(),
            rendered: RwLock::default(),
        };
        (snapshot, errors)
    }

    /// The variant of each decision. It is made once: the decisions that a flag can come to are few, the users many.
    pub fn variants_of(&self, decisions: &[Decision]) -> Vec<Arc<RenderedVariant>> {
        let made = self.rendered.read().unwrap_or_else(PoisonError::into_inner);
        let all = decisions.iter().map(|one| made.get(one).cloned());
        if let Some(all) = all.collect() {
            return all;
        }
        drop(made);
        let mut made = self.rendered.write().unwrap_or_else(PoisonError::into_inner);
        decisions.iter().map(|one| Arc::clone(made.entry(*one).or_insert_with(|| self.render(one)))).collect()
    }

    fn render(&self, decision: &Decision) -> Arc<RenderedVariant> {
        let variant = self.flags.variant_of(decision);
        let json = variant.to_json().into();
        Arc::new(RenderedVariant { variant, json })
    }
}

/// Two lists of flags with one digest are taken for the same. Who could look for others with it may change the flags
/// anyway.
fn digest(flags: &[&StoredFlag]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for flag in flags {
        (&flag.key, &flag.config).hash(&mut hasher);
    }
    hasher.finish()
}
