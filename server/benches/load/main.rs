//! `make bench-server`: the load benchmark. The real release server on a database that lasts, asked over sockets that
//! stay open; what came out is printed, and nothing fails because it is slow. It fails where an answer is not 200, or
//! where the database does not hold afterwards what was acknowledged.
//!
//! With `EXPERIMENT_TEST_POSTGRES=postgres://…` on PostgreSQL, else on SQLite. Rows are explained in benches/README.md.
//!
//! cargo bench -p experiment-server --bench load -- [--short] [--seconds N] [--only WORD] [--beside PROGRAM]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod cases;
mod connection;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/server/database.rs"]
mod database;
mod flags;
mod pace;
mod pages;
#[allow(dead_code, reason = "the tests need it")]
#[path = "../../tests/server/poll_until.rs"]
mod poll_until;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/server/process.rs"]
mod process;
mod run;
mod servers;
#[allow(dead_code, reason = "the tests need it")]
#[path = "../../tests/server/small_disk.rs"]
mod small_disk;
mod table;
mod traffic;

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

/// What is measured, and for how long.
pub struct Options {
    /// How long each row is measured.
    pub time: Duration,
    /// A word of the names of the cases that are measured.
    pub only: String,
    /// A first look: few cases.
    pub short: bool,
    /// Another version of the server, measured after this one in each case.
    pub beside: Option<PathBuf>,
}

fn main() {
    let options = options().unwrap_or_else(|error| panic!("{error}"));
    let material = flags::of_the_browser_benches();
    table::head();
    for case in cases::all(options.short).iter().filter(|case| case.name.contains(&options.only)) {
        run::case(case, &material, options.time, None);
        if let Some(other) = &options.beside {
            run::case(case, &material, options.time, Some(other));
        }
    }
}

fn options() -> Result<Options, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut seconds, mut only, mut short, mut beside) = (None, String::new(), false, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seconds") => seconds = Some(parser.value()?.parse()?),
            Long("only") => only = parser.value()?.string()?,
            Long("short") => short = true,
            Long("beside") => beside = Some(parser.value()?.into()),
            // What cargo says to every bench.
            Long("bench") => {}
            other => return Err(other.unexpected()),
        }
    }
    let time = Duration::from_secs(seconds.unwrap_or(if short { 3 } else { 10 }));
    Ok(Options { time, only, short, beside })
}
