//! Where the database is, and how that is shown: a path, or a server with the name of the database. The URL itself is
//! never shown, since it may hold a password.

use std::fmt;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

/// Where a database is.
pub enum Location {
    Sqlite { options: Box<SqliteConnectOptions>, in_memory: bool },
    Postgres(Box<PgConnectOptions>),
}

/// A URL that leads to no database.
#[derive(Debug, PartialEq, Eq)]
pub struct NoLocation;

impl Location {
    /// Reads `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. A bare path is one of SQLite.
    pub fn of(url: &str) -> Result<Self, NoLocation> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return PgConnectOptions::from_str(url)
                .map(|options| Self::Postgres(options.into()))
                .map_err(|_| NoLocation);
        }
        // Another kind of database, whose URL is no name for a file.
        if url.contains("://") && !url.starts_with("sqlite:") {
            return Err(NoLocation);
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|_| NoLocation)?;
        // Each connection would have a database of its own, gone with it.
        if options.get_filename().as_os_str().is_empty() {
            return Err(NoLocation);
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
        out.write_str("--database must be sqlite:PATH, sqlite::memory: or postgres://…")
    }
}

impl std::error::Error for NoLocation {}

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
            assert_eq!(Location::of(url).map(|location| location.to_string()), Err(NoLocation), "{url}");
        }
    }

    #[test]
    fn only_a_database_in_memory_forgets() {
        let forgets = |url: &str| Location::of(url).is_ok_and(|location| location.is_in_memory());
        assert!(forgets("sqlite::memory:") && forgets("sqlite://memory?mode=memory"));
        assert!(!forgets("sqlite:memory.db") && !forgets("postgres://localhost/memory"));
    }
}
