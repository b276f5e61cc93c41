//! Time, as an argument: two clocks in milliseconds, and the UTC day that events are counted by.

/// One moment on both clocks, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since 1970-01-01T00:00Z. Events and days run on it; people can set it back.
    pub wall: u64,
    /// Since some fixed moment, never going back. Deadlines run on it.
    pub mono: u64,
}

/// The deadline of what is not due at any time.
pub const NEVER: u64 = u64::MAX;

/// A deadline, if it comes.
pub(crate) fn comes(deadline: u64) -> Option<u64> {
    (deadline < NEVER).then_some(deadline)
}

/// Milliseconds of a UTC day; leap seconds do not exist in JavaScript's time.
pub const DAY_MILLIS: u64 = 86_400_000;

/// The UTC day a wall time lies in, counted from 1970-01-01.
pub fn day(wall: u64) -> u64 {
    wall / DAY_MILLIS
}
