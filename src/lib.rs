//! Client-side experimentation, decided by one Rust core.
//!
//! # The map
//!
//! | Module | What it decides |
//! |---|---|
//! | [`client`] | the client behind `fetch`, `variant` and `exposure`: identity, requests, stored variants, tracking |
//! | [`delivery`] | the outbox of the HTTP providers: what is sent when, and what an answer means |
//! | [`local`] | the client of a server that evaluates flags itself: loading flags, tracking assignments |
//! | `offer` | when a provider is offered again what it refused |
//! | [`machine`], [`effect`] | what these three are: state machines that return effects |
//! | [`evaluation`] | which variant of a flag a user gets |
//! | [`flag`], [`segment`], [`bucketing`] | flags in compiled form, their conditions, and the share of users they are for |
//! | [`exposure`], [`assignment`] | the two events: when there is one, and what is in it |
//! | [`insert_id`], [`digest`] | the id under which an event counts once |
//! | [`user`], [`variant`] | who is evaluated, and what they get |
//! | [`api`] | requests and responses as data, for both ends |
//! | [`storage`], [`time`], [`error`] | the storage a client is lent, its two clocks, its errors |
//! | [`dialect`] | JavaScript's rules for text, given by the platform |
//! | [`json`] | JSON: one reader and writer for all builds |
//! | `web` | the browser edge, in wasm builds |
//!
//! Start reading at [`client`], [`evaluation`] or [`exposure`]. The rules are in `docs/spec.md`, the plan in
//! `docs/design.md`.
//!
//! # The dependency rule
//!
//! No module but `web` touches a clock, the network, storage or JavaScript: the world enters by argument, and leaves as
//! [`effect`]s. Modules depend downwards in the list above, never in a circle; `tests/architecture.rs` checks it.

pub mod api;
pub mod assignment;
pub mod bucketing;
#[cfg(feature = "client")]
pub mod client;
pub mod delivery;
pub mod dialect;
pub mod digest;
pub mod effect;
pub mod error;
pub mod evaluation;
pub mod exposure;
pub mod flag;
pub mod insert_id;
pub mod json;
pub mod local;
pub mod machine;
mod offer;
pub mod segment;
pub mod storage;
pub mod time;
pub mod user;
pub mod variant;
#[cfg(all(target_arch = "wasm32", any(feature = "client", feature = "evaluate")))]
pub mod web;
