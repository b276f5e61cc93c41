//! The usage of months whose events are deleted: what counted is kept before.
//!
//! Of a person who is deleted it is added up. A month whose events expire is counted as a whole and closed, since tracked
//! users do not add up; no event of it comes any more.

use std::collections::{BTreeMap, BTreeSet};

use experiment_ingestion::usage::{Month, NOT_COUNTED};

use super::bulk::{insert, sql};
use super::engine::{Arg, Row, Source, Transaction};
use super::failure::Result;

/// What is kept of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptUsage {
    pub events: i64,
    pub tracked_users: i64,
    /// Whether it is everything.
    pub is_closed: bool,
}

const KEPT: &str = "SELECT events, tracked_users, is_closed FROM kept_usage WHERE project = $1 AND month = $2";

const ADD: &str = "ON CONFLICT (project, month) DO UPDATE SET events = kept_usage.events + excluded.events, \
                   tracked_users = kept_usage.tracked_users + excluded.tracked_users WHERE kept_usage.is_closed = 0";

const CLOSE: &str = "ON CONFLICT (project, month) DO UPDATE SET events = excluded.events, \
                     tracked_users = excluded.tracked_users, is_closed = excluded.is_closed";

const INSERT: &str = "INSERT INTO kept_usage (project, month, events, tracked_users, is_closed)";

/// What is kept of a month.
pub async fn kept(source: &mut impl Source, project: i64, month: Month) -> Result<KeptUsage> {
    let rows = source.rows(sql(KEPT), vec![project.into(), first_millisecond(month).into()]).await?;
    let Some(row) = rows.first() else { return Ok(KeptUsage::default()) };
    Ok(KeptUsage { events: row.int(0)?, tracked_users: row.int(1)?, is_closed: row.int(2)? != 0 })
}

/// Keeps what counted of events of a person who is being deleted: rows with the time of receipt and the type from a column
/// on.
pub async fn keep_events(
    open: &mut Transaction,
    (project, person): (i64, i64),
    rows: &[Row],
    column: usize,
) -> Result<()> {
    let mut by_month: BTreeMap<i64, i64> = BTreeMap::new();
    for row in rows {
        if !NOT_COUNTED.contains(&row.required_text(column + 1)?.as_str()) {
            let month = Month::of(row.int(column)?.unsigned_abs());
            *by_month.entry(first_millisecond(month)).or_default() += 1;
        }
    }
    let months = by_month.keys().map(|month| vec![person.into(), (*month).into()]).collect();
    insert(open, "INSERT INTO deleted_month (person, month)", "ON CONFLICT DO NOTHING", months).await?;
    let kept = by_month.into_iter().map(|(month, events)| added(project, month, events, 0)).collect();
    insert(open, INSERT, ADD, kept).await
}

/// Keeps that a person whose events are all gone was a tracked user in their months.
pub async fn keep_tracked(open: &mut Transaction, project: i64, person: i64) -> Result<()> {
    let months = open.rows(sql("SELECT month FROM deleted_month WHERE person = $1"), vec![person.into()]).await?;
    if months.is_empty() {
        return Ok(());
    }
    let months = months.iter().map(|row| row.int(0)).collect::<Result<BTreeSet<_>>>()?;
    let kept = months.into_iter().map(|month| added(project, month, 0, 1)).collect();
    insert(open, INSERT, ADD, kept).await?;
    open.change(sql("DELETE FROM deleted_month WHERE person = $1"), vec![person.into()]).await.map(drop)
}

fn added(project: i64, month: i64, events: i64, tracked_users: i64) -> Vec<Arg> {
    vec![project.into(), month.into(), events.into(), tracked_users.into(), 0_i64.into()]
}

fn first_millisecond(month: Month) -> i64 {
    month.millis().start.cast_signed()
}

/// Closes a month: this is everything.
pub async fn close(
    open: &mut Transaction,
    project: i64,
    month: Month,
    (events, tracked_users): (i64, i64),
) -> Result<()> {
    let row = [project, first_millisecond(month), events, tracked_users, 1].map(Arg::from);
    insert(open, INSERT, CLOSE, vec![row.into()]).await
}
