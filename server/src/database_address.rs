//! Where the address of the database comes from: the command line, a file, or the environment. It may hold a password,
//! so that no error shows it.

use std::ffi::OsString;

use crate::options::DatabaseOption;

/// The variable of the environment that many platforms set.
pub const VARIABLE: &str = "DATABASE_URL";

/// The URL of a database, and who says it.
#[derive(Debug)]
pub struct DatabaseAddress {
    pub url: String,
    pub source: String,
}

impl DatabaseAddress {
    /// What the command line says, else the environment; else a database in memory.
    pub fn find(option: Option<&DatabaseOption>, variable: Option<OsString>) -> Result<Self, String> {
        match (option, variable) {
            (Some(DatabaseOption::Url(url)), _) => Ok(Self { url: url.clone(), source: "--database".into() }),
            (Some(DatabaseOption::File(file)), _) => {
                let source = format!("--database-file {}", file.display());
                let url = std::fs::read_to_string(file).map_err(|error| format!("{source}: {error}"))?;
                Ok(Self { url: url.trim().to_owned(), source })
            }
            (None, Some(url)) => {
                let url = url.into_string().map_err(|_| format!("{VARIABLE} is not UTF-8"))?;
                Ok(Self { url, source: VARIABLE.into() })
            }
            (None, None) => Ok(Self { url: "sqlite::memory:".into(), source: "--database".into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let found = |option: Option<&str>, variable: Option<&str>| {
            let option = option.map(|url| DatabaseOption::Url(url.into()));
            let found = DatabaseAddress::find(option.as_ref(), variable.map(Into::into)).unwrap();
            (found.url, found.source)
        };
        assert_eq!(found(Some("a.db"), Some("b.db")), ("a.db".into(), "--database".into()));
        assert_eq!(found(None, Some("b.db")), ("b.db".into(), "DATABASE_URL".into()));
        assert_eq!(found(None, None), ("sqlite::memory:".into(), "--database".into()));
    }
}
