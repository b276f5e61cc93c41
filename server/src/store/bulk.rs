//! Statements over many rows at once, in a few texts, so that prepared statements are used again.

use std::collections::HashSet;

use experiment_wasm::json::{Text, Value};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::engine::{Arg, Row, Source, Transaction};
use super::failure::Result;

/// The most rows in one statement: with 15 columns far under SQLite's 32,766 arguments, and few lengths to prepare.
pub const MOST_ROWS: usize = 64;

/// A statement that is written in this program.
pub fn sql(text: &'static str) -> SqlStr {
    text.into_sql_str()
}

/// A statement put together from texts of this program; values never become part of it.
pub fn composed(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

/// Runs `{start} VALUES ($1, …), … {end}` over all rows.
pub async fn insert(open: &mut Transaction, start: &str, end: &str, rows: Vec<Vec<Arg>>) -> Result<()> {
    for (text, args) in statements(start, end, rows) {
        open.change(text, args).await?;
    }
    Ok(())
}

/// `{start} VALUES ($1, …), … {end}` over all rows, in pieces whose lengths are powers of two, each with its arguments.
pub fn statements<T>(start: &str, end: &str, rows: Vec<Vec<T>>) -> impl Iterator<Item = (SqlStr, Vec<T>)> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let length = (rows.len() > 0).then(|| piece_of(rows.len()))?;
        let piece: Vec<_> = rows.by_ref().take(length).collect();
        let width = piece.first().map_or(0, Vec::len);
        let tuples: Vec<_> = (0..piece.len()).map(|row| tuple(row * width, width)).collect();
        let text = format!("{start} VALUES {} {end}", tuples.join(", "));
        Some((composed(text), piece.into_iter().flatten().collect()))
    })
}

/// Rows of a table by a list of keys. `condition` names the project `$1`, and the parts of a key `lookup_1`, `lookup_2`
/// …, which are texts.
///
/// Key by key, whatever the engine thinks of the table: PostgreSQL knows nothing of a new one until it was analyzed,
/// and for a list of keys it would read the whole project.
pub struct Lookup<'a> {
    pub columns: &'a str,
    pub table: &'a str,
    pub condition: &'a str,
    /// Whether a key leads to one row at most.
    pub is_unique: bool,
}

impl Lookup<'_> {
    fn sqlite(&self, parts_of_key: usize) -> String {
        let Self { columns, table, condition, .. } = self;
        let parts = parts(parts_of_key, |part| format!("json_extract(value, '$[{part}]')"));
        format!(
            "SELECT {columns} FROM (SELECT {parts} FROM json_each($2)) AS keys CROSS JOIN {table} WHERE {condition}"
        )
    }

    fn postgres(&self, parts_of_key: usize) -> String {
        let Self { columns, table, condition, is_unique } = self;
        let parts = parts(parts_of_key, |part| format!("value ->> {part}"));
        // Without either, PostgreSQL makes one join of both, and may read the whole table for it.
        let limit = if *is_unique { "LIMIT 1" } else { "OFFSET 0" };
        format!(
            "SELECT {columns} FROM (SELECT {parts} FROM json_array_elements(CAST($2 AS json)) AS one (value)) AS keys \
             CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {condition} {limit}) AS found"
        )
    }

    /// The rows that these keys lead to.
    pub async fn rows<const N: usize>(
        &self,
        source: &mut impl Source,
        project: i64,
        keys: Vec<[Value; N]>,
    ) -> Result<Vec<Row>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let text = if source.is_sqlite() { self.sqlite(N) } else { self.postgres(N) };
        source.rows(composed(text), args(project, keys)).await
    }
}

fn args<const N: usize>(project: i64, keys: Vec<[Value; N]>) -> Vec<Arg> {
    let keys = Value::Array(keys.into_iter().map(|key| Value::Array(key.into())).collect());
    vec![project.into(), keys.to_json().into()]
}

/// The rows of a table that these keys lead to, at most one each.
pub async fn select_in<const N: usize>(
    source: &mut impl Source,
    columns: &str,
    (table, condition): (&str, &str),
    project: i64,
    keys: Vec<[Value; N]>,
) -> Result<Vec<Row>> {
    Lookup { columns, table, condition, is_unique: true }.rows(source, project, keys).await
}

/// `… AS lookup_1, … AS lookup_2`
fn parts(count: usize, of: impl Fn(usize) -> String) -> String {
    (0..count).map(|part| format!("{} AS lookup_{}", of(part), part + 1)).collect::<Vec<_>>().join(", ")
}

/// Lookup keys of texts, each once.
pub fn keys<'a>(texts: impl Iterator<Item = &'a Text>) -> Vec<[Value; 1]> {
    let once: HashSet<_> = texts.collect();
    once.into_iter().map(|text| [text.to_str().as_ref().into()]).collect()
}

/// A number as a part of a lookup key: a text, since JSON has no whole numbers of this size.
pub fn number(number: i64) -> Value {
    number.to_string().as_str().into()
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
