//! Statements over many rows at once, in a few texts, so that prepared statements are used again.

use std::collections::HashSet;

use experiment_wasm::json::{Text, Value};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::engine::{Arg, Row, Transaction};
use super::failure::Result;

/// The most rows in one statement: with 15 columns far under SQLite's 32,766 arguments, and few lengths to prepare.
const MOST_ROWS: usize = 64;

/// A statement that is written in this program.
pub fn sql(text: &'static str) -> SqlStr {
    text.into_sql_str()
}

/// A statement put together from texts of this program; values never become part of it.
pub fn composed(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

/// Runs `{start} VALUES ($1, …), … {end}` over all rows, in pieces whose lengths are powers of two.
pub async fn insert(open: &mut Transaction, start: &str, end: &str, rows: Vec<Vec<Arg>>) -> Result<()> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let length = piece_of(rows.len());
        let piece: Vec<_> = rows.by_ref().take(length).collect();
        let width = piece.first().map_or(0, Vec::len);
        let tuples: Vec<_> = (0..piece.len()).map(|row| tuple(row * width, width)).collect();
        let text = format!("{start} VALUES {} {end}", tuples.join(", "));
        open.change(composed(text), piece.into_iter().flatten().collect()).await?;
    }
    Ok(())
}

/// The rows of a table that these keys lead to, at most one each. `condition` names the project `$1` and the key
/// `lookup_key`.
///
/// Key by key, whatever the engine thinks of the table: PostgreSQL knows nothing of a new one until it was analyzed,
/// and for a list of keys it would read the whole project.
pub async fn select_in(
    open: &mut Transaction,
    columns: &str,
    (table, condition): (&str, &str),
    project: i64,
    keys: Vec<Value>,
) -> Result<Vec<Row>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let text = match open {
        Transaction::Sqlite(_) => format!(
            "SELECT {columns} FROM (SELECT value AS lookup_key FROM json_each($2)) AS keys CROSS JOIN {table} \
             WHERE {condition}"
        ),
        Transaction::Postgres(_) => format!(
            "SELECT {columns} FROM json_array_elements_text(CAST($2 AS json)) AS keys (lookup_key) \
             CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {condition} LIMIT 1) AS found"
        ),
    };
    open.rows(composed(text), vec![project.into(), Value::Array(keys).to_json().into()]).await
}

/// Which of these insert ids are stored.
///
/// In the order of the index: others begin with the project too, and only the order tells PostgreSQL which one to take
/// while it knows nothing of the table. A column whose value is given has no order: for a key of all three columns the
/// last one is given as a range, from the value to the value.
pub async fn stored_insert_ids(open: &mut Transaction, project: i64, insert_ids: Vec<Value>) -> Result<HashSet<Text>> {
    let row = ("event", "project = $1 AND insert_id = lookup_key ORDER BY unique_key");
    let rows = select_in(open, "insert_id", row, project, insert_ids).await?;
    rows.iter().map(|row| row.required_text(0).map(Text::from)).collect()
}

/// Lookup keys of texts, each once.
pub fn keys<'a>(texts: impl Iterator<Item = &'a Text>) -> Vec<Value> {
    let once: HashSet<_> = texts.collect();
    once.into_iter().map(|text| text.to_str().as_ref().into()).collect()
}

fn piece_of(length: usize) -> usize {
    if length >= MOST_ROWS { MOST_ROWS } else { 1 << length.ilog2() }
}

/// `($n+1, $n+2, …)`
fn tuple(before: usize, width: usize) -> String {
    let placeholders: Vec<_> = (1..=width).map(|column| format!("${}", before + column)).collect();
    format!("({})", placeholders.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_cut_into_powers_of_two() {
        assert_eq!([1, 2, 3, 63, 64, 65, 2_000].map(piece_of), [1, 2, 2, 32, 64, 64, 64]);
        assert_eq!(tuple(3, 2), "($4, $5)");
    }
}
