//! A project as it runs: made of the configuration, with the flags that are stored.

use std::sync::{Arc, Mutex, PoisonError};

use experiment_ingestion::Rules;
use experiment_wasm::json::Text;

use crate::config::{DeploymentConfig, ProjectConfig};
use crate::evaluation::deployment_names::DeploymentNames;
use crate::evaluation::flag_faults::{FlagFaults, Skipped};
use crate::evaluation::flag_snapshot::{Deployment, FlagSnapshot};
use crate::key::Key;
use crate::store::StoredFlags;
use crate::throttles::Throttles;

/// A project as it runs.
pub struct Project {
    pub id: i64,
    pub rules: Rules,
    pub deployments: Vec<Arc<Deployment>>,
    pub deployment_names: DeploymentNames,
    pub throttles: Arc<Throttles>,
    pub api_keys: Vec<Key>,
    pub admin_keys: Vec<Key>,
    flag_faults: Mutex<FlagFaults>,
}

impl Project {
    /// The project of this number with its flags. What users have sent so far, and faults that were logged, it takes
    /// over from the one before it.
    pub fn new(id: i64, config: &ProjectConfig, stored: &StoredFlags, before: Option<&Self>) -> Self {
        let named = |one: &'_ DeploymentConfig| (one.name.clone(), one.keys.clone());
        let named: Vec<_> = config.deployments.iter().map(named).collect();
        let names = DeploymentNames::of(named.iter().map(|(name, keys)| (name.as_str(), keys.as_slice())));
        let words = |index| names.words_for(index).cloned().collect();
        let deployments = config.deployments.iter().enumerate();
        let project = Self {
            id,
            rules: config.rules,
            deployments: deployments.map(|(index, one)| Arc::new(deployment(one, words(index)))).collect(),
            throttles: before.map_or_else(|| Arc::new(Throttles::new()), |before| Arc::clone(&before.throttles)),
            api_keys: keys(&config.api_keys),
            admin_keys: keys(&config.admin_keys),
            flag_faults: Mutex::new(before.map(|before| before.flag_faults().unchecked()).unwrap_or_default()),
            deployment_names: names,
        };
        // The same flags are the same snapshot, whose cached answers stay.
        let made = before.into_iter().flat_map(|before| &before.deployments).map(|one| one.snapshot());
        project.update_beside(stored, made.collect());
        project
    }

    /// The stored flags that are left out, or kept with a fault.
    pub fn faults(&self) -> Arc<[Skipped]> {
        self.flag_faults().faults()
    }

    /// Takes the flags over as they are stored now.
    pub fn update(&self, stored: &StoredFlags) {
        self.update_beside(stored, Vec::new());
    }

    fn update_beside(&self, stored: &StoredFlags, mut made: Vec<Arc<FlagSnapshot>>) {
        let (all, errors) = FlagSnapshot::of(&stored.flags.iter().collect::<Vec<_>>());
        made.push(Arc::new(all));
        for deployment in &self.deployments {
            deployment.update(&stored.flags, &mut made);
        }
        for skipped in self.flag_faults().look(stored, &errors, &self.deployment_names) {
            tracing::warn!(flag = %skipped.key, fault = skipped.code, field = skipped.field, "a flag is skipped or faulty, the others work");
        }
    }

    fn flag_faults(&self) -> std::sync::MutexGuard<'_, FlagFaults> {
        self.flag_faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn deployment(config: &DeploymentConfig, words: Vec<Text>) -> Deployment {
    Deployment::new(keys(&config.keys), &config.name, config.kind, words)
}

fn keys(secrets: &[String]) -> Vec<Key> {
    secrets.iter().map(|secret| Key::of(secret)).collect()
}
