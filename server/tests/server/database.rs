//! A database for one test: gone when the test is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};

use crate::poll_until::poll_until;
use crate::small_disk::{SmallDisk, as_root};

static NUMBER: AtomicU32 = AtomicU32::new(0);

pub enum Database {
    Memory,
    File(PathBuf),
    Postgres { server: String, name: String, has_tablespace: bool },
}

impl Database {
    /// One that lives as long as the server does, or longer.
    pub fn new() -> Self {
        postgres().unwrap_or(Self::Memory)
    }

    /// One that outlives the server.
    pub fn lasting() -> Self {
        postgres().unwrap_or_else(Self::file)
    }

    /// A file of SQLite, whatever the others are.
    pub fn file() -> Self {
        let directory = std::env::temp_dir().join(name());
        std::fs::create_dir(&directory).unwrap();
        Self::File(directory)
    }

    /// One on a disk that may become full. On PostgreSQL only its tables are there; what is written ahead stays elsewhere.
    pub fn on(disk: &SmallDisk) -> Self {
        let Ok(server) = std::env::var("EXPERIMENT_TEST_POSTGRES") else {
            let directory = disk.directory.join("database");
            std::fs::create_dir(&directory).unwrap();
            return Self::File(directory);
        };
        // PostgreSQL runs as its package's user where the tests run as root.
        let (name, directory) = (&disk.name, disk.directory.display());
        let _same_user = as_root("chown", &["postgres", &directory.to_string()]);
        ask(&format!("{server}/postgres"), format!("CREATE TABLESPACE {name} LOCATION '{directory}'"));
        ask(&format!("{server}/postgres"), format!("CREATE DATABASE {name} TABLESPACE {name}"));
        Self::Postgres { server, name: name.clone(), has_tablespace: true }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Memory => "sqlite::memory:".to_owned(),
            Self::File(directory) => format!("sqlite:{}", directory.join("events.db").display()),
            Self::Postgres { server, name, .. } => format!("{server}/{name}"),
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// Does something while a transaction that begins like this is open.
    pub fn held(&self, begin: &'static str, during: impl FnOnce()) {
        waiting(async {
            match self {
                Self::Memory => panic!("only the server reaches it"),
                Self::File(_) => {
                    let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
                    connection.execute(begin).await.unwrap();
                    during();
                    connection.execute("COMMIT").await.unwrap();
                }
                Self::Postgres { .. } => {
                    let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                    connection.execute(begin).await.unwrap();
                    during();
                    connection.execute("COMMIT").await.unwrap();
                }
            }
        });
    }

    /// All rows of all tables, as texts.
    pub fn rows(&self) -> BTreeMap<String, Vec<String>> {
        waiting(async {
            match self {
                Self::Memory => panic!("only the server reaches it"),
                Self::File(_) => {
                    let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
                    let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
                    let mut all = BTreeMap::new();
                    for table in sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap() {
                        let table: String = table;
                        let select = AssertSqlSafe(format!("SELECT * FROM {table}"));
                        let rows = sqlx::query(select).fetch_all(&mut connection).await.unwrap();
                        let mut rows: Vec<_> = rows.iter().map(whole).collect();
                        rows.sort();
                        all.insert(table, rows);
                    }
                    all
                }
                Self::Postgres { .. } => {
                    let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                    let tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
                    let mut all = BTreeMap::new();
                    for table in sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap() {
                        let table: String = table;
                        let select = AssertSqlSafe(format!("SELECT one::text FROM {table} AS one ORDER BY 1"));
                        all.insert(table, sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap());
                    }
                    all
                }
            }
        })
    }

    /// Runs a statement beside the server.
    pub fn run(&self, statement: impl Into<String>) {
        let statement = statement.into();
        match self {
            Self::Memory => panic!("only the server reaches it"),
            Self::File(_) => waiting(async {
                let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
                connection.execute(AssertSqlSafe(statement)).await.unwrap();
            }),
            Self::Postgres { .. } => ask(&self.url(), statement),
        }
    }

    /// The number that a query finds, beside the server.
    pub fn number(&self, query: &'static str) -> i64 {
        match self {
            Self::Memory => panic!("only the server reaches it"),
            Self::File(_) => waiting(async {
                let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
            }),
            Self::Postgres { .. } => waiting(async {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
            }),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Self::Memory => {}
            Self::File(directory) => std::fs::remove_dir_all(directory).unwrap(),
            Self::Postgres { server, name, has_tablespace } => {
                ask(&format!("{server}/postgres"), format!("DROP DATABASE {name} WITH (FORCE)"));
                if *has_tablespace {
                    ask(&format!("{server}/postgres"), format!("DROP TABLESPACE {name}"));
                }
            }
        }
    }
}

fn whole(row: &SqliteRow) -> String {
    let columns = (0..row.len()).map(|column| row.try_get_unchecked::<Option<Vec<u8>>, _>(column).unwrap());
    let texts = columns.map(|column| column.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    format!("{:?}", texts.collect::<Vec<_>>())
}

pub fn name() -> String {
    format!("experiment_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// One of PostgreSQL, if the tests run on it.
pub fn postgres() -> Option<Database> {
    let server = std::env::var("EXPERIMENT_TEST_POSTGRES").ok()?;
    let name = name();
    ask(&format!("{server}/postgres"), format!("CREATE DATABASE {name}"));
    Some(Database::Postgres { server, name, has_tablespace: false })
}

pub fn ask(url: &str, statement: String) {
    // Databases are made and dropped with a checkpoint, which fails for as long as another test's disk is full.
    poll_until(|| {
        let outcome = waiting(async {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(AssertSqlSafe(statement.clone())).await
        });
        let checkpoint = outcome.as_ref().is_err_and(|error| error.to_string().contains("checkpoint request failed"));
        (!checkpoint).then(|| outcome.unwrap())
    });
}

fn waiting<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
