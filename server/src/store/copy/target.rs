//! The database that a copy is written into: nothing, then the mark of a copy that is not finished, then all of it.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteSynchronous;
use sqlx::{ConnectOptions, Connection, Executor, Postgres, Sqlite, SqliteConnection, Transaction};

use super::super::bulk::{composed, statements};
use super::super::engine::{LOCK_WAIT, POSTGRES_OPTIONS, WRITERS_LOCK};
use super::super::failure::Result as StoreResult;
use super::super::location::Location;
use super::super::schema::{Found, UNFINISHED_COPY, postgres_migrations, sqlite_migrations};
use super::super::sqlite_file;
use super::refusal::Refusal;
use super::tables::TABLES;
use super::value::{self, Value};

/// Nobody else reads meanwhile: pages that do not fit into memory could not go into the file.
const SQLITE_BEGIN: &str = "BEGIN EXCLUSIVE";

/// What was there before is what a rollback journal keeps: nothing. A write-ahead log would have everything a second time;
/// the file gets one when a server opens it. How it keeps free pages is settled before its first table.
const SQLITE_FILE: &str = "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = INCREMENTAL";

/// In KiB, by its sign: entries of the indexes come in any order.
const SQLITE_CACHE: &str = "-16384";

/// A connection to the target.
pub enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// The transaction that writes everything.
pub enum Target<'a> {
    Sqlite(Transaction<'a, Sqlite>),
    Postgres(Transaction<'a, Postgres>),
}

impl Connected {
    /// A file is made where there is none.
    pub async fn open(location: &Location) -> Result<Self, Refusal> {
        match location {
            Location::Sqlite { in_memory: true, .. } => Err(Refusal::InMemory),
            Location::Sqlite { options, .. } => {
                let options = options.as_ref().clone().create_if_missing(true).busy_timeout(LOCK_WAIT);
                sqlite_file::make(&options, LOCK_WAIT).await?;
                let options = options.synchronous(SqliteSynchronous::Full).pragma("cache_size", SQLITE_CACHE);
                Ok(Self::Sqlite(options.connect().await?))
            }
            Location::Postgres(options) => {
                Ok(Self::Postgres(options.as_ref().clone().options(POSTGRES_OPTIONS).connect().await?))
            }
        }
    }

    /// Marks an empty database. One that is marked already stays so, and any other as it is.
    pub async fn mark(&mut self) -> Result<(), Refusal> {
        match self {
            Self::Sqlite(connection) => {
                judge(&Found::on_sqlite(connection).await?)?;
                connection.execute(SQLITE_FILE).await?;
            }
            Self::Postgres(connection) => judge(&Found::on_postgres(connection).await?)?,
        }
        let mut target = self.lock().await?;
        target.run(format!("CREATE TABLE IF NOT EXISTS {UNFINISHED_COPY} (begun BIGINT)")).await?;
        Ok(target.commit().await?)
    }

    /// Begins to write: makes the tables of this version, without a row, in place of the mark.
    pub async fn begin(&mut self) -> Result<Target<'_>, Refusal> {
        let mut target = self.lock().await?;
        target.run(format!("DROP TABLE {UNFINISHED_COPY}")).await?;
        match &mut target {
            Target::Sqlite(open) => sqlite_migrations().run(&mut **open).await?,
            Target::Postgres(open) => postgres_migrations().run(&mut **open).await?,
        }
        for table in TABLES.iter().rev() {
            target.run(format!("DELETE FROM {}", table.name)).await?;
        }
        Ok(target)
    }

    /// A transaction that no other writer runs beside.
    async fn lock(&mut self) -> Result<Target<'_>, Refusal> {
        match self {
            Self::Sqlite(connection) => {
                let mut open = connection.begin_with(SQLITE_BEGIN).await?;
                judge(&Found::on_sqlite(&mut open).await?)?;
                Ok(Target::Sqlite(open))
            }
            Self::Postgres(connection) => {
                let mut open = connection.begin().await?;
                open.execute(WRITERS_LOCK).await?;
                judge(&Found::on_postgres(&mut open).await?)?;
                Ok(Target::Postgres(open))
            }
        }
    }
}

impl Target<'_> {
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Writes rows of a table: `INSERT INTO …` without the values.
    pub async fn insert(&mut self, insert: &str, rows: Vec<Vec<Value>>) -> StoreResult<()> {
        for (text, values) in statements(insert, "", rows) {
            match self {
                Self::Sqlite(open) => value::sqlite(text, values).execute(&mut **open).await.map(drop)?,
                Self::Postgres(open) => value::postgres(text, values).execute(&mut **open).await.map(drop)?,
            }
        }
        Ok(())
    }

    /// How many rows a table has.
    pub async fn count(&mut self, table: &str) -> StoreResult<u64> {
        let query = composed(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = match self {
            Self::Sqlite(open) => sqlx::query_scalar(query).fetch_one(&mut **open).await?,
            Self::Postgres(open) => sqlx::query_scalar(query).fetch_one(&mut **open).await?,
        };
        Ok(rows.unsigned_abs())
    }

    /// Makes everything durable.
    pub async fn commit(self) -> StoreResult<()> {
        match self {
            Self::Sqlite(open) => open.commit().await,
            Self::Postgres(open) => open.commit().await,
        }
    }

    async fn run(&mut self, statement: String) -> StoreResult<()> {
        match self {
            Self::Sqlite(open) => open.execute(composed(statement)).await.map(drop),
            Self::Postgres(open) => open.execute(composed(statement)).await.map(drop),
        }
    }
}

/// Nothing may be there but the mark.
fn judge(found: &Found) -> Result<(), Refusal> {
    let is_empty = found.applied.is_empty() && found.tables.keys().all(|table| table == UNFINISHED_COPY);
    if is_empty { Ok(()) } else { Err(Refusal::NotEmpty) }
}
