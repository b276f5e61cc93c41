//! A write transaction of SQLite.
//!
//! Not the driver's: SQLite rolls back by itself when its disk is full, and refuses a ROLLBACK afterwards. The driver
//! goes on to count a transaction then, and begins no other on that connection, for as long as the connection lives.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Executor, Sqlite, SqliteConnection};

use super::failure::{Failure, Result, is_read_only};
use super::wal::WalCheckpoint;

/// Begins, and fails where the connection cannot write: `BEGIN IMMEDIATE` alone begins to read there. The update starts a
/// write, and is of no row.
const BEGIN: &str = "BEGIN IMMEDIATE; UPDATE flag SET config = config WHERE false";

/// Rolled back when it is dropped before it was committed.
pub struct SqliteWriteTransaction {
    connection: Option<PoolConnection<Sqlite>>,
    checkpoint: Arc<WalCheckpoint>,
}

impl SqliteWriteTransaction {
    /// Waits until no other connection writes. A connection that cannot write is closed.
    pub async fn begin(pool: &SqlitePool, checkpoint: &Arc<WalCheckpoint>) -> Result<Self> {
        let mut transaction = Self { connection: Some(pool.acquire().await?), checkpoint: Arc::clone(checkpoint) };
        let begun = transaction.connection()?.execute(BEGIN).await;
        if begun.as_ref().is_err_and(is_read_only)
            && let Some(mut connection) = transaction.connection.take()
        {
            connection.close_on_drop();
        }
        begun.map(|_| transaction)
    }

    /// The connection, which is there until the end.
    pub fn connection(&mut self) -> Result<&mut SqliteConnection> {
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Makes the changes durable.
    pub async fn commit(mut self) -> Result<()> {
        self.connection()?.execute("COMMIT").await?;
        let Some(mut connection) = self.connection.take() else { return Ok(()) };
        if let Err(error) = self.checkpoint.run_if_long(&mut connection).await {
            // What was committed stays committed.
            tracing::warn!(error = %Failure(&error), "the write-ahead log could not be truncated");
        }
        Ok(())
    }
}

impl Drop for SqliteWriteTransaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        tokio::spawn(async move {
            if let Err(error) = connection.execute("ROLLBACK").await {
                tracing::debug!(error = %Failure(&error), "SQLite had rolled back already");
            }
        });
    }
}
