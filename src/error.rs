//! What can fail, and what of it is worth trying again. Messages carry no keys, no URLs and nothing about the user.

use std::fmt;

/// Why a request came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An argument or an option cannot be used.
    Argument,
    /// The client has no deployment key.
    ApiKeyEmpty,
    /// No answer came in time.
    Timeout,
    /// No answer came: offline, blocked, or the connection broke.
    Network,
    /// The server answered with another status than 200.
    Http {
        /// The HTTP status.
        status: u16,
    },
    /// The answer was not what the exchange promises.
    Decode,
    /// The client was closed while the request was under way.
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

    /// Whether the same request may succeed later: everything but a refusal (4xx other than 429) and what the page left out.
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
