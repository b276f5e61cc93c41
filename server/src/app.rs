//! The state that every route shares: projects with their keys and flags, the store, the queues, the cache and the
//! metrics.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use experiment_ingestion::Rules;
use experiment_wasm::json::Text;
use tokio::task::block_in_place;

use crate::config::ProjectConfig;
use crate::evaluation::cache::Cache;
use crate::evaluation::flag_faults::{FlagFaults, Skipped};
use crate::evaluation::flag_snapshot::{Deployment, FlagSnapshot};
use crate::evaluation::tracking_queue::TrackingQueue;
use crate::key::{Key, opened};
use crate::metrics::Metrics;
use crate::store::writer::Writer;
use crate::store::{Result, Store, StoredFlags};
use crate::throttles::Throttles;

/// A project as it runs.
pub struct Project {
    pub id: i64,
    pub rules: Rules,
    pub deployments: Vec<Arc<Deployment>>,
    pub throttles: Throttles,
    api_key: Key,
    admin_key: Key,
    flag_faults: Mutex<FlagFaults>,
}

/// The server, as the routes see it.
pub struct App {
    pub store: Store,
    pub writer: Writer,
    pub tracking: TrackingQueue,
    pub cache: Cache,
    pub metrics: Arc<Metrics>,
    projects: Vec<Arc<Project>>,
    flags_versions: tokio::sync::Mutex<HashMap<i64, i64>>,
    /// Whether the flags in force are older than the stored ones, which could not be read.
    has_old_flags: AtomicBool,
}

impl App {
    /// Opens the projects of the configuration, and creates those that the store does not have.
    pub async fn new(
        store: Store,
        writer: Writer,
        tracking: TrackingQueue,
        metrics: Arc<Metrics>,
        config: Vec<ProjectConfig>,
    ) -> std::result::Result<Self, Box<dyn Error>> {
        let mut projects = Vec::new();
        for project in config {
            projects.push(Arc::new(Project {
                id: project_id(&store, &project).await?,
                rules: project.rules,
                deployments: project
                    .deployments
                    .iter()
                    .map(|one| Arc::new(Deployment::new(&one.key, &one.name, one.kind)))
                    .collect(),
                throttles: Throttles::new(),
                api_key: Key::of(&project.api_key),
                admin_key: Key::of(&project.admin_key),
                flag_faults: Mutex::default(),
            }));
        }
        let (cache, flags_versions) = (Cache::new(metrics.cache_bytes.clone()), Default::default());
        let has_old_flags = AtomicBool::new(false);
        let app = Self { store, writer, tracking, metrics, projects, cache, flags_versions, has_old_flags };
        app.refresh().await?;
        Ok(app)
    }

    /// Loads flags that were changed, here or by another replica. When they cannot be read, those that were read last
    /// stay in force.
    pub async fn refresh(&self) -> Result<()> {
        let outcome = self.reload_changed().await;
        self.has_old_flags.store(outcome.is_err(), Ordering::Relaxed);
        self.metrics.flags_old.set(outcome.is_err().into());
        outcome
    }

    /// Whether the flags in force are older than the stored ones, which could not be read.
    pub fn has_old_flags(&self) -> bool {
        self.has_old_flags.load(Ordering::Relaxed)
    }

    /// The versions are read first, so that a change in between is seen the next time; one look at a time, so that an
    /// older one never comes last. A project whose flags cannot be read harms no other.
    async fn reload_changed(&self) -> Result<()> {
        let mut known = self.flags_versions.lock().await;
        let mut outcome = Ok(());
        for (id, version) in self.store.flags_versions().await? {
            let changed = known.get(&id) != Some(&version);
            let Some(project) = self.projects.iter().find(|project| project.id == id && changed) else { continue };
            match self.reload(project).await {
                Ok(()) => drop(known.insert(id, version)),
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// The project and deployment that a deployment key opens.
    pub fn deployment(&self, secret: &str) -> Option<(Arc<Project>, Arc<Deployment>)> {
        let all: Vec<_> =
            self.projects.iter().flat_map(|one| one.deployments.iter().map(move |own| (one, own))).collect();
        let (project, deployment) = opened(&all, |(_, deployment)| &deployment.key, secret)?;
        Some((Arc::clone(project), Arc::clone(deployment)))
    }

    /// The project that an API key opens for ingestion.
    pub fn ingesting(&self, secret: &str) -> Option<Arc<Project>> {
        opened(&self.projects, |project| &project.api_key, secret).cloned()
    }

    /// The project that an admin key opens.
    pub fn administered(&self, secret: &str) -> Option<Arc<Project>> {
        opened(&self.projects, |project| &project.admin_key, secret).cloned()
    }

    async fn reload(&self, project: &Project) -> Result<()> {
        let stored = self.store.flags(project.id).await?;
        // A hundred thousand flags take a second; other requests go on meanwhile.
        block_in_place(|| project.update(&stored));
        let faulty = self.projects.iter().map(|project| project.faults().len()).sum::<usize>();
        self.metrics.flags_faulty.set(faulty as i64);
        Ok(())
    }
}

impl Project {
    /// The keys of the deployments, as flags name them.
    pub fn deployment_keys(&self) -> Vec<Text> {
        self.deployments.iter().map(|deployment| deployment.named.clone()).collect()
    }

    /// The stored flags that are left out, or kept with a fault.
    pub fn faults(&self) -> Arc<[Skipped]> {
        self.flag_faults.lock().unwrap_or_else(PoisonError::into_inner).faults()
    }

    fn update(&self, stored: &StoredFlags) {
        let (all, errors) = FlagSnapshot::of(&stored.flags.iter().collect::<Vec<_>>());
        let mut made = vec![Arc::new(all)];
        for deployment in &self.deployments {
            deployment.update(&stored.flags, &mut made);
        }
        let mut flag_faults = self.flag_faults.lock().unwrap_or_else(PoisonError::into_inner);
        for skipped in flag_faults.look(stored, &errors, &self.deployment_keys()) {
            tracing::warn!(flag = %skipped.key, fault = skipped.code, field = skipped.field, "a flag is skipped or faulty, the others work");
        }
    }
}

/// The number of a project. One that the store does not have is made, with its flags, which must be good then.
async fn project_id(store: &Store, project: &ProjectConfig) -> std::result::Result<i64, Box<dyn Error>> {
    if let Some(id) = store.project(&project.name).await? {
        return Ok(id);
    }
    block_in_place(|| project.check_flags())?;
    Ok(store.make_project(&project.name, &project.flags).await?)
}
