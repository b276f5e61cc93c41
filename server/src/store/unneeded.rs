//! Removes what no event needs any more: states of properties, and people whose last event expired. Also the mark with
//! which every deletion begins.

use std::collections::BTreeSet;

use super::bulk::{Lookup, insert, number, select_in, sql};
use super::engine::{Row, Transaction};
use super::failure::Result;

/// The deletion of people whose last event expired: there is no request.
pub const EXPIRED: i64 = 0;

const MARK: &str = "UPDATE person SET user_id = NULL, properties = '', buckets = 0, property_names = 0, \
                    property_bytes = 0, cleared = NULL, state = NULL, state_base = 0, difference_bytes = 0, \
                    deletion = $2 WHERE id = $1";

/// A person, their state of now, the first one that an event shows, an event of theirs, and a visitor who turned out to be
/// them. Not `EXISTS`: for many people PostgreSQL would read everybody's events instead.
const PEOPLE: Lookup<'_> = Lookup {
    columns: "id, state, (SELECT min(event.state) FROM event WHERE event.person = found.id), \
              (SELECT event.id FROM event WHERE event.person = found.id LIMIT 1), \
              (SELECT visitor.id FROM person AS visitor WHERE visitor.merged_into = found.id LIMIT 1)",
    table: "person AS found",
    condition: "project = $1 AND id = CAST(lookup_1 AS BIGINT) AND deletion IS NULL",
    is_unique: true,
};

/// Removes what these people do not need after events of theirs were deleted.
///
/// The states of a person that are numbered before the one on which the first needed one is based are needed by nothing:
/// an event shows no earlier state than the events before it, since both are numbered in the order of storing.
pub async fn remove_unneeded(
    open: &mut Transaction,
    project: i64,
    people: impl IntoIterator<Item = i64> + Send,
) -> Result<()> {
    let people: BTreeSet<_> = people.into_iter().collect();
    let keys = people.into_iter().map(|person| [number(person)]).collect();
    let mut first_needed = Vec::new();
    for row in PEOPLE.rows(open, project, keys).await? {
        let person = row.int(0)?;
        let is_needed = row.maybe_int(3)?.is_some() || row.maybe_int(4)?.is_some();
        if !is_needed {
            mark(open, person, EXPIRED).await?;
        } else if let Some(state) = first_needed_state(&row)? {
            first_needed.push([number(person), number(state)]);
        }
    }
    let table =
        ("property_state", "person = CAST(lookup_1 AS BIGINT) AND number = CAST(lookup_2 AS BIGINT) AND $1 = $1");
    let bases = select_in(open, "person, base", table, project, first_needed).await?;
    let bases = bases.iter().map(|row| Ok(vec![row.int(0)?.into(), row.int(1)?.into()])).collect::<Result<_>>()?;
    let start = "DELETE FROM property_state WHERE (person, number) IN (SELECT old.person, old.number FROM (";
    let end = ") AS needed CROSS JOIN property_state AS old WHERE old.person = needed.column1 AND old.number < needed.column2)";
    insert(open, start, end, bases).await
}

/// Marks a person as one who is being [deleted](super::deletion). Their properties of now are gone.
pub async fn mark(open: &mut Transaction, person: i64, deletion: i64) -> Result<()> {
    open.change(sql("DELETE FROM property_bucket WHERE person = $1"), vec![person.into()]).await?;
    open.change(sql(MARK), vec![person.into(), deletion.into()]).await.map(drop)
}

fn first_needed_state(row: &Row) -> Result<Option<i64>> {
    let (now, shown) = (row.maybe_int(1)?, row.maybe_int(2)?);
    Ok(now.into_iter().chain(shown).min())
}
