//! Ingestion: what arriving events become. Pure: no SQL, no HTTP, no clock. The rules are in `docs/spec.md`.
//!
//! An event takes this way, in the order of the modules:
//! 1. [`transform`] reads it: a [`NormalizedEvent`] or a [`Rejection`] by field. Exposures are renamed and change a user
//!    property; everything else passes. [`throttle`] says whether its request is admitted.
//! 2. [`incoming`] stamps it with its time ([`time`]) and its position in the order of changes ([`lww`]).
//! 3. [`batch`] applies a batch of events to what the store has loaded: who is who ([`person_index`]), what their
//!    properties become ([`properties`], [`property`], [`change`]) within the [`limits`], and a [`Verdict`] for each event.
//!    [`experiment_properties`] has which names a project may use for them, [`freed_names`] what becomes of those that an
//!    admin takes back.
//! 4. [`usage`] says which stored events count to a project's volume.
//!
//! `tests/vectors/ingestion.json` of the repository has the cases, `tests/permutations.rs` shows that the order of
//! arrival makes no difference.
#![forbid(unsafe_code)]

pub mod batch;
pub mod bucket;
pub mod change;
pub mod difference;
pub mod experiment_properties;
mod exposure;
pub mod first_schema;
pub mod first_schema_states;
pub mod freed_names;
mod id;
pub mod incoming;
pub mod limits;
mod list_difference;
pub mod lww;
pub mod meter;
mod name;
pub mod person_index;
pub mod person_properties;
pub mod properties;
pub mod property;
mod rejection;
mod retention;
mod rules;
pub mod throttle;
pub mod time;
mod transform;
pub mod unique_key;
pub mod usage;
mod verdict;

pub use exposure::Exposed;
pub use id::MIN_ID_LENGTH;
pub use incoming::IncomingEvent;
pub use name::{MAX_NAME_BYTES, is_storable};
pub use rejection::{Fault, Rejection};
pub use retention::Retention;
pub use rules::Rules;
pub use time::MAX_TIME;
pub use transform::{NormalizedEvent, transform};
pub use verdict::Verdict;
