//! The database that is copied: one snapshot of it, which is not changed.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Executor, SqliteConnection};

use super::super::bulk::composed;
use super::super::conversion::LEFT;
use super::super::engine::{LOCK_WAIT, POSTGRES_OPTIONS, SNAPSHOT};
use super::super::failure::Result as StoreResult;
use super::super::location::Location;
use super::super::schema::{Found, postgres_migrations, sqlite_migrations};
use super::refusal::Refusal;
use super::tables::{Column, Kind, Table};
use super::value::{self, Value};

/// How many rows SQLite reads ahead. Each may be as large as a request.
const ROWS_AHEAD: usize = 4;

const SQLITE_COLUMNS: &str = "SELECT name, type FROM pragma_table_info($1) ORDER BY cid";

const POSTGRES_COLUMNS: &str = "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
     WHERE attrelid = CAST($1 AS text)::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";

/// A connection whose transaction sees one state of the database.
pub enum Source {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

type Rows<'a> = Pin<Box<dyn Stream<Item = StoreResult<Vec<Value>>> + Send + 'a>>;

impl Source {
    /// Begins a snapshot of a database that has this version's tables and rows, and no others.
    pub async fn open(location: &Location) -> Result<Self, Refusal> {
        let (mut source, found, migrations) = match location {
            Location::Sqlite { in_memory: true, .. } => return Err(Refusal::InMemory),
            Location::Sqlite { options, .. } => {
                let options = options.as_ref().clone().create_if_missing(false).read_only(true);
                let mut connection = options.busy_timeout(LOCK_WAIT).row_buffer_size(ROWS_AHEAD).connect().await?;
                connection.execute("BEGIN").await?;
                let found = Found::on_sqlite(&mut connection).await?;
                (Self::Sqlite(connection), found, sqlite_migrations())
            }
            Location::Postgres(options) => {
                let mut connection = options.as_ref().clone().options(POSTGRES_OPTIONS).connect().await?;
                connection.execute(SNAPSHOT).await?;
                let found = Found::on_postgres(&mut connection).await?;
                (Self::Postgres(connection), found, postgres_migrations())
            }
        };
        found.judge(&migrations)?;
        if found.tables.is_empty() {
            return Err(Refusal::Nothing);
        }
        if found.applied.len() < migrations.iter().len() {
            return Err(Refusal::Older);
        }
        match source.number(LEFT.to_owned()).await? {
            0 => Ok(source),
            left => Err(Refusal::NotConverted(left)),
        }
    }

    /// The columns of a table.
    pub async fn columns(&mut self, table: &str) -> Result<Vec<Column>, Refusal> {
        let columns: Vec<(String, String)> = match self {
            Self::Sqlite(connection) => sqlx::query_as(SQLITE_COLUMNS).bind(table).fetch_all(connection).await?,
            Self::Postgres(connection) => sqlx::query_as(POSTGRES_COLUMNS).bind(table).fetch_all(connection).await?,
        };
        let column = |(name, type_name): (String, String)| match Kind::of(&type_name) {
            Some(kind) => Ok(Column { name, kind }),
            None => Err(Refusal::UnknownColumn(format!("{name} of {table}"))),
        };
        columns.into_iter().map(column).collect()
    }

    /// The rows of a table in the order of its key, read as they are asked for.
    pub fn rows<'a>(&'a mut self, table: &Table, columns: &'a [Column]) -> Rows<'a> {
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        let select = composed(format!("SELECT {} FROM {} ORDER BY {}", names.join(", "), table.name, table.key));
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(select).fetch(connection);
                Box::pin(rows.map(|row| value::of_sqlite(&row?, columns)))
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(select).fetch(connection);
                Box::pin(rows.map(|row| value::of_postgres(&row?, columns)))
            }
        }
    }

    /// How many rows a table has.
    pub async fn count(&mut self, table: &str) -> StoreResult<u64> {
        self.number(format!("SELECT count(*) FROM {table}")).await.map(i64::unsigned_abs)
    }

    async fn number(&mut self, query: String) -> StoreResult<i64> {
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(composed(query)).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(composed(query)).fetch_one(connection).await,
        }
    }
}
