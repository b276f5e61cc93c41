//! The state that every route shares: projects with their keys and flags, the store, the queues, the cache and the
//! metrics.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::task::block_in_place;

use crate::config::ProjectConfig;
use crate::evaluation::cache::Cache;
use crate::evaluation::flag_snapshot::Deployment;
use crate::evaluation::tracking_queue::TrackingQueue;
use crate::key::opened;
use crate::metrics::Metrics;
pub use crate::project::Project;
use crate::store::retention::Expiry;
use crate::store::writer::Writer;
use crate::store::{Result, Store};
use crate::wrong_keys::WrongKeys;

/// The server, as the routes see it.
pub struct App {
    pub store: Store,
    pub writer: Writer,
    pub tracking: TrackingQueue,
    pub cache: Cache,
    pub metrics: Arc<Metrics>,
    pub wrong_keys: WrongKeys,
    /// Those of the configuration in force. A request goes on with those that it began with.
    projects: RwLock<Projects>,
    flags_versions: tokio::sync::Mutex<HashMap<i64, i64>>,
    /// Whether the flags in force are older than the stored ones, which could not be read.
    has_old_flags: AtomicBool,
}

type Projects = Arc<[Arc<Project>]>;

impl App {
    /// Opens the projects of the configuration, and creates those that the store does not have.
    pub async fn new(
        store: Store,
        writer: Writer,
        tracking: TrackingQueue,
        metrics: Arc<Metrics>,
        config: Vec<ProjectConfig>,
    ) -> std::result::Result<Self, Box<dyn Error>> {
        let (cache, flags_versions) = (Cache::new(metrics.cache_bytes.clone()), Default::default());
        let (projects, has_old_flags) = (RwLock::new(Projects::from([])), AtomicBool::new(false));
        let wrong_keys = WrongKeys::default();
        let app = Self { store, writer, tracking, metrics, wrong_keys, projects, cache, flags_versions, has_old_flags };
        app.configure(config).await?;
        Ok(app)
    }

    /// Puts a configuration into force in the place of the one before, with the flags that are stored now. On an error
    /// nothing changes.
    pub async fn configure(&self, mut config: Vec<ProjectConfig>) -> std::result::Result<(), Box<dyn Error>> {
        let mut known = self.flags_versions.lock().await;
        let ids = project_ids(&self.store, &mut config).await?;
        let mut versions: HashMap<_, _> = self.store.flags_versions().await?.into_iter().collect();
        versions.retain(|id, _| ids.contains(id));
        let before = self.projects();
        let mut projects = Vec::new();
        for (id, project) in ids.into_iter().zip(&config) {
            let stored = self.store.flags(id).await?;
            let same = before.iter().find(|project| project.id == id);
            let new = block_in_place(|| Project::new(id, project, &stored, same.map(|project| &**project)));
            projects.push(Arc::new(new));
        }
        *self.projects.write().unwrap_or_else(PoisonError::into_inner) = projects.into();
        *known = versions;
        self.count_faults();
        self.looked(true);
        Ok(())
    }

    /// Loads flags that were changed, here or by another replica. When they cannot be read, those that were read last
    /// stay in force.
    pub async fn refresh(&self) -> Result<()> {
        let outcome = self.reload_changed().await;
        self.looked(outcome.is_ok());
        outcome
    }

    /// Whether the flags in force are older than the stored ones, which could not be read.
    pub fn has_old_flags(&self) -> bool {
        self.has_old_flags.load(Ordering::Relaxed)
    }

    fn looked(&self, is_read: bool) {
        self.has_old_flags.store(!is_read, Ordering::Relaxed);
        self.metrics.flags_old.set((!is_read).into());
    }

    /// The versions are read first, so that a change in between is seen the next time; one look at a time, so that an
    /// older one never comes last. A project whose flags cannot be read harms no other.
    async fn reload_changed(&self) -> Result<()> {
        let mut known = self.flags_versions.lock().await;
        let projects = self.projects();
        let mut outcome = Ok(());
        for (id, version) in self.store.flags_versions().await? {
            let changed = known.get(&id) != Some(&version);
            let Some(project) = projects.iter().find(|project| project.id == id && changed) else { continue };
            match self.reload(project).await {
                Ok(()) => drop(known.insert(id, version)),
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// The project and deployment that a deployment key opens.
    pub fn deployment(&self, secret: &str) -> Option<(Arc<Project>, Arc<Deployment>)> {
        let projects = self.projects();
        let all: Vec<_> = projects.iter().flat_map(|one| one.deployments.iter().map(move |own| (one, own))).collect();
        let (project, deployment) = opened(&all, |(_, deployment)| &deployment.keys, secret)?;
        Some((Arc::clone(project), Arc::clone(deployment)))
    }

    /// The project that an API key opens for ingestion.
    pub fn ingesting(&self, secret: &str) -> Option<Arc<Project>> {
        opened(&*self.projects(), |project| &project.api_keys, secret).cloned()
    }

    /// The project that an admin key opens.
    pub fn administered(&self, secret: &str) -> Option<Arc<Project>> {
        opened(&*self.projects(), |project| &project.admin_keys, secret).cloned()
    }

    /// Which events expire now.
    pub fn expiries(&self, now: u64) -> Vec<Expiry> {
        let expiry = |project: &Arc<Project>| {
            let before = project.rules.retention?.deleted_before(now);
            Some(Expiry { project: project.id, before })
        };
        self.projects().iter().filter_map(expiry).collect()
    }

    fn projects(&self) -> Projects {
        Arc::clone(&self.projects.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn reload(&self, project: &Project) -> Result<()> {
        let stored = self.store.flags(project.id).await?;
        // A hundred thousand flags take a second; other requests go on meanwhile.
        block_in_place(|| project.update(&stored));
        self.count_faults();
        Ok(())
    }

    fn count_faults(&self) {
        let faulty = self.projects().iter().map(|project| project.faults().len()).sum::<usize>();
        self.metrics.flags_faulty.set(faulty as i64);
    }
}

/// The number of each project. Those that the store does not have are made, with their flags, once all of these are
/// found good. The flags are gone from the configuration then: they take as much memory as the stored ones.
async fn project_ids(store: &Store, config: &mut [ProjectConfig]) -> std::result::Result<Vec<i64>, Box<dyn Error>> {
    let mut found = Vec::new();
    for project in &*config {
        let id = store.project(&project.name).await?;
        if id.is_none() {
            block_in_place(|| project.check_flags())?;
        }
        found.push(id);
    }
    let mut ids = Vec::new();
    for (project, id) in config.iter_mut().zip(found) {
        let flags = std::mem::take(&mut project.flags);
        ids.push(match id {
            Some(id) => id,
            None => store.make_project(&project.name, &flags).await?,
        });
    }
    Ok(ids)
}
