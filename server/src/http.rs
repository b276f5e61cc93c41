//! HTTP that is the same for every route: connections, bodies, memory, origins, keys, refusals, what is logged.

pub mod body;
mod body_pace;
mod connections;
pub mod keys;
pub mod listeners;
pub mod memory_budget;
pub mod origin;
pub mod query;
pub mod refusal;
pub mod request;
pub mod request_log;
pub mod response;
pub mod revalidation;
pub mod security_headers;
pub mod server;
mod text_length;
pub mod urlencoded;
