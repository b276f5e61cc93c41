//! Remote evaluation: the flags in force, what a user gets of them, the cache of answers, and the events it tracks.

pub mod cache;
pub mod deployment_names;
pub mod flag_faults;
pub mod flag_rules;
pub mod flag_snapshot;
pub mod result;
pub mod tracking_queue;
