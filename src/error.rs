//! Errors, and whether a retry may help. Messages carry no keys, no URLs and nothing about the user.

use std::fmt;

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An argument or an option cannot be used.
    Argument,
    /// The client has no deployment key.
    ApiKeyEmpty,
    /// No response came in time.
    Timeout,
    /// No response came: offline, blocked, or the connection broke.
    Network,
    /// The server answered with another status than 200.
    Http {
        /// The HTTP status.
        status: u16,
    },
    /// The response is not of the expected form.
    Decode,
    /// The client was closed while the request was in flight.
    Closed,
}

impl Error {
    /// The stable name of the error, for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Argument => "BAD_ARGUMENT",
            Self::ApiKeyEmpty => "API_KEY_EMPTY",
            Self::Timeout => "TIMEOUT",
            Self::Network => "NETWORK",
            Self::Http { .. } => "HTTP_STATUS",
            Self::Decode => "DECODE",
            Self::Closed => "CLOSED",
        }
    }

    /// The HTTP status, where there was one.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Http { status } => Some(status),
            _ => None,
        }
    }

    /// The sentence for people.
    pub fn message(self) -> &'static str {
        match self {
            Self::Argument => "an argument or an option cannot be used",
            Self::ApiKeyEmpty => "the deployment key is empty",
            Self::Timeout => "the request timed out",
            Self::Network => "the request failed before an answer came",
            Self::Http { .. } => "the server answered with an error status",
            Self::Decode => "the answer could not be read",
            Self::Closed => "the client was closed",
        }
    }

    /// Whether the same request may succeed later: not after a refusal (4xx other than 429) or a mistake of the page.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::Argument | Self::ApiKeyEmpty | Self::Closed => false,
            Self::Http { status } => !(400..500).contains(&status) || status == 429,
            Self::Timeout | Self::Network | Self::Decode => true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.message())
    }
}

impl std::error::Error for Error {}
