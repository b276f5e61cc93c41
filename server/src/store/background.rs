//! Work that is done in small steps while the server serves. Each step is a write transaction, so the replicas take turns,
//! and it notes how far it came, so a process that is killed loses nothing and the next one goes on. After a step there is
//! a pause that is at least as long.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::engine::Row;
use super::failure::{Failure, Result};

/// The most rows of a step, and bytes of what it writes again: a hundredth of a second.
pub const STEP_ROWS: i64 = 200;
const STEP_BYTES: i64 = 1 << 20;

/// The shortest pause after a step, and the one after a failure.
pub const PAUSE: Duration = Duration::from_millis(5);
pub const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How often it is looked whether there is something to do.
const LOOK: Duration = Duration::from_secs(1);

/// Takes steps as long as the server runs. A step says whether there was something to do; `failed` is what is logged where
/// it fails.
pub async fn repeat<F: Future<Output = Result<bool>>>(failed: &'static str, step: impl Fn() -> F) {
    loop {
        let start = Instant::now();
        let pause = match step().await {
            Ok(true) => start.elapsed().max(PAUSE),
            Ok(false) => LOOK,
            Err(error) => {
                tracing::warn!(error = %Failure(&error), "{failed}, trying again");
                PAUSE_AFTER_FAILURE
            }
        };
        sleep(pause).await;
    }
}

/// The first rows, as many as are not too many bytes by a column: one at least.
pub fn within(rows: &[Row], column: usize) -> Result<&[Row]> {
    let (mut bytes, mut count) = (0, 0);
    for row in rows {
        bytes += row.int(column)?;
        if bytes > STEP_BYTES && count > 0 {
            break;
        }
        count += 1;
    }
    Ok(rows.get(..count).unwrap_or(rows))
}
