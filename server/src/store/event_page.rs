//! Which events a page of the reading API shows: the newest that match, older than a cursor.
//!
//! One index serves a page: that of the first filter by equality, else that of the project. Other filters are checks,
//! row by row, of no more than [`MOST_LOOKED_AT`] rows.

#[cfg(test)]
mod tests;

use super::Store;
use super::bulk::composed;
use super::engine::{Arg, Engine, Row};
use super::failure::Result;

/// The most rows that a page with checks looks at: half a second of work on a slow disk.
const MOST_LOOKED_AT: usize = 10_000;

/// How many times more rows are looked at each time while too few match.
const GROWTH: usize = 3;

/// Which events are asked for; what is absent does not restrict.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    pub user_id: Option<String>,
    pub device_id: Option<String>,
    pub flag_key: Option<String>,
    pub variant: Option<String>,
    pub event_type: Option<String>,
    /// When they happened.
    pub time: Span,
    /// When they were received.
    pub received: Span,
    /// The id of an event, which need not exist: only older ones match.
    pub cursor: Option<i64>,
    /// The most that are shown.
    pub limit: usize,
}

/// From a moment to before another, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// The events of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// Oldest first.
    pub ids: Vec<i64>,
    /// The cursor of the next page, if there may be more events.
    pub next: Option<i64>,
}

impl Store {
    /// The newest events that match.
    pub async fn event_page(&self, project: i64, filter: &EventFilter) -> Result<EventPage> {
        let query = PageQuery::new(&self.engine, project, filter);
        let most = if query.has_checks { MOST_LOOKED_AT } else { filter.limit + 1 };
        let (mut page, mut below, mut looked_at) = (Page::of(filter.limit), filter.cursor.unwrap_or(i64::MAX), 0);
        while filter.limit > 0 && looked_at < most {
            let count = (looked_at * GROWTH).max(filter.limit + 1).min(most - looked_at);
            let rows = query.rows(&self.engine, below, count).await?;
            for row in &rows {
                if row.int(1)? != 0 && !page.takes(row.int(0)?) {
                    return Ok(page.with_next(Some(below)));
                }
                below = row.int(0)?;
            }
            if rows.len() < count {
                return Ok(page.with_next(None));
            }
            looked_at += count;
        }
        Ok(page.with_next((filter.limit > 0).then_some(below)))
    }
}

/// A page in the making.
struct Page {
    newest_first: Vec<i64>,
    limit: usize,
}

impl Page {
    fn of(limit: usize) -> Self {
        Self { newest_first: Vec::new(), limit }
    }

    /// Takes an event, unless the page is full.
    fn takes(&mut self, id: i64) -> bool {
        let has_room = self.newest_first.len() < self.limit;
        self.newest_first.extend(has_room.then_some(id));
        has_room
    }

    fn with_next(mut self, next: Option<i64>) -> EventPage {
        self.newest_first.reverse();
        EventPage { ids: self.newest_first, next }
    }
}

/// The statement that looks at events in the order of an index, newest first. A row is an id, and whether it passes the
/// checks.
struct PageQuery {
    text: String,
    args: Vec<Arg>,
    has_checks: bool,
}

/// `$1`: the project, `$2`: the cursor, `$3`: how many rows.
const PAGE_ARGS: usize = 3;

impl PageQuery {
    fn new(engine: &Engine, project: i64, filter: &EventFilter) -> Self {
        let mut equal = filter.equal();
        let mut args = vec![project.into(), 0.into(), 0.into()];
        let first = (!equal.is_empty()).then(|| equal.remove(0));
        args.extend(first.as_ref().map(|(_, value)| Arg::from(*value)));
        let checks = filter.checks(equal, &mut args);
        let is_match = if checks.is_empty() {
            "1".into()
        } else {
            format!("CASE WHEN {} THEN 1 ELSE 0 END", checks.join(" AND "))
        };
        let from = match engine {
            Engine::Sqlite(..) => sqlite_index(first.map(|(column, _)| column)),
            Engine::Postgres(..) => postgres_index(first.map(|(column, _)| column)),
        };
        let text = format!("SELECT id, CAST({is_match} AS BIGINT) FROM event {from} LIMIT $3");
        Self { text, args, has_checks: !checks.is_empty() }
    }

    async fn rows(&self, engine: &Engine, below: i64, count: usize) -> Result<Vec<Row>> {
        let paged = [below, i64::try_from(count).unwrap_or(i64::MAX)].map(Arg::from);
        let mut args = self.args.clone();
        args.iter_mut().skip(1).zip(paged).for_each(|(arg, value)| *arg = value);
        engine.rows(composed(self.text.clone()), args).await
    }
}

/// SQLite is told which index. It would refuse the statement rather than use another one.
fn sqlite_index(column: Option<Column>) -> String {
    match column {
        Some(Column { name, index }) => format!(
            "INDEXED BY {index} WHERE project = $1 AND {name} = ${} AND id < $2 ORDER BY id DESC",
            PAGE_ARGS + 1
        ),
        None => "INDEXED BY event_by_project WHERE project = $1 AND id < $2 ORDER BY id DESC".into(),
    }
}

/// PostgreSQL cannot be told. Bounds of the column, and the order by it, are those of one index only: with an equality,
/// it might take the project's and check the column of each of its events, or for the project that of all events.
fn postgres_index(column: Option<Column>) -> String {
    match column {
        Some(Column { name, .. }) => {
            let value = PAGE_ARGS + 1;
            format!(
                "WHERE project = $1 AND ({name}, id) < (${value}, $2) AND {name} >= ${value} ORDER BY {name} DESC, id DESC"
            )
        }
        None => "WHERE (project, id) < ($1, $2) AND project >= $1 ORDER BY project DESC, id DESC".into(),
    }
}

/// A column with an index of project, column and id.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    index: &'static str,
}

impl EventFilter {
    /// The filters by equality. Those come first that few events pass as a rule.
    fn equal(&self) -> Vec<(Column, &str)> {
        let all = [
            ("user_id", "event_by_user", &self.user_id),
            ("device_id", "event_by_device", &self.device_id),
            ("flag_key", "event_by_flag", &self.flag_key),
            ("variant", "event_by_variant", &self.variant),
            ("event_type", "event_by_type", &self.event_type),
        ];
        all.into_iter().filter_map(|(name, index, value)| Some((Column { name, index }, value.as_deref()?))).collect()
    }

    /// The conditions that no index serves; their values become arguments.
    fn checks(&self, equal: Vec<(Column, &str)>, args: &mut Vec<Arg>) -> Vec<String> {
        let equal = equal.into_iter().map(|(column, value)| (column.name, "=", Arg::from(value)));
        let spans = [
            ("time", ">=", self.time.from),
            ("time", "<", self.time.to),
            ("received", ">=", self.received.from),
            ("received", "<", self.received.to),
        ];
        let spans = spans.into_iter().filter_map(|(column, operator, bound)| Some((column, operator, bound?.into())));
        let mut condition = |(column, operator, value)| {
            args.push(value);
            format!("{column} {operator} ${}", args.len())
        };
        equal.chain(spans).map(&mut condition).collect()
    }
}
