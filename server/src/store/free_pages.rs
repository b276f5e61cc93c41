//! Gives the pages of a SQLite file that are free back to the disk, in [steps](super::background). PostgreSQL's vacuum does
//! so by itself, or keeps them for what comes.

use super::bulk::sql;
use super::engine::Source;
use super::failure::Result;
use super::{Store, background};

/// How many pages are given back in a step: each takes the place of one at the end of the file.
const STEP: &str = "PRAGMA incremental_vacuum(200)";

/// Fewer free pages than this stay for what comes, and a tenth of the file: a megabyte.
const FEW_PAGES: i64 = 256;

/// The kind of files that can give pages back. Those of the first version cannot, until they are vacuumed once.
const INCREMENTAL: i64 = 2;

/// Gives pages back, as long as the server runs.
pub async fn run(store: Store) {
    background::repeat("free pages could not be given back", || store.give_back_pages()).await;
}

impl Store {
    /// Takes one step; says whether there was one to take.
    async fn give_back_pages(&self) -> Result<bool> {
        if !self.engine.is_sqlite_file() || !self.has_many_free_pages().await? {
            return Ok(false);
        }
        let mut open = self.engine.begin().await?;
        open.rows(sql(STEP), Vec::new()).await?;
        open.commit().await.map(|()| true)
    }

    async fn has_many_free_pages(&self) -> Result<bool> {
        let [mut kind, mut free, mut all] = [0; 3];
        let pragmas =
            [("PRAGMA auto_vacuum", &mut kind), ("PRAGMA freelist_count", &mut free), ("PRAGMA page_count", &mut all)];
        for (pragma, number) in pragmas {
            let rows = self.engine.rows(sql(pragma), Vec::new()).await?;
            *number = rows.first().map_or(Ok(0), |row| row.int(0))?;
        }
        Ok(kind == INCREMENTAL && free > FEW_PAGES + all / 10)
    }
}
