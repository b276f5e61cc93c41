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
use super::failure::Failure;

/// Rolled back when it is dropped before it was committed.
pub struct Writing {
    connection: Option<PoolConnection<Sqlite>>,
    ahead: Arc<Ahead>,
}

impl Writing {
    /// Waits until nobody else writes.
    pub async fn begin(pool: &SqlitePool, ahead: &Arc<Ahead>) -> Result<Self> {
        let mut writing = Self { connection: Some(pool.acquire().await?), ahead: Arc::clone(ahead) };
        writing.connection()?.execute("BEGIN IMMEDIATE").await?;
        Ok(writing)
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
