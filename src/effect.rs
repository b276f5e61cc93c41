//! What a state machine wants done: values that an edge performs one by one, and that a test can read.

use crate::api::Request;
use crate::error::Error;
use crate::json::Text;
use crate::storage::Area;

/// Names a call that starts or fetches, whose promise is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchId(pub u32);

/// Names a request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// Who is handed exposures and assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The tracking provider.
    Provider,
    /// The page's integration plugin.
    Plugin,
}

/// Names an exposure or assignment that a provider was asked to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackId(pub u32);

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a request and answer with `handle_response`.
    Send(RequestId, Box<Request>),
    /// Break a request off; its answer is not wanted any more.
    Abort(RequestId),
    /// Hand over an exposure or assignment, the JSON of an analytics event, and answer with `handle_tracked`.
    Track(TrackId, Receiver, Text),
    /// Keep a text.
    Save(Area, Text, Text),
    /// Forget a text.
    Remove(Area, Text),
    /// Settle the promise of a call that starts or fetches.
    Settle(FetchId, Result<(), Error>),
    /// Tell listeners, and whoever keeps answers, that something changed.
    Notify(Change),
    /// Tell the logger.
    Log(Level, Message),
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The stored variants.
    Variants,
    /// The flags that are evaluated here.
    Flags,
    /// The user, or what providers say of them.
    User,
    /// An exposure that was not tracked before is being tracked: its JSON.
    Exposure(Text),
    /// An exposure or assignment was given up, see [`DropReason`].
    Dropped(DropReason),
}

/// Why an exposure or assignment was given up. There is no other way to lose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The provider refused it four times.
    ProviderRefused,
    /// The server rejected it.
    ServerRejected,
    /// It alone is larger than the server takes.
    TooLarge,
    /// Too many were waiting, and it was the oldest.
    QueueFull,
    /// The endpoint took it in none of the tries of seven days, or is not sent to any more.
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
    /// For those who look closely.
    Debug = 4,
}

/// What is logged: a fixed sentence, and perhaps an error. Never a key, a URL or anything about the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sentence; with [`Error::Argument`] the field that cannot be used.
    pub text: &'static str,
    /// The error behind it.
    pub error: Option<Error>,
}
