//! Statements over many rows at once: lists of placeholders, in so few lengths that prepared statements are used again.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::engine::{Arg, Result, Row, Transaction};

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

/// Runs `{start} (…)` over all values in pieces, filled up to a power of two by saying the last value again.
pub async fn among(open: &mut Transaction, start: &str, project: i64, values: &[Arg]) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for piece in values.chunks(MOST_ROWS) {
        let length = piece.len().next_power_of_two();
        let filled = piece.iter().chain(piece.iter().rev().take(1).cycle()).take(length).cloned();
        let text = format!("{start} {}", tuple(1, length));
        found.extend(open.rows(composed(text), std::iter::once(project.into()).chain(filled).collect()).await?);
    }
    Ok(found)
}

fn piece_of(length: usize) -> usize {
    if length >= MOST_ROWS { MOST_ROWS } else { 1 << length.ilog2() }
}

/// `($n+1, $n+2, …)`
fn tuple(before: usize, width: usize) -> String {
    let places: Vec<_> = (1..=width).map(|place| format!("${}", before + place)).collect();
    format!("({})", places.join(", "))
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
