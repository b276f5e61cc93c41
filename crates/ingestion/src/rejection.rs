//! Why an event is not stored: the closed list of reasons, each with the field it is about.

/// Why an event is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It is no JSON object.
    NotAnObject,
    /// `event_type` is missing, null or empty.
    MissingEventType,
    /// `event_type` is no text, or cannot be stored.
    InvalidEventType,
    /// There is neither a `user_id` nor a `device_id`.
    MissingId,
    /// `user_id` cannot be stored, or is the only id and no text or number, or a placeholder.
    InvalidUserId,
    /// `device_id` cannot be stored, or is the only id and no text or number, or a placeholder.
    InvalidDeviceId,
    /// `user_id` is too short, and there is no `device_id` that is good.
    ShortUserId,
    /// `device_id` is too short, and there is no `user_id`.
    ShortDeviceId,
    /// `insert_id` is no text, or cannot be stored.
    InvalidInsertId,
    /// `time` is not a whole number of milliseconds since 1970.
    InvalidTime,
    /// It is older than the project keeps events.
    Expired,
    /// `event_properties` is no object.
    InvalidEventProperties,
    /// `user_properties` is no object, or holds an operator that is not known or not given an object.
    InvalidUserProperties,
    /// `event_properties` are nested too deep for other readers of JSON.
    DeepEventProperties,
    /// `user_properties` are nested too deep.
    DeepUserProperties,
    /// Another field of the event is nested too deep.
    DeepEvent,
    /// An exposure without `flag_key`.
    MissingFlagKey,
    /// `flag_key` is no text, or cannot be stored.
    InvalidFlagKey,
    /// `variant` is a list or an object, or cannot be stored.
    InvalidVariant,
    /// `experiment_key` is neither text nor null, or cannot be stored.
    InvalidExperimentKey,
}

impl Rejection {
    /// The stable name of the reason, for machines.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::MissingEventType => "missing_event_type",
            Self::InvalidEventType => "invalid_event_type",
            Self::MissingId => "missing_id",
            Self::InvalidUserId => "invalid_user_id",
            Self::InvalidDeviceId => "invalid_device_id",
            Self::ShortUserId => "short_user_id",
            Self::ShortDeviceId => "short_device_id",
            Self::InvalidInsertId => "invalid_insert_id",
            Self::InvalidTime => "invalid_time",
            Self::Expired => "expired",
            Self::InvalidEventProperties => "invalid_event_properties",
            Self::InvalidUserProperties => "invalid_user_properties",
            Self::DeepEventProperties => "deep_event_properties",
            Self::DeepUserProperties => "deep_user_properties",
            Self::DeepEvent => "deep_event",
            Self::MissingFlagKey => "missing_flag_key",
            Self::InvalidFlagKey => "invalid_flag_key",
            Self::InvalidVariant => "invalid_variant",
            Self::InvalidExperimentKey => "invalid_experiment_key",
        }
    }

    /// The field at fault, by the name the sender used.
    pub fn field(self) -> &'static str {
        match self {
            Self::NotAnObject | Self::DeepEvent => "event",
            Self::MissingEventType | Self::InvalidEventType => "event_type",
            Self::MissingId | Self::InvalidUserId | Self::ShortUserId => "user_id",
            Self::InvalidDeviceId | Self::ShortDeviceId => "device_id",
            Self::InvalidInsertId => "insert_id",
            Self::InvalidTime | Self::Expired => "time",
            Self::InvalidEventProperties | Self::DeepEventProperties => "event_properties",
            Self::InvalidUserProperties | Self::DeepUserProperties => "user_properties",
            Self::MissingFlagKey | Self::InvalidFlagKey => "flag_key",
            Self::InvalidVariant => "variant",
            Self::InvalidExperimentKey => "experiment_key",
        }
    }

    /// What is wrong with the field.
    pub fn fault(self) -> Fault {
        match self {
            Self::MissingEventType | Self::MissingId | Self::MissingFlagKey => Fault::Missing,
            Self::ShortUserId | Self::ShortDeviceId => Fault::Short,
            _ => Fault::Invalid,
        }
    }
}

/// What is wrong with a field. Amplitude's answers list the three apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is an id that is too short.
    Short,
    /// It is there and wrong.
    Invalid,
}
