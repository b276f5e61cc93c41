//! Deletes the events of a project that are older than it keeps them, in [steps](super::background), and with them the
//! people of whom nothing is left. The usage of their months is [kept](super::kept_usage).

use experiment_ingestion::usage::Month;

use super::background::STEP_ROWS;
use super::bulk::sql;
use super::deletion::delete_events;
use super::engine::{Arg, Source};
use super::failure::Result;
use super::ids::Ids;
use super::kept_usage::{close, kept};
use super::unneeded::remove_unneeded;
use super::usage::counted;
use super::{Store, background};

/// The events of a project that were received before a moment, in milliseconds, are deleted. The month of that moment is
/// over, so no more events of it come.
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    pub project: i64,
    pub before: u64,
}

const OLDEST: &str = "SELECT id, person, received FROM event WHERE project = $1 AND received < $2 \
                      ORDER BY project, received LIMIT $3";

/// Deletes what expires, as long as the server runs.
pub async fn run(store: Store, expiries: impl Fn() -> Vec<Expiry>) {
    background::repeat("expired events could not be deleted", || store.expire_some(expiries())).await;
}

impl Store {
    /// Takes one step for each project; says whether there was one to take.
    async fn expire_some(&self, expiries: Vec<Expiry>) -> Result<bool> {
        let mut has_more = false;
        for expiry in expiries {
            has_more |= self.expire(expiry).await?;
        }
        Ok(has_more)
    }

    async fn expire(&self, Expiry { project, before }: Expiry) -> Result<bool> {
        let oldest = self.engine.rows(sql(OLDEST), args(project, before, 1)).await?;
        let Some(oldest) = oldest.first() else { return Ok(false) };
        let month = Month::of(oldest.int(2)?.unsigned_abs());
        let end = month.millis().end;
        if !self.close_month(project, month).await? {
            return Ok(false);
        }
        let mut open = self.engine.begin().await?;
        let rows = open.rows(sql(OLDEST), args(project, before.min(end), STEP_ROWS)).await?;
        Ids::Event.keep(&mut open).await?;
        delete_events(&mut open, &rows).await?;
        let people = rows.iter().map(|row| row.int(1)).collect::<Result<Vec<_>>>()?;
        remove_unneeded(&mut open, project, people).await?;
        open.commit().await.map(|()| true)
    }

    /// Counts a month that is over, and closes it; says whether it is closed. It is counted beside the writers, and left
    /// open while people of the project are deleted.
    async fn close_month(&self, project: i64, month: Month) -> Result<bool> {
        let mut snapshot = self.engine.snapshot().await?;
        let before = kept(&mut snapshot, project, month).await?;
        let is_counted = !before.is_closed && !is_deleting(&mut snapshot, project).await?;
        let stored = match is_counted {
            true => counted(&mut snapshot, project, month.millis()).await?,
            false => (0, 0),
        };
        snapshot.end().await?;
        if !is_counted {
            return Ok(before.is_closed);
        }
        let mut open = self.engine.begin().await?;
        if is_deleting(&mut open, project).await? || kept(&mut open, project, month).await? != before {
            return Ok(false);
        }
        let all = (before.events + stored.0, before.tracked_users + stored.1);
        close(&mut open, project, month, all).await?;
        open.commit().await.map(|()| true)
    }
}

async fn is_deleting(source: &mut impl Source, project: i64) -> Result<bool> {
    let deleted = sql("SELECT id FROM person WHERE deletion IS NOT NULL AND project = $1 ORDER BY deletion LIMIT 1");
    source.rows(deleted, vec![project.into()]).await.map(|rows| !rows.is_empty())
}

fn args(project: i64, before: u64, limit: i64) -> Vec<Arg> {
    vec![project.into(), before.cast_signed().into(), limit.into()]
}
