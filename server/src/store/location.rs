//! Where the database is, and how that is shown: a path, or a server with the name of the database. The URL itself is
//! never shown, since it may hold a password.

use std::fmt;
use std::io::ErrorKind;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::SqliteConnectOptions;

/// Where a database is.
pub enum Location {
    Sqlite { options: Box<SqliteConnectOptions>, in_memory: bool },
    Postgres(Box<PgConnectOptions>),
}

/// The parameters of a PostgreSQL URL that the driver knows. It would log any other with its value.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Those that name files.
const FILES: [&str; 7] = ["ssl-ca", "ssl-cert", "ssl-key", "ssl-root-cert", "sslcert", "sslkey", "sslrootcert"];

/// The longest name of a parameter that is shown, in bytes: a longer one may be a value that lost its name.
const SHOWN_NAME: usize = 32;

/// Why a URL leads to no database.
#[derive(Debug, PartialEq, Eq)]
pub enum NoLocation {
    /// It is of another kind, or broken.
    Shape,
    /// A parameter that there is not, by its name.
    UnknownParameter(String),
    /// `sslmode` is none of PostgreSQL's words.
    SslMode,
    /// The file of this parameter cannot be opened.
    File(&'static str, ErrorKind),
}

impl Location {
    /// Reads `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. A bare path is one of SQLite.
    pub fn of(url: &str) -> Result<Self, NoLocation> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return postgres(url);
        }
        // Another kind of database, whose URL is no name for a file.
        if url.contains("://") && !url.starts_with("sqlite:") {
            return Err(NoLocation::Shape);
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|_| NoLocation::Shape)?;
        // Each connection would have a database of its own, gone with it.
        if options.get_filename().as_os_str().is_empty() {
            return Err(NoLocation::Shape);
        }
        Ok(Self::Sqlite { options: options.into(), in_memory: url.contains(":memory:") || url.contains("mode=memory") })
    }

    /// Whether everything in it is gone with the process.
    pub fn is_in_memory(&self) -> bool {
        matches!(self, Self::Sqlite { in_memory: true, .. })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { in_memory: true, .. } => out.write_str("in memory"),
            Self::Sqlite { options, .. } => write!(out, "{}", options.get_filename().display()),
            Self::Postgres(options) => {
                let name = options.get_database().unwrap_or_default();
                write!(out, "{name} on {}:{}", options.get_host(), options.get_port())
            }
        }
    }
}

impl fmt::Display for NoLocation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => out.write_str("must be sqlite:PATH, sqlite::memory: or postgres://…"),
            Self::UnknownParameter(name) => write!(out, "has a parameter that is not known: {name}"),
            Self::SslMode => {
                out.write_str("must have an sslmode of disable, allow, prefer, require, verify-ca or verify-full")
            }
            Self::File(name, kind) => write!(out, "names a file in {name} that cannot be opened: {kind}"),
        }
    }
}

impl std::error::Error for NoLocation {}

/// Looks at the parameters before the driver does.
fn postgres(url: &str) -> Result<Location, NoLocation> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    // What is broken before the parameters may be a password with a question mark in it.
    PgConnectOptions::from_str(address).map_err(|_| NoLocation::Shape)?;
    let query = query.split('#').next().unwrap_or_default();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if !PARAMETERS.contains(&name) && !name.starts_with("options[") {
            return Err(NoLocation::UnknownParameter(shown(name)));
        }
        if ["sslmode", "ssl-mode"].contains(&name) && PgSslMode::from_str(value).is_err() {
            return Err(NoLocation::SslMode);
        }
        if let Some(name) = FILES.into_iter().find(|file| *file == name) {
            open(value).map_err(|error| NoLocation::File(name, error.kind()))?;
        }
    }
    PgConnectOptions::from_str(url).map(|options| Location::Postgres(options.into())).map_err(|_| NoLocation::Shape)
}

/// Opens what a parameter names. The driver takes the text of a certificate in the place of its file too.
fn open(value: &str) -> std::io::Result<()> {
    let path = percent_decode_str(value).decode_utf8_lossy();
    if path.starts_with("-----BEGIN") { Ok(()) } else { std::fs::File::open(&*path).map(drop) }
}

fn shown(name: &str) -> String {
    let is_name = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'-';
    let is_short = name.len() <= SHOWN_NAME && name.bytes().all(is_name);
    if is_short { name.to_owned() } else { "(not a name)".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_without_a_password() {
        let shown = |url: &str| Location::of(url).map(|location| location.to_string());
        assert_eq!(
            shown("postgres://shop:secret@db.example:6432/events?sslmode=disable"),
            Ok("events on db.example:6432".into())
        );
        assert_eq!(shown("sqlite:/var/lib/events.db?mode=rwc"), Ok("/var/lib/events.db".into()));
        assert_eq!(shown("events.db"), Ok("events.db".into()));
        assert_eq!(shown("sqlite::memory:"), Ok("in memory".into()));
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for url in [
            "",
            "sqlite:",
            "sqlite://",
            "mysql://shop:secret@db/events",
            "postgres://shop:secret@db:x/",
            "sqlite:a?b=c",
        ] {
            assert_eq!(Location::of(url).map(|location| location.to_string()), Err(NoLocation::Shape), "{url}");
        }
    }

    #[test]
    fn a_parameter_that_is_not_known_is_refused_by_its_name_and_without_its_value() {
        let refused = |query: &str| {
            let url = format!("postgres://shop@db/events?{query}");
            Location::of(&url).map(|location| location.to_string()).unwrap_err().to_string()
        };
        let unknown = |name: &str| format!("has a parameter that is not known: {name}");
        assert_eq!(refused("sslmode=require&sslrotcert=/zq7x"), unknown("sslrotcert"));
        assert_eq!(refused("pasword=zq7x"), unknown("pasword"));
        assert_eq!(refused("zq7x0=1"), unknown("(not a name)"));
        assert!(refused("sslmode=zq7x").starts_with("must have an sslmode of disable"));
        assert_eq!(refused("sslkey=/zq7x"), "names a file in sslkey that cannot be opened: entity not found");
        let url = "postgres://shop@db/events?sslmode=verify-full&sslrootcert=%2Fdev/null&options[search_path]=a";
        assert!(Location::of(url).is_ok());
    }

    #[test]
    fn only_a_database_in_memory_forgets() {
        let forgets = |url: &str| Location::of(url).is_ok_and(|location| location.is_in_memory());
        assert!(forgets("sqlite::memory:") && forgets("sqlite://memory?mode=memory"));
        assert!(!forgets("sqlite:memory.db") && !forgets("postgres://localhost/memory"));
    }
}
