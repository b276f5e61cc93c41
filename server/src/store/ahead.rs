//! SQLite's write-ahead log, kept short. SQLite writes it back by itself, but begins it anew only in a moment in which nobody
//! reads: with readers who overlap there is none, and the log would grow until the disk is full.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Executor, Row, SqliteConnection};

use super::engine::Result;

/// How long the log may become, in bytes: four times what SQLite lets it be when nobody reads.
const MOST_BYTES: u64 = 16 << 20;

/// Waits a second for those who read, and lets those who come then read what is written back.
const SHORTEN: [&str; 3] =
    ["PRAGMA busy_timeout = 1000", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA busy_timeout = 5000"];

/// Where the log is, and at which length it is made short.
pub struct Ahead {
    file: PathBuf,
    most: AtomicU64,
}

impl Ahead {
    /// The log of this database.
    pub fn of(options: &SqliteConnectOptions) -> Self {
        let mut file = options.get_filename().as_os_str().to_owned();
        file.push("-wal");
        Self { file: file.into(), most: AtomicU64::new(MOST_BYTES) }
    }

    /// Makes the log short if it is long; for who has just written. Where somebody reads for longer, the log may grow by as
    /// much again before it is tried again.
    pub async fn shorten(&self, connection: &mut SqliteConnection) -> Result<()> {
        let bytes = std::fs::metadata(&self.file).map_or(0, |file| file.len());
        if bytes < self.most.load(Ordering::Relaxed) {
            return Ok(());
        }
        let [wait, checkpoint, restore] = SHORTEN;
        connection.execute(wait).await?;
        let is_busy = connection.fetch_one(checkpoint).await.and_then(|row| row.try_get(0)).unwrap_or(1_i64) != 0;
        connection.execute(restore).await?;
        self.most.store(if is_busy { bytes + MOST_BYTES } else { MOST_BYTES }, Ordering::Relaxed);
        Ok(())
    }
}
