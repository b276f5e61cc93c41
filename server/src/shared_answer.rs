//! An answer that is the same for many readers: its tag, and its bytes in every coding that somebody asked for.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::HeaderValue;
use tokio::task::block_in_place;

use crate::compression::{Coding, Effort, MOST_BYTES};

/// The answer. Each coding is made once; none where it is not worth it.
pub struct SharedAnswer {
    pub tag: HeaderValue,
    plain: Bytes,
    coded: [OnceLock<Option<Bytes>>; Coding::ALL.len()],
}

impl SharedAnswer {
    /// Of plain bytes.
    pub fn new(plain: Bytes) -> Self {
        Self { tag: tag(&plain), plain, coded: Default::default() }
    }

    /// The bytes in this coding, or as they are.
    pub fn bytes(&self, coding: Option<Coding>) -> (Option<Coding>, Bytes) {
        let coded = coding.and_then(|coding| Some((coding, self.coded(coding)?)));
        coded.map_or_else(|| (None, self.plain.clone()), |(coding, bytes)| (Some(coding), bytes))
    }

    fn coded(&self, coding: Coding) -> Option<Bytes> {
        let kept = self.coded.get(coding as usize)?;
        if kept.get().is_none() {
            let effort = if self.plain.len() > MOST_BYTES { Effort::Little } else { Effort::Much };
            // Others that ask for it meanwhile wait for it.
            block_in_place(|| drop(kept.get_or_init(|| coding.compressed(&self.plain, effort)).clone()));
        }
        kept.get().cloned().flatten()
    }
}

/// The tag of plain bytes: a weak one, the same for every coding, and on every replica of one version.
pub fn tag(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
}
