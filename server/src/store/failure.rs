//! Failures of the store in words for the log: the database's own message may quote a value.

use std::fmt;
use std::io::ErrorKind;

use sqlx::Error;

/// What the store answers.
pub type Result<T> = std::result::Result<T, Error>;

const READ_ONLY: &str = "read-only";

const LOCKED: &str = "locked";

/// A failure, shown without any value: the code of the database's answer, never its message.
pub struct Failure<'a>(pub &'a Error);

impl fmt::Display for Failure<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::Database(answer) => {
                let code = answer.code().unwrap_or_default();
                write!(out, "the database answered {code}, {}", meaning(&code))?;
                answer.constraint().map_or(Ok(()), |constraint| write!(out, " ({constraint})"))
            }
            _ if is_too_large(self.0) => out.write_str("a request loads more than a transaction may"),
            Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                out.write_str("the database's certificate is not trusted, or TLS failed")
            }
            Error::Io(error) => write!(out, "the connection to the database failed: {}", error.kind()),
            Error::ColumnDecode { index, .. } => write!(out, "column {index} of the database holds something else"),
            Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::BeginFailed
            | Error::ColumnIndexOutOfBounds { .. } => self.0.fmt(out),
            _ => out.write_str("the driver of the database failed"),
        }
    }
}

/// Whether the connection cannot write, whatever is written.
pub fn is_read_only(error: &Error) -> bool {
    match error {
        Error::Database(answer) => answer.code().is_some_and(|code| meaning(&code) == READ_ONLY),
        Error::Io(error) => error.kind() == ErrorKind::ReadOnlyFilesystem,
        _ => false,
    }
}

/// A transaction would load more than it may.
pub fn too_large() -> Error {
    Error::Io(ErrorKind::FileTooLarge.into())
}

/// Whether that is why it failed.
pub fn is_too_large(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == ErrorKind::FileTooLarge)
}

/// Whether another process is in the way.
pub fn is_locked(error: &Error) -> bool {
    matches!(error, Error::Database(answer) if answer.code().is_some_and(|code| meaning(&code) == LOCKED))
}

/// The meaning of PostgreSQL's codes, which have five characters, and of SQLite's, which have at most four.
fn meaning(code: &str) -> &'static str {
    match code {
        "53100" => "disk full",
        "25006" => READ_ONLY,
        "53300" => "too many connections",
        _ if code.len() == 5 => match code.get(..2) {
            Some("08" | "57") => "it is not available",
            Some("23") => "against a constraint",
            Some("28") => "the user or the password is refused",
            Some("3D") => "there is no database of this name",
            Some("40" | "55") => LOCKED,
            Some("42") => "tables that are not as expected",
            _ => "see PostgreSQL's error codes",
        },
        // The low byte is the kind of error, the rest says more.
        _ => match code.parse::<u32>().unwrap_or_default() & 0xff {
            5 | 6 => LOCKED,
            8 => READ_ONLY,
            10 => "the disk failed",
            11 | 26 => "the file is broken",
            13 => "disk full",
            14 => "the file cannot be opened",
            19 => "against a constraint",
            1 => "tables that are not as expected",
            _ => "see SQLite's result codes",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_driver_says_of_values_is_left_out() {
        let shown = |error: Error| Failure(&error).to_string();
        assert_eq!(shown(Error::Protocol("alice".into())), "the driver of the database failed");
        let decode = Error::ColumnDecode { index: "3".into(), source: "alice is no number".into() };
        assert_eq!(shown(decode), "column 3 of the database holds something else");
        assert_eq!(shown(Error::PoolTimedOut), Error::PoolTimedOut.to_string());
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "alice");
        assert_eq!(shown(Error::Io(refused)), "the connection to the database failed: connection refused");
    }

    #[test]
    fn codes_of_both_engines_have_a_meaning() {
        assert_eq!(["53100", "13"].map(meaning), ["disk full"; 2]);
        assert_eq!(["23505", "2067"].map(meaning), ["against a constraint"; 2]);
        assert_eq!(["28P01", "28000"].map(meaning), ["the user or the password is refused"; 2]);
        assert_eq!(meaning("3D000"), "there is no database of this name");
        assert_eq!(["25006", "1032"].map(meaning), [READ_ONLY; 2]);
    }
}
