//! What a project or a request may decide about its events.

use crate::limits::UserLimits;

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
}
