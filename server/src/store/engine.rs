//! SQLite and PostgreSQL behind one face: one SQL text with `$1` placeholders, integers and text, rows read by position.
//!
//! Not `sqlx::Any`: that keeps neither types nor connection options apart. What the statements say is the other files'.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Connection, Database, Executor, Pool, Postgres, Row as _, SqlStr, Sqlite};
use tokio::time::timeout;

use super::failure::{Result, is_read_only};
use super::location::Location;
use super::sqlite_file;
use super::sqlite_write::SqliteWriteTransaction;
use super::wal::WalCheckpoint;

/// Connections that read. Two cores gain nothing from more.
const READERS: u32 = 3;

/// How long a statement waits for another process's lock, and for a connection. Group commits take a hundredth of it.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// A plan is kept for as long as PostgreSQL thinks a table small, while it grows to a million rows: then it shall not be
/// one that reads the whole table, or the whole project and sorts it: what is asked for in an order has an index.
///
/// Where there is no other way such a plan costs 10¹⁰ by PostgreSQL's count, and it would compile it to machine code first:
/// a tenth of a second for a table of two rows. That a table is there already is not worth a line in the log.
pub const POSTGRES_OPTIONS: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_sort", "off"),
    ("enable_incremental_sort", "off"),
    ("jit", "off"),
    ("client_min_messages", "warning"),
];

/// The lock that makes writers of all replicas take turns on PostgreSQL: any number, the same everywhere. And whether
/// the transaction may write at all.
pub const WRITERS_LOCK: &str = "SELECT current_setting('transaction_read_only'), pg_advisory_xact_lock(4715)";

pub const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The connections to one of the two engines.
#[derive(Clone)]
pub enum Engine {
    Sqlite(Arc<Pools<Sqlite>>, Arc<WalCheckpoint>),
    /// And whether its connections cannot write, and are not to be used again.
    Postgres(Arc<Pools<Postgres>>, Arc<AtomicBool>),
}

/// Connections by what they are for, so that no writer waits for readers, and a look at the health of the database waits
/// for neither. Of a database in memory all are the same one.
pub struct Pools<D: Database> {
    readers: Pool<D>,
    pub writer: Pool<D>,
    health: Pool<D>,
}

/// A transaction that no other writer runs beside.
pub enum Transaction {
    Sqlite(SqliteWriteTransaction),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// What is committed at one moment, whatever is committed while it is read.
///
/// Of a database in memory it has the only connection.
pub enum Snapshot {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// What rows are read from.
pub trait Source: Send {
    /// Whether it is SQLite, else it is PostgreSQL.
    fn is_sqlite(&self) -> bool;

    /// The rows of a statement.
    fn rows(&mut self, sql: SqlStr, args: Vec<Arg>) -> impl Future<Output = Result<Vec<Row>>> + Send;
}

/// A row of either engine.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// An argument of a statement.
#[derive(Clone, Debug)]
pub enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
}

impl Engine {
    /// Opens a database. Its tables are the schema's.
    pub async fn open(location: &Location) -> Result<Self> {
        match location {
            Location::Postgres(options) => postgres_pool(options).await,
            Location::Sqlite { options, in_memory } => sqlite_pool(options, *in_memory).await,
        }
    }

    /// Rows as they are committed now.
    pub async fn rows(&self, sql: SqlStr, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(pools, _) => sqlite_rows(&pools.readers, sql, args).await,
            Self::Postgres(pools, _) => postgres_rows(&pools.readers, sql, args).await,
        }
    }

    /// Everything that is committed now.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        match self {
            Self::Sqlite(pools, _) => pools.readers.begin().await.map(Snapshot::Sqlite),
            Self::Postgres(pools, _) => pools.readers.begin_with(SNAPSHOT).await.map(Snapshot::Postgres),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Sqlite(pools, _) => sqlx::query("SELECT 1").execute(&pools.health).await.map(drop),
            Self::Postgres(pools, _) => sqlx::query("SELECT 1").execute(&pools.health).await.map(drop),
        }
    }

    /// Waits until no other writer is in a transaction, and begins one.
    ///
    /// A connection that was opened while its database was read-only stays so for as long as it lives. Each that is
    /// found is closed, so that the second attempt has a new one.
    pub async fn begin(&self) -> Result<Transaction> {
        match self.begin_on_one().await {
            Err(error) if is_read_only(&error) => self.begin_on_one().await,
            begun => begun,
        }
    }

    async fn begin_on_one(&self) -> Result<Transaction> {
        match self {
            Self::Sqlite(pools, checkpoint) => {
                SqliteWriteTransaction::begin(&pools.writer, checkpoint).await.map(Transaction::Sqlite)
            }
            Self::Postgres(pools, read_only) => {
                let mut transaction = pools.writer.begin().await?;
                let may_not: String = transaction.fetch_one(WRITERS_LOCK).await?.try_get(0)?;
                read_only.store(may_not == "on", Ordering::Relaxed);
                if may_not == "on" {
                    return Err(sqlx::Error::Io(ErrorKind::ReadOnlyFilesystem.into()));
                }
                Ok(Transaction::Postgres(transaction))
            }
        }
    }

    /// Whether it is a file of SQLite.
    pub fn is_sqlite_file(&self) -> bool {
        matches!(self, Self::Sqlite(_, checkpoint) if checkpoint.has_file())
    }

    /// Truncates the write-ahead log of SQLite, where rows may stand that are deleted, unless somebody reads it now.
    pub async fn truncate_log(&self) -> Result<()> {
        if let Self::Sqlite(pools, checkpoint) = self
            && checkpoint.has_file()
        {
            checkpoint.run(&mut *pools.writer.acquire().await?).await?;
        }
        Ok(())
    }

    /// Closes every connection, so that the files are whole.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pools, _) => pools.close().await,
            Self::Postgres(pools, _) => pools.close().await,
        }
    }
}

impl<D: Database> Pools<D> {
    /// The writer is the last: on SQLite it empties the write-ahead log.
    async fn close(&self) {
        self.health.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Snapshot {
    /// Ends it. One that is dropped ends on PostgreSQL only when its connection is used again, and keeps old rows until
    /// then.
    pub async fn end(self) -> Result<()> {
        match self {
            Self::Sqlite(open) => open.commit().await,
            Self::Postgres(open) => open.commit().await,
        }
    }
}

impl Source for Snapshot {
    fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    async fn rows(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(open) => sqlite_rows(&mut **open, sql, args).await,
            Self::Postgres(open) => postgres_rows(&mut **open, sql, args).await,
        }
    }
}

/// As the transaction sees them.
impl Source for Transaction {
    fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    async fn rows(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(open) => sqlite_rows(open.connection()?, sql, args).await,
            Self::Postgres(open) => postgres_rows(&mut **open, sql, args).await,
        }
    }
}

impl Transaction {
    /// Changes rows and says how many.
    pub async fn change(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<u64> {
        match self {
            Self::Sqlite(open) => sqlite(sql, args).execute(open.connection()?).await.map(|done| done.rows_affected()),
            Self::Postgres(open) => postgres(sql, args).execute(&mut **open).await.map(|done| done.rows_affected()),
        }
    }

    /// Makes the changes durable.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(open) => open.commit().await,
            Self::Postgres(open) => open.commit().await,
        }
    }
}

impl Row {
    /// A whole number.
    pub fn int(&self, column: usize) -> Result<i64> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A whole number, or none.
    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A text, or none.
    pub fn text(&self, column: usize) -> Result<Option<String>> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A text in a column that always has one.
    pub fn required_text(&self, column: usize) -> Result<String> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Arg {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Arg {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

async fn sqlite_pool(options: &SqliteConnectOptions, in_memory: bool) -> Result<Engine> {
    let options = options
        .clone()
        .create_if_missing(true)
        .busy_timeout(LOCK_WAIT)
        .journal_mode(if in_memory { SqliteJournalMode::Memory } else { SqliteJournalMode::Wal })
        // NORMAL might roll back acknowledged commits after a power loss.
        .synchronous(SqliteSynchronous::Full);
    // What is deleted is overwritten: it shall not stand in the file until somebody else needs its page.
    let options = if in_memory {
        options.auto_vacuum(SqliteAutoVacuum::Incremental)
    } else {
        options.pragma("secure_delete", "ON")
    };
    if !in_memory {
        sqlite_file::make(&options, LOCK_WAIT).await?;
    }
    let checkpoint = Arc::new(WalCheckpoint::of(&options));
    let pool = |most| {
        let pool = SqlitePoolOptions::new().max_connections(most).acquire_timeout(LOCK_WAIT);
        // A database in memory lives in its one connection, which must never be closed.
        pool.idle_timeout(None).max_lifetime(None)
    };
    let writer = pool(1).connect_with(options.clone()).await?;
    let pools = if in_memory {
        Pools { readers: writer.clone(), health: writer.clone(), writer }
    } else {
        Pools {
            readers: pool(READERS).connect_with(options.clone()).await?,
            health: pool(1).connect_lazy_with(options),
            writer,
        }
    };
    Ok(Engine::Sqlite(pools.into(), checkpoint))
}

/// Its server, or the one behind the same name, may have become writable long ago: once a read-only connection was
/// found, each is closed after use, until one can write.
async fn postgres_pool(options: &PgConnectOptions) -> Result<Engine> {
    let database = options.clone().options(POSTGRES_OPTIONS);
    let read_only = Arc::new(AtomicBool::new(false));
    let pool = |most| {
        let ends = Arc::clone(&read_only);
        PgPoolOptions::new().max_connections(most).acquire_timeout(LOCK_WAIT).after_release(move |_, _| {
            let goes_on = !ends.load(Ordering::Relaxed);
            Box::pin(async move { Ok(goes_on) })
        })
    };
    let writer = match pool(1).connect_with(database.clone()).await {
        Ok(writer) => writer,
        Err(sqlx::Error::PoolTimedOut) => return Err(unreachable_for(&database).await),
        Err(error) => return Err(error),
    };
    let readers = pool(READERS).connect_lazy_with(database.clone());
    let pools = Pools { readers, writer, health: pool(1).connect_lazy_with(database) };
    Ok(Engine::Postgres(pools.into(), read_only))
}

/// Why a pool had no connection in time: it tries again and again, and keeps to itself what each try came to.
async fn unreachable_for(options: &PgConnectOptions) -> sqlx::Error {
    match timeout(LOCK_WAIT, PgConnection::connect_with(options)).await {
        Ok(Err(error)) => error,
        _ => sqlx::Error::PoolTimedOut,
    }
}

async fn sqlite_rows<'e>(from: impl Executor<'e, Database = Sqlite>, sql: SqlStr, args: Vec<Arg>) -> Result<Vec<Row>> {
    let rows = sqlite(sql, args).fetch_all(from).await?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn postgres_rows<'e>(
    from: impl Executor<'e, Database = Postgres>,
    sql: SqlStr,
    args: Vec<Arg>,
) -> Result<Vec<Row>> {
    let rows = postgres(sql, args).fetch_all(from).await?;
    Ok(rows.into_iter().map(Row::Postgres).collect())
}

fn sqlite(sql: SqlStr, args: Vec<Arg>) -> sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, arg| match arg {
        Arg::Int(number) => query.bind(number),
        Arg::Text(text) => query.bind(text),
    })
}

fn postgres(sql: SqlStr, args: Vec<Arg>) -> sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, arg| match arg {
        Arg::Int(number) => query.bind(number),
        Arg::Text(text) => query.bind(text),
    })
}
