//! The numbers of rows: each is given once, also when its row is deleted.

use super::bulk::{composed, sql};
use super::engine::{Source, Transaction};
use super::failure::Result;

/// A table whose rows are numbered.
#[derive(Clone, Copy)]
pub enum Ids {
    Event,
    Person,
}

impl Ids {
    fn table(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Person => "person",
        }
    }

    /// The last number that was given.
    pub async fn last(self, open: &mut impl Source) -> Result<i64> {
        let table = self.table();
        let both = format!(
            "SELECT coalesce(max(id), 0) FROM {table} UNION ALL SELECT id FROM highest_id WHERE name = '{table}'"
        );
        let rows = open.rows(composed(both), Vec::new()).await?;
        rows.iter().try_fold(0, |last, row| Ok(row.int(0)?.max(last)))
    }

    /// Keeps it. To be called before rows are deleted, in the same transaction.
    pub async fn keep(self, open: &mut Transaction) -> Result<()> {
        let last = self.last(open).await?;
        let update = sql("UPDATE highest_id SET id = $2 WHERE name = $1 AND id < $2");
        open.change(update, vec![self.table().into(), last.into()]).await.map(drop)
    }
}
