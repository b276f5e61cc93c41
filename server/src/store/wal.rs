//! Keeps SQLite's write-ahead log short. SQLite checkpoints it by itself, but restarts it only when no reader is
//! active: with readers that overlap that never happens, and the log would grow until the disk is full.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Executor, Row, SqliteConnection};

use super::failure::Result;

/// How long the log may become, in bytes: four times what SQLite lets it be without readers.
const MAX_BYTES: u64 = 16 << 20;

/// Waits a second for active readers; new ones read the database file.
const CHECKPOINT: [&str; 3] =
    ["PRAGMA busy_timeout = 1000", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA busy_timeout = 5000"];

/// The file of the log, and the length at which it is checkpointed.
pub struct WalCheckpoint {
    file: PathBuf,
    limit: AtomicU64,
}

impl WalCheckpoint {
    /// The log of this database.
    pub fn of(options: &SqliteConnectOptions) -> Self {
        let mut file = options.get_filename().as_os_str().to_owned();
        file.push("-wal");
        Self { file: file.into(), limit: AtomicU64::new(MAX_BYTES) }
    }

    /// Truncates the log if it is long; called after a commit. When a reader is active for longer, the log may grow by
    /// as much again before the next attempt.
    pub async fn run_if_long(&self, connection: &mut SqliteConnection) -> Result<()> {
        let bytes = self.bytes();
        if bytes < self.limit.load(Ordering::Relaxed) { Ok(()) } else { self.run(connection).await }
    }

    /// Whether there can be a log: there is none of a database in memory.
    pub fn has_file(&self) -> bool {
        self.file.exists()
    }

    /// Truncates the log.
    pub async fn run(&self, connection: &mut SqliteConnection) -> Result<()> {
        let bytes = self.bytes();
        let [wait, checkpoint, restore] = CHECKPOINT;
        connection.execute(wait).await?;
        let is_busy = connection.fetch_one(checkpoint).await.and_then(|row| row.try_get(0)).unwrap_or(1_i64) != 0;
        connection.execute(restore).await?;
        self.limit.store(if is_busy { bytes + MAX_BYTES } else { MAX_BYTES }, Ordering::Relaxed);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |file| file.len())
    }
}
