//! Client-side experimentation, decided by one Rust core.
#![deny(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::todo
)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

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
pub mod segment;
pub mod storage;
pub mod time;
pub mod user;
pub mod variant;
#[cfg(all(target_arch = "wasm32", any(feature = "client", feature = "evaluate")))]
pub mod web;
