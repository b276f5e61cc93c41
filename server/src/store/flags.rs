//! Flags as they are kept: their JSON as it came, the deployments they are meant for, and the version that tells every
//! replica of a change.

use super::Store;
use super::engine::{Result, Transaction};
use super::rows::sql;

/// A flag as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFlag {
    pub key: String,
    /// The flag's JSON.
    pub config: String,
    /// A JSON list of deployment keys; none is all.
    pub deployments: Option<String>,
}

const PUT: &str = "INSERT INTO flag (project, flag_key, config, deployments) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (project, flag_key) DO UPDATE SET config = excluded.config, deployments = excluded.deployments";

impl Store {
    /// The project of this name; where the database has none, it is made with these flags.
    pub async fn project(&self, name: &str, seed: &[StoredFlag]) -> Result<i64> {
        let mut open = self.engine.begin().await?;
        let found = open.rows(sql("SELECT id FROM project WHERE name = $1"), vec![name.into()]).await?;
        if let Some(row) = found.first() {
            return row.int(0);
        }
        let last = open.rows(sql("SELECT coalesce(max(id), 0) FROM project"), Vec::new()).await?;
        let id = last.first().map_or(Ok(0), |row| row.int(0))? + 1;
        let insert = "INSERT INTO project (id, name, flags_version) VALUES ($1, $2, 1)";
        open.change(sql(insert), vec![id.into(), name.into()]).await?;
        for flag in seed {
            put(&mut open, id, flag.clone()).await?;
        }
        open.commit().await?;
        Ok(id)
    }

    /// The version of each project's flags.
    pub async fn flags_versions(&self) -> Result<Vec<(i64, i64)>> {
        let rows = self.engine.rows(sql("SELECT id, flags_version FROM project"), Vec::new()).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    /// A project's flags, in the order of their keys.
    pub async fn flags(&self, project: i64) -> Result<Vec<StoredFlag>> {
        let select = "SELECT flag_key, config, deployments FROM flag WHERE project = $1 ORDER BY flag_key";
        let rows = self.engine.rows(sql(select), vec![project.into()]).await?;
        let flag = |row: &super::engine::Row| {
            Ok(StoredFlag { key: row.word(0)?, config: row.word(1)?, deployments: row.text(2)? })
        };
        rows.iter().map(flag).collect()
    }

    /// Puts a flag in the place of the one with its key.
    pub async fn put_flag(&self, project: i64, flag: StoredFlag) -> Result<()> {
        let mut open = self.engine.begin().await?;
        put(&mut open, project, flag).await?;
        changed(&mut open, project).await?;
        open.commit().await
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

async fn put(open: &mut Transaction, project: i64, flag: StoredFlag) -> Result<()> {
    let args = vec![project.into(), flag.key.into(), flag.config.into(), flag.deployments.into()];
    open.change(sql(PUT), args).await.map(drop)
}

async fn changed(open: &mut Transaction, project: i64) -> Result<()> {
    let update = sql("UPDATE project SET flags_version = flags_version + 1 WHERE id = $1");
    open.change(update, vec![project.into()]).await.map(drop)
}
