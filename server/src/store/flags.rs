//! Flags in the store: their JSON as it was sent, the deployments they are meant for, and the version that shows every
//! replica a change.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use experiment_ingestion::is_storable;
use experiment_wasm::flag::rules;
use experiment_wasm::json::{Object, Text, Value, parse};

use super::Store;
use super::bulk::{composed, insert, select_in, sql};
use super::engine::{Arg, Row, Source, Transaction};
use super::failure::Result;

/// A flag as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFlag {
    pub key: String,
    /// The flag's JSON.
    pub config: String,
    /// A JSON list of deployment keys; none is all.
    pub deployments: Option<String>,
}

impl StoredFlag {
    /// A flag to be stored: what it says of deployments leaves its JSON. `None` without a key that can be stored.
    pub fn from_object(mut flag: Object) -> Option<Self> {
        let key = flag.get("key").and_then(Value::as_str).filter(|key| !key.is_empty() && is_storable(key))?;
        let key = key.to_str().into_owned();
        let deployments = flag.remove("deployments").map(|list| list.to_json());
        Some(Self { key, config: flag.to_json(), deployments })
    }

    /// The flag without its deployments; none where the JSON is no object.
    pub fn object(&self) -> Option<Object> {
        parse(self.config.as_bytes()).ok()?.into_object()
    }

    /// The keys of the flags that it depends on. One that is no object is never evaluated and depends on nothing.
    pub fn dependencies(&self) -> Vec<Text> {
        let object = self.object().unwrap_or_default();
        rules::dependencies(&object).into_iter().cloned().collect()
    }
}

/// A project's flags as they are kept, and the keys of those that are no text.
#[derive(Debug, Default)]
pub struct StoredFlags {
    pub flags: Vec<StoredFlag>,
    pub unreadable: Vec<String>,
}

/// What became of a flag that was put.
#[derive(Debug, PartialEq, Eq)]
pub enum Put {
    /// It is stored. These of its dependencies, by their index, are not stored yet.
    Stored { missing: Vec<usize> },
    /// It is not: through this dependency it would depend on itself.
    Cycle { dependency: usize },
}

const INSERT: &str = "INSERT INTO flag (project, flag_key, config, deployments)";

const UPDATE: &str =
    "ON CONFLICT (project, flag_key) DO UPDATE SET config = excluded.config, deployments = excluded.deployments";

const SELECT: &str = "SELECT flag_key, config, deployments FROM flag WHERE project = $1";

/// What a key is called that cannot be read itself.
const NO_KEY: &str = "(a key that cannot be read)";

impl Store {
    /// The project of this name, if the database has it.
    pub async fn project(&self, name: &str) -> Result<Option<i64>> {
        let rows = self.engine.rows(sql("SELECT id FROM project WHERE name = $1"), vec![name.into()]).await?;
        rows.first().map(|row| row.int(0)).transpose()
    }

    /// Makes a project with these flags, unless another replica just did.
    pub async fn make_project(&self, name: &str, flags: &[StoredFlag]) -> Result<i64> {
        let mut open = self.engine.begin().await?;
        let found = open.rows(sql("SELECT id FROM project WHERE name = $1"), vec![name.into()]).await?;
        if let Some(row) = found.first() {
            return row.int(0);
        }
        let last = open.rows(sql("SELECT coalesce(max(id), 0) FROM project"), Vec::new()).await?;
        let id = last.first().map_or(Ok(0), |row| row.int(0))? + 1;
        let project = "INSERT INTO project (id, name, flags_version) VALUES ($1, $2, 1)";
        open.change(sql(project), vec![id.into(), name.into()]).await?;
        insert(&mut open, INSERT, UPDATE, flags.iter().map(|flag| row(id, flag.clone())).collect()).await?;
        open.commit().await?;
        Ok(id)
    }

    /// The version of each project's flags.
    pub async fn flags_versions(&self) -> Result<Vec<(i64, i64)>> {
        let rows = self.engine.rows(sql("SELECT id, flags_version FROM project"), Vec::new()).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    /// A project's flags, in the order of their keys. One that is no text harms no other.
    pub async fn flags(&self, project: i64) -> Result<StoredFlags> {
        let select = composed(format!("{SELECT} ORDER BY flag_key"));
        let mut stored = StoredFlags::default();
        for row in self.engine.rows(select, vec![project.into()]).await? {
            match flag(&row) {
                Ok(flag) => stored.flags.push(flag),
                Err(_) => stored.unreadable.push(row.required_text(0).unwrap_or_else(|_| NO_KEY.to_owned())),
            }
        }
        Ok(stored)
    }

    /// One of a project's flags.
    pub async fn flag(&self, project: i64, key: &str) -> Result<Option<StoredFlag>> {
        let select = composed(format!("{SELECT} AND flag_key = $2"));
        let rows = self.engine.rows(select, vec![project.into(), key.into()]).await?;
        rows.first().map(flag).transpose()
    }

    /// Stores a flag under its key, unless it would depend on itself by way of others. Those are read in the same
    /// transaction, beside which there is no other writer: of two flags that close a circle together one is refused.
    pub async fn put_flag(&self, project: i64, flag: StoredFlag, dependencies: &[Text]) -> Result<Put> {
        let mut open = self.engine.begin().await?;
        let put = look_up(&mut open, project, &flag.key, dependencies).await?;
        if matches!(put, Put::Cycle { .. }) {
            return Ok(put);
        }
        insert(&mut open, INSERT, UPDATE, vec![row(project, flag)]).await?;
        changed(&mut open, project).await?;
        open.commit().await.map(|()| put)
    }

    /// Takes a flag out; says whether there was one.
    pub async fn delete_flag(&self, project: i64, key: String) -> Result<bool> {
        let mut open = self.engine.begin().await?;
        let delete = sql("DELETE FROM flag WHERE project = $1 AND flag_key = $2");
        let found = open.change(delete, vec![project.into(), key.into()]).await? > 0;
        changed(&mut open, project).await?;
        open.commit().await.map(|()| found)
    }
}

fn flag(row: &Row) -> Result<StoredFlag> {
    Ok(StoredFlag { key: row.required_text(0)?, config: row.required_text(1)?, deployments: row.text(2)? })
}

fn row(project: i64, flag: StoredFlag) -> Vec<Arg> {
    vec![project.into(), flag.key.into(), flag.config.into(), flag.deployments.into()]
}

/// Follows the dependencies of a flag from flag to flag, each once, to see whether they lead back to it.
async fn look_up(open: &mut Transaction, project: i64, key: &str, dependencies: &[Text]) -> Result<Put> {
    // By which of the dependencies each flag was come to.
    let mut origins: HashMap<Text, usize> = HashMap::new();
    for (index, dependency) in dependencies.iter().enumerate() {
        origins.entry(dependency.clone()).or_insert(index);
    }
    let mut next: Vec<_> = origins.keys().cloned().collect();
    let mut found = HashSet::new();
    while !next.is_empty() {
        for (flag, parents) in parents(open, project, &std::mem::take(&mut next)).await? {
            let origin = origins.get(&flag).copied().unwrap_or_default();
            found.insert(flag);
            if parents.iter().any(|parent| parent == key) {
                return Ok(Put::Cycle { dependency: origin });
            }
            for parent in parents {
                if let Entry::Vacant(new) = origins.entry(parent.clone()) {
                    new.insert(origin);
                    next.push(parent);
                }
            }
        }
    }
    let missing =
        (0..).zip(dependencies).filter(|(_, dependency)| !found.contains(*dependency)).map(|(index, _)| index);
    Ok(Put::Stored { missing: missing.collect() })
}

/// What those of these flags that are there depend on.
async fn parents(open: &mut Transaction, project: i64, keys: &[Text]) -> Result<Vec<(Text, Vec<Text>)>> {
    // Others are the key of no flag.
    let keys = keys.iter().filter(|key| is_storable(key)).map(|key| [Value::from(key)]).collect();
    let table = ("flag", "project = $1 AND flag_key = lookup_1");
    let rows = select_in(open, "flag_key, config, deployments", table, project, keys).await?;
    let flags = rows.iter().filter_map(|row| flag(row).ok());
    Ok(flags.map(|flag| (flag.key.as_str().into(), flag.dependencies())).collect())
}

async fn changed(open: &mut Transaction, project: i64) -> Result<()> {
    let update = sql("UPDATE project SET flags_version = flags_version + 1 WHERE id = $1");
    open.change(update, vec![project.into()]).await.map(drop)
}
