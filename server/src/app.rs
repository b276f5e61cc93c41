//! What every route works with: the projects with their keys and flags, the store, and what runs beside the requests.

use std::collections::HashMap;
use std::sync::Arc;

use experiment_wasm::ingestion::Rules;
use tokio::sync::Mutex;

use crate::assignments::Assignments;
use crate::cache::Cache;
use crate::catalog::{Deployment, faults};
use crate::config::ProjectConfig;
use crate::key::{Key, opened};
use crate::metrics::Metrics;
use crate::store::{Result, Store};
use crate::throttles::Throttles;
use crate::writer::Writer;

/// A project as it runs.
pub struct Project {
    pub id: i64,
    pub rules: Rules,
    pub deployments: Vec<Deployment>,
    pub throttles: Throttles,
    api_key: Key,
    admin_key: Key,
}

/// The server, as the routes see it.
pub struct App {
    pub store: Store,
    pub writer: Writer,
    pub assignments: Assignments,
    pub cache: Cache,
    pub metrics: Arc<Metrics>,
    projects: Vec<Project>,
    flags_versions: Mutex<HashMap<i64, i64>>,
}

impl App {
    /// Takes up the projects of the configuration, and seeds those that the store does not have.
    pub async fn new(
        store: Store,
        writer: Writer,
        assignments: Assignments,
        metrics: Arc<Metrics>,
        config: Vec<ProjectConfig>,
    ) -> Result<Self> {
        let mut projects = Vec::new();
        for project in config {
            projects.push(Project {
                id: store.project(&project.name, &project.flags).await?,
                rules: project.rules,
                deployments: project.deployments.iter().map(Deployment::new).collect(),
                throttles: Throttles::new(),
                api_key: Key::of(&project.api_key),
                admin_key: Key::of(&project.admin_key),
            });
        }
        let cache = Cache::told_to(metrics.cache_bytes.clone());
        let app = Self { store, writer, assignments, metrics, projects, cache, flags_versions: Mutex::default() };
        app.refresh().await?;
        Ok(app)
    }

    /// Takes over flags that were changed, here or by another replica. The versions are read first, so that a change in
    /// between is seen the next time; one look at a time, so that an older one never comes last.
    pub async fn refresh(&self) -> Result<()> {
        let mut known = self.flags_versions.lock().await;
        for (id, version) in self.store.flags_versions().await? {
            let changed = known.get(&id) != Some(&version);
            if let Some(project) = self.projects.iter().find(|project| project.id == id && changed) {
                self.reload(project).await?;
                known.insert(id, version);
            }
        }
        Ok(())
    }

    /// The project and deployment that a deployment key opens.
    pub fn deployment(&self, secret: &str) -> Option<(&Project, &Deployment)> {
        let all: Vec<_> =
            self.projects.iter().flat_map(|one| one.deployments.iter().map(move |own| (one, own))).collect();
        opened(&all, |(_, deployment)| &deployment.key, secret).copied()
    }

    /// The project that an API key opens for ingestion.
    pub fn ingesting(&self, secret: &str) -> Option<&Project> {
        opened(&self.projects, |project| &project.api_key, secret)
    }

    /// The project that an admin key opens.
    pub fn administered(&self, secret: &str) -> Option<&Project> {
        opened(&self.projects, |project| &project.admin_key, secret)
    }

    async fn reload(&self, project: &Project) -> Result<()> {
        let flags = self.store.flags(project.id).await?;
        for skipped in faults(&flags) {
            tracing::warn!(flag = %skipped.key, fault = skipped.code, field = skipped.field, "a flag is skipped or faulty, the others work");
        }
        for deployment in &project.deployments {
            deployment.take(&flags);
        }
        Ok(())
    }
}
