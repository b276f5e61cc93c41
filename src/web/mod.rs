//! The browser edge: where the client meets fetch, timers, storage, and the code of the page. Half of it is JavaScript: see
//! `host.rs`.
//!
//! "Release before you call out": an export borrows the client, lets go, and only then are its effects performed, so
//! that a provider may call back into the client. Exports take `&self`. Every import that can run code of the page is
//! `catch`: no exception ever crosses a Rust frame. What stands here is a usable client by itself (`tests/web.rs`); the
//! npm package adds types and a cache of answers.

mod allocator;
mod clock;
pub mod dialect;
mod effects;
mod random;
mod text;

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod delivery;
#[cfg(feature = "client")]
mod driver;
#[cfg(feature = "client")]
mod host;

#[cfg(feature = "evaluate")]
mod error;
#[cfg(feature = "evaluate")]
mod evaluate;
#[cfg(feature = "evaluate")]
mod local;
#[cfg(feature = "evaluate")]
mod outbox;

#[cfg(feature = "client")]
pub use client::CoreClient;
#[cfg(feature = "client")]
pub use delivery::CoreDelivery;
pub use dialect::JsDialect;
#[cfg(feature = "evaluate")]
pub use evaluate::evaluate;
#[cfg(feature = "client")]
pub use host::Host;
#[cfg(feature = "evaluate")]
pub use local::CoreLocal;
#[cfg(feature = "evaluate")]
pub use outbox::CoreOutbox;
