//! Client-side experimentation, decided by one Rust core.
//!
//! # The map
//!
//! | Module | What it decides |
//! |---|---|
//! | `wasm` | the exports for JavaScript in browsers, in Node and at the edge, and the driver of the state machines there |
//! | [`client`] | the client behind `fetch`, `variant` and `exposure`: identity, requests, stored variants, tracking |
//! | [`local`] | the client of a server that evaluates flags itself: loading flags, tracking assignments |
//! | [`delivery`] | the outbox of the HTTP providers: when events are sent, and what a response means |
//! | `offer` | when a provider is offered again what it refused |
//! | [`machine`], [`effect`] | the interface of these three: state machines that return effects |
//! | [`assignment`] | the assignment event: its conditions and contents |
//! | [`evaluation`] | which variant of a flag evaluation gives a user; which source answers `variant()` is in `client/answer.rs` |
//! | [`flag`], [`segment`], [`bucketing`] | flags in compiled form, their conditions, and the share of users they are for |
//! | [`exposure`] | the exposure event: its conditions and contents |
//! | [`api`] | requests and responses as data, for both ends |
//! | [`variant`], [`user`] | the variants that users get, and the user with their identity |
//! | [`storage`], [`error`] | the client's storage and its keys, and its errors |
//! | [`field_hasher`], [`digest`], [`time`] | digests of fields, as insert ids are; the two clocks |
//! | [`dialect`], [`json`] | JavaScript's rules for text, given by the platform; JSON: one reader and writer for all builds |
//!
//! Start reading at [`client`], [`evaluation`] or [`exposure`]. The rules are in `docs/spec.md`, the plan in
//! `docs/design.md`.
//!
//! # The dependency rule
//!
//! No module but `wasm` touches a clock, the network, storage or JavaScript: inputs are arguments, outputs are [`effect`]s.
//! Modules depend downwards in this table, never in a circle; `tests/architecture.rs` checks it.

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
pub mod field_hasher;
pub mod flag;
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
pub mod wasm;
