//! The server from outside: the real program, real sockets, every route with good and bad input.
//!
//! Each test has a server and a database of its own. With `EXPERIMENT_TEST_POSTGRES=postgres://…` they run on PostgreSQL,
//! else on SQLite.
#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod answers;
mod attacks;
mod background_load;
mod backup;
mod checking;
mod client;
mod config_file;
mod conversion;
mod conversion_crash;
mod copy_crash;
mod copying;
mod crash;
mod cross_origin;
mod database;
mod deleting;
mod description;
mod disk_full;
mod evaluation;
mod event_costs;
mod event_pages;
mod event_streams;
mod everything_full;
mod experiment_names;
mod exposition;
mod exposure_header;
mod flag_rules;
mod flags;
mod flood;
mod health;
mod identify;
mod identity;
mod ids;
mod ingestion;
mod limits;
mod log;
mod log_file;
mod lookups;
mod many_flags;
mod metrics;
mod migrations;
mod poll_until;
mod postgres_address;
#[allow(dead_code, reason = "the load benchmark needs more of it")]
mod process;
mod property_limits;
mod property_states;
mod proxy;
mod read_only;
mod reading;
mod reloading;
mod replicas;
mod request_log;
mod retention;
mod revalidating;
mod route_matrix;
mod security;
mod slow;
mod small_disk;
mod smuggling;
mod starting;
mod stopping;
mod store_failure;
mod stored_bytes;
mod test_server;
mod throttle;
mod turns;
mod unreadable;
mod usage;
mod whole_loop;
mod wrong_keys;
