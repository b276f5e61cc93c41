//! A transaction of SQLite that writes.
//!
//! Not the driver's: SQLite rolls back by itself when its disk is full, and refuses to be told so afterwards. The driver goes
//! on to count a transaction then, and begins no other on that connection, for as long as the connection lives.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Executor, Sqlite, SqliteConnection};

use super::ahead::Ahead;
use super::engine::Result;
use super::failure::{Failure, is_read_only};

/// Begins, and fails where the connection cannot write: `BEGIN IMMEDIATE` alone begins to read there. The pragma starts a
/// write and, without auto-vacuum, makes no change.
const BEGIN: &str = "BEGIN IMMEDIATE; PRAGMA incremental_vacuum(1)";

/// Rolled back when it is dropped before it was committed.
pub struct Writing {
    connection: Option<PoolConnection<Sqlite>>,
    ahead: Arc<Ahead>,
}

impl Writing {
    /// Waits until nobody else writes. A connection that cannot write is closed.
    pub async fn begin(pool: &SqlitePool, ahead: &Arc<Ahead>) -> Result<Self> {
        let mut writing = Self { connection: Some(pool.acquire().await?), ahead: Arc::clone(ahead) };
        let begun = writing.connection()?.execute(BEGIN).await;
        if begun.as_ref().is_err_and(is_read_only)
            && let Some(mut connection) = writing.connection.take()
        {
            connection.close_on_drop();
        }
        begun.map(|_| writing)
    }

    /// The connection, which is there until the end.
    pub fn connection(&mut self) -> Result<&mut SqliteConnection> {
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Makes the changes durable.
    pub async fn commit(mut self) -> Result<()> {
        self.connection()?.execute("COMMIT").await?;
        let Some(mut connection) = self.connection.take() else { return Ok(()) };
        if let Err(error) = self.ahead.shorten(&mut connection).await {
            // What was committed stays committed.
            tracing::warn!(error = %Failure(&error), "the log of the database could not be made short");
        }
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        tokio::spawn(async move {
            if let Err(error) = connection.execute("ROLLBACK").await {
                tracing::debug!(error = %Failure(&error), "SQLite had rolled back already");
            }
        });
    }
}
