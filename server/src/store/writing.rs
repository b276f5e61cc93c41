//! A transaction of SQLite that writes.
//!
//! Not the driver's: SQLite rolls back by itself when its disk is full, and refuses to be told so afterwards. The driver goes
//! on to count a transaction then, and begins no other on that connection, for as long as the connection lives.

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Executor, Sqlite, SqliteConnection};

use super::engine::Result;

/// Rolled back when it is dropped before it was committed.
pub struct Writing(Option<PoolConnection<Sqlite>>);

impl Writing {
    /// Waits until nobody else writes.
    pub async fn begin(pool: &SqlitePool) -> Result<Self> {
        let mut writing = Self(Some(pool.acquire().await?));
        writing.connection()?.execute("BEGIN IMMEDIATE").await?;
        Ok(writing)
    }

    /// The connection, which is there until the end.
    pub fn connection(&mut self) -> Result<&mut SqliteConnection> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Makes the changes durable.
    pub async fn commit(mut self) -> Result<()> {
        self.connection()?.execute("COMMIT").await?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
        tokio::spawn(async move {
            if let Err(error) = connection.execute("ROLLBACK").await {
                tracing::debug!(%error, "SQLite had rolled back already");
            }
        });
    }
}
