//! Values on their way from one engine to the other. SQLite holds anything in any column, and a damaged row what is no
//! text: SQLite takes it as it is, PostgreSQL cannot.

use std::fmt;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Postgres, Row, SqlStr, Sqlite, TypeInfo, ValueRef};

use super::super::failure::Result;
use super::tables::{Column, Kind, Table};

/// How many values that do not fit are named.
const MOST_NAMED: usize = 20;

/// A value of a row.
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Real(f64),
    Bytes(Vec<u8>),
}

impl Value {
    /// About as many as it takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.as_ref().map_or(0, String::len),
            Self::Bytes(bytes) => bytes.len(),
            Self::Int(_) | Self::Real(_) => size_of::<i64>(),
        }
    }

    fn fits_postgres(&self, kind: Kind) -> bool {
        match self {
            Self::Int(_) => kind == Kind::Int,
            Self::Text(text) => kind == Kind::Text && !text.as_ref().is_some_and(|text| text.contains('\0')),
            Self::Real(_) | Self::Bytes(_) => false,
        }
    }
}

/// The values that PostgreSQL cannot hold, by the numbers of their rows' keys.
#[derive(Debug, Default)]
pub struct Unfit {
    count: usize,
    named: Vec<String>,
}

impl Unfit {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Notes what of a row does not fit; says whether all of it does.
    pub fn note(&mut self, table: &Table, columns: &[Column], row: &[Value]) -> bool {
        let before = self.count;
        for (column, _) in columns.iter().zip(row).filter(|(column, value)| !value.fits_postgres(column.kind)) {
            self.count += 1;
            if self.named.len() < MOST_NAMED {
                self.named.push(format!("{} of {}, {}", column.name, table.name, key(table, columns, row)));
            }
        }
        self.count == before
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, named } = self;
        write!(out, "it has {count} values that PostgreSQL cannot hold (no UTF-8, U+0000, or of another type):")?;
        named.iter().try_for_each(|named| write!(out, "\n  {named}"))
    }
}

/// Of the columns of a key the numbers: texts may be ids of users.
fn key(table: &Table, columns: &[Column], row: &[Value]) -> String {
    let numbers = columns.iter().zip(row).filter(|(column, _)| table.key.split(", ").any(|key| key == column.name));
    let numbers = numbers.filter_map(|(column, value)| match value {
        Value::Int(Some(number)) => Some(format!("{} {number}", column.name)),
        _ => None,
    });
    numbers.collect::<Vec<_>>().join(", ")
}

/// The values of a row of SQLite, by what they are, whatever their column is for.
pub fn of_sqlite(row: &SqliteRow, columns: &[Column]) -> Result<Vec<Value>> {
    let value = |(index, column): (usize, &Column)| {
        let raw = row.try_get_raw(index)?;
        if raw.is_null() {
            return Ok(column.kind.null());
        }
        match raw.type_info().name() {
            "INTEGER" => row.try_get_unchecked(index).map(Value::Int),
            "REAL" => row.try_get_unchecked(index).map(Value::Real),
            "TEXT" => row.try_get_unchecked(index).map(text),
            _ => row.try_get_unchecked(index).map(Value::Bytes),
        }
    };
    columns.iter().enumerate().map(value).collect()
}

/// The values of a row of PostgreSQL.
pub fn of_postgres(row: &PgRow, columns: &[Column]) -> Result<Vec<Value>> {
    let value = |(index, column): (usize, &Column)| match column.kind {
        Kind::Int => row.try_get(index).map(Value::Int),
        Kind::Text => row.try_get(index).map(Value::Text),
    };
    columns.iter().enumerate().map(value).collect()
}

impl Kind {
    fn null(self) -> Value {
        match self {
            Self::Int => Value::Int(None),
            Self::Text => Value::Text(None),
        }
    }
}

/// A text that is not UTF-8 stays bytes.
fn text(bytes: Vec<u8>) -> Value {
    String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), |text| Value::Text(Some(text)))
}

pub fn sqlite(sql: SqlStr, values: Vec<Value>) -> Query<'static, Sqlite, SqliteArguments> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Real(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

pub fn postgres(sql: SqlStr, values: Vec<Value>) -> Query<'static, Postgres, PgArguments> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Real(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}
