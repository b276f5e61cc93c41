//! Copies a whole database of this version to another address, of the same engine or the other one.
//!
//! The source is read in one snapshot and is not changed, so that it may be served meanwhile. Everything is written in
//! one transaction, into a database that holds nothing but a mark until then: servers refuse the mark, so that one that
//! was copied by halves is not taken for a new one, and the copy can begin again.

mod refusal;
mod source;
mod tables;
mod target;
mod value;

use futures_util::TryStreamExt;

use super::bulk::MOST_ROWS;
use super::location::Location;
use refusal::{Addresses, Refusal};
use source::Source;
use tables::{Column, TABLES, Table};
use target::{Connected, Target};
use value::Unfit;

/// How many bytes of rows are written together. A single row may have more.
const MOST_BYTES: usize = 1 << 20;

/// Copies a database; tells the number of rows of each table when they are written. An error says at which address it is.
pub async fn copy(from: &Location, to: &Location, told: impl Fn(&str, u64)) -> Result<(), String> {
    let addresses = Addresses { from, to };
    let mut source = Source::open(from).await.map_err(|error| addresses.source(error))?;
    let mut connected = Connected::open(to).await.map_err(|error| addresses.target(error))?;
    connected.mark().await.map_err(|error| addresses.target(error))?;
    let mut target = connected.begin().await.map_err(|error| addresses.target(error))?;
    let mut unfit = Unfit::default();
    for table in &TABLES {
        let rows = copy_table(table, &mut source, &mut target, &mut unfit, &addresses).await?;
        told(table.name, rows);
    }
    if !unfit.is_empty() {
        return Err(addresses.source(Refusal::Unfit(unfit)));
    }
    target.commit().await.map_err(|error| addresses.target(error))
}

/// Copies the rows of a table, and counts them on both sides.
async fn copy_table(
    table: &Table,
    source: &mut Source,
    target: &mut Target<'_>,
    unfit: &mut Unfit,
    addresses: &Addresses<'_>,
) -> Result<u64, String> {
    let columns = source.columns(table.name).await.map_err(|error| addresses.source(error))?;
    let insert = insert(table, &columns);
    let mut stream = source.rows(table, &columns);
    let (mut rows, mut bytes, mut sent) = (Vec::new(), 0, 0);
    while let Some(row) = stream.try_next().await.map_err(|error| addresses.source(error))? {
        sent += 1;
        if target.is_postgres() && !unfit.note(table, &columns, &row) {
            continue;
        }
        bytes += row.iter().map(value::Value::bytes).sum::<usize>();
        rows.push(row);
        if rows.len() == MOST_ROWS || bytes >= MOST_BYTES {
            bytes = 0;
            target.insert(&insert, std::mem::take(&mut rows)).await.map_err(|error| addresses.target(error))?;
        }
    }
    drop(stream);
    target.insert(&insert, rows).await.map_err(|error| addresses.target(error))?;
    let read = source.count(table.name).await.map_err(|error| addresses.source(error))?;
    let written = target.count(table.name).await.map_err(|error| addresses.target(error))?;
    if unfit.is_empty() && (sent != read || written != read) {
        return Err(addresses.target(Refusal::Counts { table: table.name, read, written }));
    }
    Ok(written)
}

fn insert(table: &Table, columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    format!("INSERT INTO {} ({})", table.name, names.join(", "))
}
