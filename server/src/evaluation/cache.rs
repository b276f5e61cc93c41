//! The cache of evaluation responses: an equal request within an hour of the first is answered from here, and is not an
//! assignment again (`assignment_tracking` in `docs/spec.md`). A response of an earlier flag snapshot does not count.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use experiment_wasm::json::Text;
use prometheus_client::metrics::gauge::Gauge;

/// The time to live in milliseconds: Amplitude's CDN keeps a response 60 minutes from the first request.
const TTL_MILLIS: u64 = 60 * 60 * 1_000;

/// The size of the cache in bytes: what is left of the 256 MiB that the server is allowed when all else is full.
const MAX_BYTES: usize = 48 << 20;

/// The cost of an entry beside its body, as measured with 300,000 users: its key twice, and the tables, which are half
/// empty after they have grown.
const ENTRY_BYTES: usize = 512;

/// The cache, and the gauge of its bytes.
#[derive(Default)]
pub struct Cache(Mutex<Entries>, Gauge);

#[derive(Default)]
struct Entries {
    answers: HashMap<Text, Answer>,
    /// Oldest first. All responses live equally long, so the oldest expires first.
    queue: VecDeque<Entry>,
    bytes: usize,
    entries: u64,
    /// How often answers of a person were removed.
    removals: u64,
    hasher: RandomState,
}

/// Whose answer it is: a project, and the ids of a user of it.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    pub project: i64,
    pub user_id: Option<&'a [u8]>,
    pub device_id: Option<&'a [u8]>,
}

struct Answer {
    version: u64,
    since: u64,
    body: Bytes,
    /// The entry it came with; an older entry of the same request no longer counts.
    entry: u64,
    /// Digests of the ids of its owner.
    ids: [Option<u64>; 2],
}

struct Entry {
    request: Text,
    since: u64,
    bytes: usize,
    number: u64,
}

impl Cache {
    /// An empty cache whose size the gauge shows.
    pub fn new(bytes: Gauge) -> Self {
        Self(Mutex::default(), bytes)
    }

    /// The response to an equal request, if it has not expired.
    pub fn get(&self, request: &Text, version: u64, now: u64) -> Option<Bytes> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = entries.answers.get(request)?;
        let is_valid = answer.version == version && now.saturating_sub(answer.since) < TTL_MILLIS;
        is_valid.then(|| answer.body.clone())
    }

    /// How often answers of a person were removed.
    pub fn removals(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).removals
    }

    /// Removes the answers to a person with one of these ids.
    pub fn remove(&self, project: i64, user_id: Option<&str>, device_ids: &[String]) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.removals += 1;
        let user = user_id.and_then(|id| entries.digest(project, 0, Some(id.as_bytes())));
        let devices = device_ids.iter().filter_map(|id| entries.digest(project, 1, Some(id.as_bytes())));
        let gone: HashSet<_> = devices.chain(user).collect();
        entries.answers.retain(|_, answer| !answer.ids.iter().flatten().any(|id| gone.contains(id)));
    }

    /// Removes all answers.
    pub fn clear(&self) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.removals += 1;
        entries.answers.clear();
    }

    /// Adds the response to a request, unless answers were removed since there were so many [removals](Self::removals).
    pub fn insert(&self, request: Text, version: u64, now: u64, (owner, removals): (Owner<'_>, u64), body: Bytes) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.removals != removals {
            return;
        }
        entries.evict(now);
        entries.entries += 1;
        let (number, bytes) = (entries.entries, body.len() + ENTRY_BYTES);
        entries.bytes += bytes;
        self.1.set(i64::try_from(entries.bytes).unwrap_or(i64::MAX));
        entries.queue.push_back(Entry { request: request.clone(), since: now, bytes, number });
        let ids = [(0, owner.user_id), (1, owner.device_id)].map(|(kind, id)| entries.digest(owner.project, kind, id));
        entries.answers.insert(request, Answer { version, since: now, body, entry: number, ids });
    }
}

impl Entries {
    fn digest(&self, project: i64, kind: u8, id: Option<&[u8]>) -> Option<u64> {
        id.map(|id| self.hasher.hash_one((project, kind, id)))
    }

    fn evict(&mut self, now: u64) {
        let is_over = |entry: &Entry, bytes| bytes >= MAX_BYTES || now.saturating_sub(entry.since) >= TTL_MILLIS;
        while self.queue.front().is_some_and(|entry| is_over(entry, self.bytes)) {
            let Some(expired) = self.queue.pop_front() else { return };
            self.bytes -= expired.bytes;
            if self.answers.get(&expired.request).is_some_and(|answer| answer.entry == expired.number) {
                self.answers.remove(&expired.request);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNED: (Owner<'_>, u64) = (Owner { project: 1, user_id: Some(b"alice"), device_id: Some(b"phone") }, 0);

    #[test]
    fn answers_to_a_person_are_removed_also_those_under_way() {
        let cache = Cache::default();
        let other = (Owner { project: 2, ..OWNED.0 }, 0);
        for (request, owner) in [("own", OWNED), ("other", other)] {
            cache.insert(request.into(), 1, 0, owner, body("a"));
        }
        cache.remove(1, None, &["alice".into()]);
        assert!(cache.get(&"own".into(), 1, 0).is_some());
        cache.remove(1, None, &["phone".into()]);
        assert_eq!(cache.get(&"own".into(), 1, 0), None);
        cache.insert("own".into(), 1, 0, (OWNED.0, 1), body("late"));
        assert_eq!(cache.get(&"own".into(), 1, 0), None);
        cache.insert("own".into(), 1, 0, (OWNED.0, cache.removals()), body("new"));
        assert_eq!(cache.get(&"own".into(), 1, 0), Some(body("new")));
        assert!(cache.get(&"other".into(), 1, 0).is_some());
        cache.remove(1, Some("alice"), &[]);
        assert_eq!(cache.get(&"own".into(), 1, 0), None);
    }

    fn body(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn an_answer_holds_an_hour_from_the_first_request_and_not_longer() {
        let cache = Cache::default();
        cache.insert("q".into(), 1, 1_000, OWNED, body("a"));
        assert_eq!(cache.get(&"q".into(), 1, 1_000 + TTL_MILLIS - 1), Some(body("a")));
        assert_eq!(cache.get(&"q".into(), 1, 1_000 + TTL_MILLIS), None);
    }

    #[test]
    fn a_change_of_flags_is_the_end_of_all_answers_before_it() {
        let cache = Cache::default();
        cache.insert("q".into(), 1, 0, OWNED, body("old"));
        assert_eq!(cache.get(&"q".into(), 2, 0), None);
        cache.insert("q".into(), 2, 0, OWNED, body("new"));
        assert_eq!(cache.get(&"q".into(), 2, 0), Some(body("new")));
    }

    #[test]
    fn the_oldest_answers_evict() {
        let cache = Cache::default();
        let large = Bytes::from(vec![0; MAX_BYTES / 4]);
        for request in ["a", "b", "c", "d", "e"] {
            cache.insert(request.into(), 1, 0, OWNED, large.clone());
        }
        assert_eq!(cache.get(&"a".into(), 1, 0), None);
        assert!(cache.get(&"e".into(), 1, 0).is_some());
        let entries = cache.0.lock().unwrap();
        assert!(entries.bytes <= MAX_BYTES + large.len() + ENTRY_BYTES);
        assert_eq!(entries.answers.len(), entries.queue.len());
    }
}
