//! Answers of remote evaluation, kept for an hour from the first request, so that the same question is not an assignment
//! again. The rule is the seed's; an answer of a former edition of the flags is no answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use experiment_wasm::json::Text;
use prometheus_client::metrics::gauge::Gauge;

/// For how long an answer holds, in milliseconds: Amplitude's CDN keeps them 60 minutes from the first request.
const HOLDS_MILLIS: u64 = 60 * 60 * 1_000;

/// How many bytes of answers are kept: a quarter of the 256 MiB that the server shall live in.
const MOST_BYTES: usize = 64 << 20;

/// What an entry costs beside its body, as measured with 300,000 users: its key twice, and the tables, which are half empty
/// after they have grown.
const ENTRY_BYTES: usize = 512;

/// The answers, and the number of their bytes.
#[derive(Default)]
pub struct Cache(Mutex<Kept>, Gauge);

#[derive(Default)]
struct Kept {
    answers: HashMap<Text, Answer>,
    /// Oldest first. All answers hold equally long, so the first to come is the first to go.
    queue: VecDeque<Entry>,
    bytes: usize,
    entries: u64,
}

struct Answer {
    edition: u64,
    since: u64,
    body: Bytes,
    /// The entry it came with; an older entry of the same question no longer counts.
    entry: u64,
}

struct Entry {
    question: Text,
    since: u64,
    bytes: usize,
    number: u64,
}

impl Cache {
    /// No answers; their bytes are told to this gauge.
    pub fn told_to(bytes: Gauge) -> Self {
        Self(Mutex::default(), bytes)
    }

    /// The answer to a question that was asked before, while it holds.
    pub fn get(&self, question: &Text, edition: u64, now: u64) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = kept.answers.get(question)?;
        let holds = answer.edition == edition && now.saturating_sub(answer.since) < HOLDS_MILLIS;
        holds.then(|| answer.body.clone())
    }

    /// Keeps the answer to a question that had none.
    pub fn keep(&self, question: Text, edition: u64, now: u64, body: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.make_room(now);
        kept.entries += 1;
        let (number, bytes) = (kept.entries, body.len() + ENTRY_BYTES);
        kept.bytes += bytes;
        self.1.set(i64::try_from(kept.bytes).unwrap_or(i64::MAX));
        kept.queue.push_back(Entry { question: question.clone(), since: now, bytes, number });
        kept.answers.insert(question, Answer { edition, since: now, body, entry: number });
    }
}

impl Kept {
    fn make_room(&mut self, now: u64) {
        let must_go = |entry: &Entry, bytes| bytes >= MOST_BYTES || now.saturating_sub(entry.since) >= HOLDS_MILLIS;
        while self.queue.front().is_some_and(|entry| must_go(entry, self.bytes)) {
            let Some(gone) = self.queue.pop_front() else { return };
            self.bytes -= gone.bytes;
            if self.answers.get(&gone.question).is_some_and(|answer| answer.entry == gone.number) {
                self.answers.remove(&gone.question);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn an_answer_holds_an_hour_from_the_first_request_and_not_longer() {
        let cache = Cache::default();
        cache.keep("q".into(), 1, 1_000, body("a"));
        assert_eq!(cache.get(&"q".into(), 1, 1_000 + HOLDS_MILLIS - 1), Some(body("a")));
        assert_eq!(cache.get(&"q".into(), 1, 1_000 + HOLDS_MILLIS), None);
    }

    #[test]
    fn a_change_of_flags_is_the_end_of_all_answers_before_it() {
        let cache = Cache::default();
        cache.keep("q".into(), 1, 0, body("old"));
        assert_eq!(cache.get(&"q".into(), 2, 0), None);
        cache.keep("q".into(), 2, 0, body("new"));
        assert_eq!(cache.get(&"q".into(), 2, 0), Some(body("new")));
    }

    #[test]
    fn the_oldest_answers_make_room() {
        let cache = Cache::default();
        let large = Bytes::from(vec![0; MOST_BYTES / 4]);
        for question in ["a", "b", "c", "d", "e"] {
            cache.keep(question.into(), 1, 0, large.clone());
        }
        assert_eq!(cache.get(&"a".into(), 1, 0), None);
        assert!(cache.get(&"e".into(), 1, 0).is_some());
        let kept = cache.0.lock().unwrap();
        assert!(kept.bytes <= MOST_BYTES + large.len() + ENTRY_BYTES);
        assert_eq!(kept.answers.len(), kept.queue.len());
    }
}
