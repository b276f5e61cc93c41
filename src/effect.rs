//! Effects of a state machine: values that an edge performs one by one, and that a test can read.

use crate::api::Request;
use crate::error::Error;
use crate::json::Text;
use crate::storage::Area;

/// The id of a call that starts or fetches, whose promise is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchId(pub u32);

/// The id of a request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// A receiver of exposures and assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The tracking provider.
    Provider,
    /// The page's integration plugin.
    Plugin,
}

/// The id of an exposure or assignment on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackId(pub u32);

/// An effect: one thing that the edge does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a request and answer with `handle_response`.
    Send(RequestId, Box<Request>),
    /// Abort a request; its response would be ignored.
    Abort(RequestId),
    /// Offer an exposure or assignment, the JSON of an analytics event, to a receiver and answer with `handle_tracked`.
    Track(TrackId, Receiver, Text),
    /// Store a text under a key.
    Save(Area, Text, Text),
    /// Remove the text under a key.
    Remove(Area, Text),
    /// Settle the promise of a call that starts or fetches.
    Settle(FetchId, Result<(), Error>),
    /// Notify listeners, and caches of answers, of a change.
    Notify(Change),
    /// Log a message.
    Log(Level, Message),
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The stored variants.
    Variants,
    /// The flags.
    Flags,
    /// The user, or what user providers return.
    User,
    /// A new exposure was tracked: its JSON.
    Exposure(Text),
    /// An exposure or assignment was dropped, see [`DropReason`].
    Dropped(DropReason),
}

/// Why an exposure or assignment was dropped. None is lost without a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The provider refused it four times.
    ProviderRefused,
    /// The server rejected it.
    ServerRejected,
    /// It is larger than the server takes.
    TooLarge,
    /// Too many were pending, and it was the oldest.
    QueueFull,
    /// The endpoint did not take it for seven days, or is not used any more.
    Expired,
}

impl DropReason {
    /// The stable name of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::ProviderRefused => "PROVIDER_REFUSED",
            Self::ServerRejected => "SERVER_REJECTED",
            Self::TooLarge => "TOO_LARGE",
            Self::QueueFull => "QUEUE_FULL",
            Self::Expired => "EXPIRED",
        }
    }
}

/// How loud a message is. The numbers are the reference's `LogLevel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something is broken.
    Error = 1,
    /// Something is odd.
    Warn = 2,
    /// Something happened.
    Info = 3,
    /// Details.
    Debug = 4,
}

/// A log message: a fixed sentence, and perhaps an error. Never a key, a URL or anything about the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sentence; with [`Error::Argument`] the field that cannot be used.
    pub text: &'static str,
    /// The error behind it.
    pub error: Option<Error>,
}
