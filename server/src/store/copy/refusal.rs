//! Why a database is not copied, and at which of the two addresses that is.

use std::fmt;

use sqlx::migrate::MigrateError;

use super::super::location::Location;
use super::super::schema::Unusable;
use super::value::Unfit;

/// Why nothing was copied.
pub enum Refusal {
    Unusable(Unusable),
    InMemory,
    /// The source has no tables of ours.
    Nothing,
    /// The source has tables of an earlier version.
    Older,
    /// The source has so many rows of an earlier version.
    NotConverted(i64),
    /// The target has tables.
    NotEmpty,
    /// A column is neither for numbers nor for texts.
    UnknownColumn(String),
    /// The source has values that the target cannot hold.
    Unfit(Unfit),
    /// What was written is not what was read.
    Counts {
        table: &'static str,
        read: u64,
        written: u64,
    },
}

/// Where the two databases are.
pub struct Addresses<'a> {
    pub from: &'a Location,
    pub to: &'a Location,
}

impl Addresses<'_> {
    pub fn source(&self, why: impl Into<Refusal>) -> String {
        format!("FROM {}: {}", self.from, why.into())
    }

    pub fn target(&self, why: impl Into<Refusal>) -> String {
        format!("TO {}: {}", self.to, why.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) => why.fmt(out),
            Self::InMemory => out.write_str("a database in memory is gone with its process: name a file or a server"),
            Self::Nothing => out.write_str("it has no tables of experiment-server"),
            Self::Older => out.write_str(
                "its tables are those of an earlier version: start this version of the server on it once, and copy it \
                 when experiment_rows_to_convert in /metrics is 0",
            ),
            Self::NotConverted(rows) => write!(
                out,
                "{rows} rows of an earlier version are not converted yet: let the server run on it until \
                 experiment_rows_to_convert in /metrics is 0"
            ),
            Self::NotEmpty => out.write_str(
                "it has tables already, and was left as it is: name an empty database, or a file that does not exist \
                 yet",
            ),
            Self::UnknownColumn(column) => write!(out, "the column {column} holds neither numbers nor texts"),
            Self::Unfit(unfit) => unfit.fmt(out),
            Self::Counts { table, read, written } => {
                write!(out, "the table {table} has {written} rows where the source has {read}; nothing was copied")
            }
        }
    }
}

impl From<Unusable> for Refusal {
    fn from(why: Unusable) -> Self {
        Self::Unusable(why)
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Unusable(error.into())
    }
}

impl From<MigrateError> for Refusal {
    fn from(error: MigrateError) -> Self {
        Self::Unusable(error.into())
    }
}
