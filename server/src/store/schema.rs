//! The tables: made where there are none, changed where they are of an earlier version, and a database that is another
//! program's or a newer version's is refused as it is.
//!
//! Everything happens in one transaction under the lock by which writers take turns: of servers that start together one
//! migrates and the others find it done, and one that is killed leaves what was there before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::pin::pin;

use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{Acquire, ConnectOptions, Connection, Executor, SqliteConnection};
use tokio::time::timeout;

use super::engine::{Engine, LOCK_WAIT, Transaction};
use super::failure::{Failure, Result};
use super::location::Location;
use super::wal::WalCheckpoint;

/// The tables of the first schema with their columns. A database with these and without migrations is of the version
/// that had none.
const FIRST_SCHEMA: [(&str, &str); 6] = [
    ("project", "id name flags_version"),
    ("flag", "project flag_key config deployments"),
    ("person", "id project user_id merged_into properties"),
    ("device", "project device_id person"),
    ("experiment_property", "project name"),
    (
        "event",
        "id project insert_id person user_id device_id event_type time received flag_key variant experiment_key \
         event_properties user_properties rest",
    ),
];

/// Where the migrations that were applied are noted.
const MIGRATIONS: &str = "_sqlx_migrations";

/// The one table of a database that is the target of a [copy](super::copy), until all of it is there.
pub const UNFINISHED_COPY: &str = "unfinished_copy";

const SQLITE_COLUMNS: &str = "SELECT entry.name, field.name FROM sqlite_master AS entry \
     JOIN pragma_table_info(entry.name) AS field WHERE entry.type = 'table' AND entry.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Tables of extensions are nobody's.
const POSTGRES_COLUMNS: &str = "SELECT entry.relname::text, field.attname::text FROM pg_class AS entry \
     JOIN pg_namespace AS place ON place.oid = entry.relnamespace AND place.nspname = current_schema() \
     JOIN pg_attribute AS field ON field.attrelid = entry.oid AND field.attnum > 0 AND NOT field.attisdropped \
     WHERE entry.relkind IN ('r', 'p') AND NOT entry.relispartition AND NOT EXISTS \
     (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = entry.oid AND deptype = 'e')";

/// Fails where the connection cannot write: `BEGIN IMMEDIATE` alone begins to read there. It needs no table, starts a
/// write, and gives back one free page at the most.
const PROBE: &str = "PRAGMA incremental_vacuum(1)";

/// How long another process may migrate on SQLite: an hour, for hundreds of millions of events.
const WAIT_LONG: &str = "PRAGMA busy_timeout = 3600000";

/// `LOCK_WAIT` again.
const WAIT_AS_BEFORE: &str = "PRAGMA busy_timeout = 5000";

/// Why a database is not used.
#[derive(Debug)]
pub enum Unusable {
    /// Its tables are another program's.
    Foreign,
    /// The migration of this number was another one.
    Changed(i64),
    /// It has migrations that this version does not know.
    Newer,
    /// A copy into it was begun.
    UnfinishedCopy,
    Failed(sqlx::Error),
}

/// Refuses a file that is another program's or a newer version's before anything of it is changed: the way that it is
/// written belongs to the file.
pub async fn check(location: &Location) -> std::result::Result<(), Unusable> {
    match location {
        Location::Sqlite { options, in_memory: false } if has_content(options) => {
            let mut connection = options.connect().await?;
            let found = Found::on_sqlite(&mut connection).await;
            connection.close().await?;
            found?.judge(&sqlite_migrations())
        }
        _ => Ok(()),
    }
}

/// Brings the tables to this version.
pub async fn migrate(engine: &Engine) -> std::result::Result<(), Unusable> {
    match engine {
        Engine::Sqlite(pools, checkpoint) => migrate_sqlite(&pools.writer, checkpoint).await,
        Engine::Postgres(..) => match engine.begin().await? {
            Transaction::Postgres(mut open) => {
                let found = Found::on_postgres(&mut open).await?;
                apply(&mut *open, &found, &postgres_migrations()).await?;
                Ok(open.commit().await?)
            }
            Transaction::Sqlite(_) => Err(sqlx::Error::BeginFailed.into()),
        },
    }
}

/// In a transaction of the driver's, which makes those of the migrations a part of it.
async fn migrate_sqlite(pool: &SqlitePool, checkpoint: &WalCheckpoint) -> std::result::Result<(), Unusable> {
    let mut connection = pool.acquire().await?;
    connection.execute(WAIT_LONG).await?;
    let mut open = said_while(connection.begin_with("BEGIN IMMEDIATE")).await?;
    open.execute(PROBE).await?;
    let found = Found::on_sqlite(&mut open).await?;
    apply(&mut *open, &found, &sqlite_migrations()).await?;
    open.commit().await?;
    connection.execute(WAIT_AS_BEFORE).await?;
    Ok(checkpoint.run_if_long(&mut connection).await?)
}

/// Waits for another writer, who may be migrating, and says so.
async fn said_while<T>(begin: impl Future<Output = Result<T>>) -> Result<T> {
    let mut begin = pin!(begin);
    loop {
        match timeout(LOCK_WAIT, &mut begin).await {
            Ok(begun) => return begun,
            Err(_) => tracing::warn!("waiting for another process that writes to the database, or migrates it"),
        }
    }
}

async fn apply<'a, C>(connection: C, found: &Found, migrations: &Migrator) -> std::result::Result<(), Unusable>
where
    C: Acquire<'a>,
    <C::Connection as Deref>::Target: Migrate,
{
    found.judge(migrations)?;
    migrations.run(connection).await?;
    let last = migrations.iter().next_back().map_or(0, |last| last.version);
    if !found.tables.is_empty() && found.applied.len() < migrations.iter().len() {
        tracing::info!(schema = last, "the database has this version's tables now");
    }
    Ok(())
}

pub fn sqlite_migrations() -> Migrator {
    sqlx::migrate!("migrations/sqlite")
}

/// Without a lock of their own: the transaction has that of all writers.
pub fn postgres_migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    migrations.set_locking(false);
    migrations
}

fn has_content(options: &SqliteConnectOptions) -> bool {
    std::fs::metadata(options.get_filename()).is_ok_and(|file| file.len() > 0)
}

/// What is in a database.
pub struct Found {
    /// The columns of each table, without the one where migrations are noted.
    pub tables: BTreeMap<String, BTreeSet<String>>,
    pub applied: Vec<AppliedMigration>,
}

impl Found {
    pub async fn on_sqlite(connection: &mut SqliteConnection) -> std::result::Result<Self, MigrateError> {
        let columns = sqlx::query_as(SQLITE_COLUMNS).fetch_all(&mut *connection).await?;
        Self::with(columns, connection).await
    }

    pub async fn on_postgres(connection: &mut PgConnection) -> std::result::Result<Self, MigrateError> {
        let columns = sqlx::query_as(POSTGRES_COLUMNS).fetch_all(&mut *connection).await?;
        Self::with(columns, connection).await
    }

    async fn with<C: Migrate>(
        columns: Vec<(String, String)>,
        connection: &mut C,
    ) -> std::result::Result<Self, MigrateError> {
        let mut tables: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (table, column) in columns {
            tables.entry(table).or_default().insert(column);
        }
        let applied = match tables.remove(MIGRATIONS) {
            Some(_) => connection.list_applied_migrations(MIGRATIONS).await?,
            None => Vec::new(),
        };
        Ok(Self { tables, applied })
    }

    /// Whether these migrations can go on from here.
    pub fn judge(&self, migrations: &Migrator) -> std::result::Result<(), Unusable> {
        if self.tables.contains_key(UNFINISHED_COPY) {
            return Err(Unusable::UnfinishedCopy);
        }
        for (applied, known) in self.applied.iter().zip(migrations.iter()) {
            if applied.version != known.version {
                return Err(Unusable::Foreign);
            }
            if applied.checksum != known.checksum {
                return Err(Unusable::Changed(known.version));
            }
        }
        if self.applied.len() > migrations.iter().len() {
            return Err(Unusable::Newer);
        }
        let is_ours = !self.applied.is_empty() || self.tables.is_empty() || self.has_first_schema();
        if is_ours { Ok(()) } else { Err(Unusable::Foreign) }
    }

    fn has_first_schema(&self) -> bool {
        FIRST_SCHEMA.iter().all(|(table, columns)| {
            let found = self.tables.get(*table);
            found.is_some_and(|found| columns.split(' ').all(|column| found.contains(column)))
        })
    }
}

impl From<sqlx::Error> for Unusable {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<MigrateError> for Unusable {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::Failed(error),
            MigrateError::VersionMismatch(version) => Self::Changed(version),
            MigrateError::VersionMissing(_) => Self::Newer,
            _ => Self::Foreign,
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => out.write_str(
                "it holds tables of another program, and was left as it is: name an empty database, or one that does \
                 not exist yet",
            ),
            Self::Changed(version) => write!(
                out,
                "its tables were made by another program, or by a version of experiment-server that was changed \
                 (migration {version} differs): run what made it, or name an empty database"
            ),
            Self::Newer => out.write_str(
                "made by a newer version of experiment-server: run that version or restore a backup of before",
            ),
            Self::UnfinishedCopy => out.write_str(
                "a copy into it was begun and is not finished: run experiment-server copy again, or name another \
                 database",
            ),
            Self::Failed(error) => Failure(error).fmt(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_have_the_same_migrations() {
        let names = |migrations: Migrator| -> Vec<_> {
            migrations.iter().map(|one| (one.version, one.description.clone())).collect()
        };
        assert_eq!(names(sqlite_migrations()), names(postgres_migrations()));
        assert!(names(sqlite_migrations()).iter().zip(1..).all(|((version, _), number)| *version == number));
    }
}
