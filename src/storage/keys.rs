//! Every key under which the core stores a text. What the browser's storage has under them, README.md lists; the package has
//! those that it needs in `pkg/src/browser/storage-keys.ts`, and `tests/storage-keys.test.mjs` compares all three.
#![cfg_attr(not(feature = "client"), allow(dead_code, reason = "most are of the client's"))]

use crate::json::Text;

/// The beginning of the keys of one client in `localStorage`, and the whole key of its variants: the reference's, so that a
/// page which switches keeps its cache. Two deployments whose API keys end alike share it.
pub(crate) fn namespace(instance_name: &Text, api_key: &[u8]) -> Text {
    let tail = api_key.get(api_key.len().saturating_sub(6)..).unwrap_or_default();
    Text::from("amp-exp-").then(instance_name).then(b"-").then(tail)
}

/// After the namespace: flag configurations, and the options of the last fetch. The reference's.
pub(crate) const FLAGS: &[u8] = b"-flags";
pub(crate) const OPTIONS: &[u8] = b"-variants-options";

/// After the namespace: the history of exposures that a provider has.
pub(crate) const EXPOSED: &[u8] = b"-exposed";

/// After the key of a text: its mark, which says to whom the text belongs.
pub(crate) const MARK: &[u8] = b"-identity";

/// In `sessionStorage`: the history of exposures that a plugin has. The reference's.
pub(crate) fn sent(instance_name: &Text) -> Text {
    Text::from("EXP_sent_v3_").then(instance_name)
}

/// The beginning of the keys of exposures that wait for a plugin; each ends with an `insert_id`.
pub(crate) fn queue(instance_name: &Text) -> Text {
    Text::from("EXP_queue_v1_").then(instance_name).then(b"_")
}

/// The beginning of the keys of events in the outboxes of the HTTP providers; `v1` is the format.
pub(crate) const OUTBOX: &str = "EXP_outbox_v1_";

/// In [`Area::Page`](super::Area::Page) alone, for an instance that takes over after a trap: the user; that the client runs;
/// the beginning of the keys of exposures that a provider has not taken.
pub(crate) const USER: &str = "user";
pub(crate) const RUNNING: &str = "running";
pub(crate) const PENDING: &[u8] = b"pending ";

/// The same of local evaluation: the text of the flags; the beginning of the keys of assignments that are not settled.
pub(crate) const LOCAL_FLAGS: &str = "flags";
pub(crate) const ASSIGNMENT: &str = "assignment ";
