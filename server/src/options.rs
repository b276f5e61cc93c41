//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

pub const USAGE: &str = "\
experiment-server --config FILE [--host ADDRESS] [--port N] [--database URL | --database-file FILE] [--www DIR]
                  [--metrics-port N] [--access-log]
experiment-server check FILE
experiment-server copy FROM TO

  check FILE       says what is wrong with a configuration, or what it is; opens no database
  copy FROM TO     copies a whole database into an empty one, of the same engine or the other; each is a URL, as for
                   --database. FROM may be served meanwhile
  --config FILE    projects, keys, deployments and flags, as JSON; flags seed an empty database
  --host ADDRESS   where to listen: an address, or a name and all addresses it has (127.0.0.1; 0.0.0.0 is everywhere)
  --port N         on which port (8080; 0 takes a free one)
  --database URL   sqlite:PATH, postgres://…, or sqlite::memory: which forgets everything at the end (sqlite::memory:)
  --database-file FILE  a file that holds this URL
  --www DIR        static files to serve beside the API
  --metrics-port N on which port of the same address to answer GET /metrics for Prometheus (none; 0 takes a free one)
  --access-log     logs each request when it was answered
  --version        which version this is

  DATABASE_URL           the URL of the database, where no option says it
  EXPERIMENT_LOG         what is logged: a level, or levels by module, as in warn,experiment_server::store=debug (info)
  EXPERIMENT_LOG_FORMAT  text or json (text)
  SIGHUP reads the configuration again, SIGTERM and SIGINT stop the server.";

/// Which version this is.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub config: PathBuf,
    pub host: String,
    pub port: u16,
    /// `None` leaves it to the environment.
    pub database: Option<DatabaseOption>,
    pub www: Option<PathBuf>,
    pub metrics_port: Option<u16>,
    pub access_log: bool,
}

/// What the command line says of the database.
#[derive(Debug, PartialEq, Eq)]
pub enum DatabaseOption {
    Url(String),
    /// The file that holds the URL.
    File(PathBuf),
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Serve(Options),
    /// Look at this configuration.
    Check(PathBuf),
    /// Copy a database to another address.
    Copy {
        from: String,
        to: String,
    },
    Help,
    Version,
}

/// Reads the arguments after the program's name.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut args = args.into_iter().peekable();
    if args.next_if(|word| word == "copy").is_some() {
        return read_copy(lexopt::Parser::from_args(args));
    }
    let mut parser = lexopt::Parser::from_args(args);
    let (mut config, mut host, mut port) = (None, "127.0.0.1".to_owned(), 8080);
    let (mut database, mut www, mut metrics_port) = (None, None, None);
    let (mut is_check, mut access_log) = (false, false);
    while let Some(arg) = parser.next()? {
        match arg {
            Value(word) if word == "check" && !is_check => is_check = true,
            Value(file) if is_check && config.is_none() => config = Some(file.into()),
            Long("config") => config = Some(parser.value()?.into()),
            Long("host") => host = parser.value()?.string()?,
            Long("port") => port = parser.value()?.parse()?,
            Long("database") => once(&mut database, DatabaseOption::Url(parser.value()?.string()?))?,
            Long("database-file") => once(&mut database, DatabaseOption::File(parser.value()?.into()))?,
            Long("www") => www = Some(parser.value()?.into()),
            Long("metrics-port") => metrics_port = Some(parser.value()?.parse()?),
            Long("access-log") => access_log = true,
            Long("version") | Short('V') => return Ok(Command::Version),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let config = config.ok_or("--config is missing")?;
    if is_check {
        return Ok(Command::Check(config));
    }
    Ok(Command::Serve(Options { config, host, port, database, www, metrics_port, access_log }))
}

/// Reads what follows `copy`.
fn read_copy(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut urls = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Value(url) if urls.len() < 2 => urls.push(url.string()?),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let [from, to] = <[String; 2]>::try_from(urls).map_err(|_| "copy wants two databases: FROM TO")?;
    Ok(Command::Copy { from, to })
}

/// A repeated `--database` takes the place of the first, as every option does; a file beside a URL is a mistake.
fn once(database: &mut Option<DatabaseOption>, other: DatabaseOption) -> Result<(), lexopt::Error> {
    let is_same_kind = |one: &DatabaseOption| std::mem::discriminant(one) == std::mem::discriminant(&other);
    if database.as_ref().is_some_and(|one| !is_same_kind(one)) {
        return Err("--database and --database-file name the database twice".into());
    }
    *database = Some(other);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database_address::DatabaseAddress;

    fn command(line: &str) -> Result<Command, lexopt::Error> {
        read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_is_not_said_is_a_database_in_memory_on_this_machine_only() {
        let Ok(Command::Serve(options)) = command("--config demo.json") else { panic!("not understood") };
        assert_eq!((options.port, &options.database), (8080, &None));
        let address = DatabaseAddress::find(options.database.as_ref(), None).unwrap();
        assert_eq!(address.url, "sqlite::memory:");
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

    #[test]
    fn a_configuration_is_checked_by_its_name_or_by_the_options_of_a_server() {
        let check = |file: &str| Command::Check(file.into());
        assert_eq!(command("check shop.json").unwrap(), check("shop.json"));
        assert_eq!(command("check --config shop.json").unwrap(), check("shop.json"));
        assert_eq!(command("--config shop.json --port 80 check").unwrap(), check("shop.json"));
        for line in ["check", "check a b", "check --config a b", "chek shop.json", "shop.json"] {
            assert!(command(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_copy_has_two_databases_and_no_options() {
        let copy = Command::Copy { from: "a.db".into(), to: "postgres://db/b".into() };
        assert_eq!(command("copy a.db postgres://db/b").unwrap(), copy);
        for line in
            ["copy", "copy a", "copy a b c", "copy a b --config c", "--config c copy a b", "copy --database a b"]
        {
            assert!(command(line).is_err(), "{line}");
        }
        assert_eq!(command("copy --help").unwrap(), Command::Help);
    }

    #[test]
    fn the_database_is_said_in_one_way() {
        assert!(command("--config a --database sqlite:b --database-file c").is_err());
        assert!(command("--config a --database-file c --database sqlite:b").is_err());
        assert!(command("--config a --database sqlite:b --database sqlite:c").is_ok());
    }
}
