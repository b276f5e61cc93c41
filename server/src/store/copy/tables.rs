//! The tables that are copied.

/// A table, and the columns by which its rows are ordered: an index of both engines.
pub struct Table {
    pub name: &'static str,
    pub key: &'static str,
}

/// A column, and what it holds.
#[derive(Clone)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Text,
}

/// Each after those that it refers to; the longest last.
pub const TABLES: [Table; 14] = [
    Table { name: "project", key: "id" },
    Table { name: "flag", key: "project, flag_key" },
    Table { name: "experiment_property", key: "project, name" },
    Table { name: "freed_property", key: "project, name" },
    Table { name: "conversion", key: "name" },
    Table { name: "highest_id", key: "name" },
    Table { name: "deletion", key: "id" },
    Table { name: "kept_usage", key: "project, month" },
    Table { name: "deleted_month", key: "person, month" },
    Table { name: "person", key: "id" },
    Table { name: "device", key: "project, device_id" },
    Table { name: "property_bucket", key: "person, bucket" },
    Table { name: "property_state", key: "person, number" },
    Table { name: "event", key: "id" },
];

impl Kind {
    /// By the name of a type of either engine.
    pub fn of(type_name: &str) -> Option<Self> {
        match type_name.to_ascii_lowercase().as_str() {
            "integer" | "bigint" => Some(Self::Int),
            "text" => Some(Self::Text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;
    use crate::store::schema::sqlite_migrations;

    /// Each with the reason.
    const NOT_COPIED: [(&str, &str); 1] = [("_sqlx_migrations", "the target has its own, of the same version")];

    /// Both engines have the same tables: `both_engines_have_the_same_migrations`, and the copies of each to the other.
    #[tokio::test]
    async fn every_table_is_copied_or_named_as_not_copied() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlite_migrations().run(&mut connection).await.unwrap();
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
        let found: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
        let mut decided: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        decided.extend(NOT_COPIED.map(|(name, _)| name));
        decided.sort_unstable();
        assert_eq!(found, decided, "add a new table to TABLES, or to NOT_COPIED with the reason");
        for table in &TABLES {
            let columns = "SELECT name, type FROM pragma_table_info($1)";
            let columns: Vec<(String, String)> =
                sqlx::query_as(columns).bind(table.name).fetch_all(&mut connection).await.unwrap();
            for (column, type_name) in columns {
                assert!(Kind::of(&type_name).is_some(), "{column} of {} is {type_name}", table.name);
            }
        }
    }
}
