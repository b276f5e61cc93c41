//! Waiting for what comes to pass.

use std::time::{Duration, Instant};

/// Asks until there is an answer, for ten seconds.
#[track_caller]
pub fn until<T>(mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = answer() {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not come to pass in ten seconds");
        std::thread::sleep(Duration::from_millis(2));
    }
}
