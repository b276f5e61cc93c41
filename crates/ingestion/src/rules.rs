//! What a project or a request may decide about its events.

use crate::limits::UserLimits;
use crate::rejection::Rejection;
use crate::retention::Retention;

/// What a project or a request may decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// How many characters an id must have. By default any number; the server asks for
    /// [`MIN_ID_LENGTH`](crate::MIN_ID_LENGTH) or the `min_id_length` that the request names.
    pub min_id_length: usize,
    /// Whether assignments set experiment user properties too, as older SDKs do. By default only exposures do.
    pub assignments_set_properties: bool,
    /// How large the properties of one user may become.
    pub user_limits: UserLimits,
    /// How long events are kept. By default for ever.
    pub retention: Option<Retention>,
}

impl Rules {
    /// Whether an event that happened at this time is stored now, both in milliseconds.
    ///
    /// # Errors
    /// [`Rejection::Expired`] where it is older than events are kept.
    pub fn check_age(self, time: u64, now: u64) -> Result<(), Rejection> {
        let is_expired = self.retention.is_some_and(|kept| kept.is_expired(time, now));
        if is_expired { Err(Rejection::Expired) } else { Ok(()) }
    }
}
