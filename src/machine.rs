//! A state machine as an edge drives it: inputs are methods that take the time, outputs are effects to be polled.

use crate::api::Response;
use crate::effect::{Effect, RequestId, TrackId};
use crate::error::Error;
use crate::exposure::Tracking;
use crate::time::Now;

/// A state machine: a [`Client`](crate::client::Client), a [`Delivery`](crate::delivery::Delivery) or a
/// [`LocalEvaluation`](crate::local::LocalEvaluation).
pub trait Machine {
    /// The next effect. Poll after every other call, until there is none.
    #[must_use]
    fn poll_effect(&mut self) -> Option<Effect>;

    /// When [`handle_timeout`](Self::handle_timeout) has something to do, on the monotonic clock.
    #[must_use]
    fn next_timeout(&self) -> Option<u64>;

    /// Does what is due.
    fn handle_timeout(&mut self, now: Now);

    /// Handles the response to a request of [`Effect::Send`], or its failure.
    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now);

    /// Handles the answer to an offer of [`Effect::Track`].
    fn handle_tracked(&mut self, _id: TrackId, _tracking: Tracking, _now: Now) {}
}
