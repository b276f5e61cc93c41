//! The throttles of a project, one for each route that takes events. They are kept in memory: with several replicas
//! each has its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use experiment_ingestion::throttle::{BATCH, HTTP_V2, Limits, Throttle};

/// One throttle for each route that takes events.
pub struct Throttles {
    pub httpapi: Shared,
    pub batch: Shared,
    pub identify: Shared,
}

/// A throttle that requests take turns with.
pub struct Shared(Mutex<Throttle>);

impl Throttles {
    /// Nothing was taken yet.
    pub fn new() -> Self {
        Self { httpapi: Shared::new(HTTP_V2), batch: Shared::new(BATCH), identify: Shared::new(HTTP_V2) }
    }
}

impl Shared {
    fn new(limits: Limits) -> Self {
        Self(Mutex::new(Throttle::new(limits)))
    }

    /// Waits for its turn.
    pub fn lock(&self) -> MutexGuard<'_, Throttle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
