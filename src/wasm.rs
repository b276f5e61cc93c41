//! The edge to JavaScript, in browsers, in Node and in edge runtimes: exports, and the driver that has effects performed. Who
//! performs them is JavaScript (`pkg/src/wasm/host.ts`): requests, timers, storage, and calls into the code of the page.
//!
//! "Release before you call out": an export borrows the client, lets go, and only then are its effects performed, so
//! that a provider may call back into the client. Exports take `&self`. The methods of [`Host`] do not throw, and every other
//! import that can run code of the page is `catch`: no exception crosses a Rust frame. What stands here is
//! a usable client by itself (`tests/web.rs`); the npm package adds types and a cache of answers.

mod allocator;
mod clock;
mod delivery;
pub mod dialect;
mod driver;
mod effects;
mod host;
mod random;
mod text;

#[cfg(feature = "client")]
mod client;

#[cfg(feature = "evaluate")]
mod error;
#[cfg(feature = "evaluate")]
mod evaluate;
#[cfg(feature = "evaluate")]
mod local;

#[cfg(feature = "client")]
pub use client::CoreClient;
pub use delivery::CoreDelivery;
pub use dialect::JsDialect;
#[cfg(feature = "evaluate")]
pub use evaluate::evaluate;
pub use host::Host;
#[cfg(feature = "evaluate")]
pub use local::CoreLocal;
