//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

pub const USAGE: &str = "\
experiment-server --config FILE [--host ADDRESS] [--port N] [--database URL] [--www DIR] [--metrics-port N]

  --config FILE    projects, keys, deployments and flags, as JSON; flags seed an empty database
  --host ADDRESS   where to listen: an address, or a name and all addresses it has (127.0.0.1; 0.0.0.0 is everywhere)
  --port N         on which port (8080; 0 takes a free one)
  --database URL   sqlite:PATH, postgres://…, or sqlite::memory: which forgets everything at the end (sqlite::memory:)
  --www DIR        static files to serve beside the API
  --metrics-port N on which port of the same address to answer GET /metrics for Prometheus (none; 0 takes a free one)
  --version        which version this is";

/// What `--version` says.
pub const VERSION: &str = concat!("experiment-server ", env!("CARGO_PKG_VERSION"));

/// The command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub config: PathBuf,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub www: Option<PathBuf>,
    pub metrics_port: Option<u16>,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Serve(Options),
    Help,
    Version,
}

/// Reads the arguments after the program's name.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(args);
    let (mut config, mut host, mut port) = (None, "127.0.0.1".to_owned(), 8080);
    let (mut database, mut www, mut metrics_port) = ("sqlite::memory:".to_owned(), None, None);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("config") => config = Some(parser.value()?.into()),
            Long("host") => host = parser.value()?.string()?,
            Long("port") => port = parser.value()?.parse()?,
            Long("database") => database = parser.value()?.string()?,
            Long("www") => www = Some(parser.value()?.into()),
            Long("metrics-port") => metrics_port = Some(parser.value()?.parse()?),
            Long("version") | Short('V') => return Ok(Command::Version),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let config = config.ok_or("--config is missing")?;
    Ok(Command::Serve(Options { config, host, port, database, www, metrics_port }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Result<Command, lexopt::Error> {
        read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_is_not_said_is_a_database_in_memory_on_this_machine_only() {
        let Ok(Command::Serve(options)) = command("--config demo.json") else { panic!("not understood") };
        assert_eq!((options.port, options.database.as_str()), (8080, "sqlite::memory:"));
        assert_eq!(options.host, "127.0.0.1");
        assert_eq!(options.metrics_port, None);
    }

    #[test]
    fn a_word_that_nobody_knows_is_refused() {
        assert!(command("--config demo.json --prot 80").is_err());
        assert!(command("--port 80").is_err());
        assert_eq!(command("--help").unwrap(), Command::Help);
        assert_eq!(command("--version").unwrap(), Command::Version);
    }
}
