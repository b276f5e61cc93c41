//! Makes the file of a SQLite database: readable by its owner only, and able to give back pages that it no longer needs.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions};
use sqlx::{ConnectOptions, Connection};

use super::failure::{Result, is_locked};

/// How often a file is tried that another process changes to a write-ahead log: SQLite does not wait there.
const RETRY: Duration = Duration::from_millis(20);

/// Makes the file where there is none, and opens it once: how it keeps free pages is settled before its first table.
pub async fn make(options: &SqliteConnectOptions, patience: Duration) -> Result<()> {
    let options = match is_empty(options.get_filename()) {
        true => options.clone().auto_vacuum(SqliteAutoVacuum::Incremental),
        false => options.clone(),
    };
    let deadline = Instant::now() + patience;
    loop {
        match options.connect().await {
            Err(error) if is_locked(&error) && Instant::now() < deadline => tokio::time::sleep(RETRY).await,
            opened => return opened?.close().await,
        }
    }
}

/// Whether there is nothing in the file. Files beside it have the permissions that it has. What is wrong with it is said
/// by SQLite.
fn is_empty(file: &Path) -> bool {
    let file = File::options().append(true).create(true).mode(0o600).open(file);
    file.and_then(|file| file.metadata()).is_ok_and(|file| file.len() == 0)
}
