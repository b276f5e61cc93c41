//! The faults of a project's stored flags. They are remembered: a flag is checked again only after a change, and each
//! fault is logged once.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use experiment_wasm::flag::{Fault, FlagError};
use serde::Serialize;

use super::deployment_names::DeploymentNames;
use super::flag_rules;
use crate::store::{StoredFlag, StoredFlags};

/// A flag that is left out, or kept with a fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Skipped {
    pub key: String,
    pub code: &'static str,
    /// The path to the field at fault, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// The faults as they were last found.
#[derive(Default)]
pub struct FlagFaults {
    /// What the rules say of each flag, by a digest of it.
    checked: HashMap<String, (u64, Option<Fault>)>,
    faults: Arc<[Skipped]>,
}

impl FlagFaults {
    /// The flags at fault, each once, in the order of their keys.
    pub fn faults(&self) -> Arc<[Skipped]> {
        Arc::clone(&self.faults)
    }

    /// The same faults, which need not be logged again, with every flag still to be checked: the project has other
    /// deployments now.
    pub fn unchecked(&self) -> Self {
        Self { checked: HashMap::new(), faults: self.faults() }
    }

    /// Looks at the flags as they are now, of which reading found these errors; returns the faults that are new.
    pub fn look(&mut self, stored: &StoredFlags, errors: &[FlagError], deployments: &DeploymentNames) -> Vec<Skipped> {
        let mut before = std::mem::take(&mut self.checked);
        let mut found = BTreeMap::new();
        for error in errors {
            let key = error.key.as_ref().map(|key| key.to_str().into_owned()).unwrap_or_default();
            found.insert(key, flag_rules::fault_of(error));
        }
        for flag in &stored.flags {
            let fault = checked(flag, before.remove(&flag.key), deployments);
            // The rules name the whole path. Only reading knows of circles.
            if let Some(fault) = &fault.1 {
                found.insert(flag.key.clone(), fault.clone());
            }
            self.checked.insert(flag.key.clone(), fault);
        }
        found.extend(stored.unreadable.iter().map(|key| (key.clone(), flag_rules::unreadable())));
        let known: HashSet<_> = self.faults.iter().cloned().collect();
        self.faults = found.into_iter().map(|(key, fault)| Skipped::new(key, fault)).collect();
        self.faults.iter().filter(|fault| !known.contains(fault)).cloned().collect()
    }
}

impl Skipped {
    fn new(key: String, fault: Fault) -> Self {
        Self { key, code: fault.code, field: Some(fault.field).filter(|field| !field.is_empty()) }
    }
}

/// What the rules say of a flag, unless it is the same as before.
fn checked(
    flag: &StoredFlag,
    before: Option<(u64, Option<Fault>)>,
    deployments: &DeploymentNames,
) -> (u64, Option<Fault>) {
    let mut hasher = DefaultHasher::new();
    (&flag.config, &flag.deployments).hash(&mut hasher);
    let digest = hasher.finish();
    let same = before.filter(|(known, _)| *known == digest);
    same.unwrap_or_else(|| (digest, flag_rules::check(flag, deployments).err()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(key: &str, config: &str) -> StoredFlag {
        StoredFlag { key: key.into(), config: config.into(), deployments: None }
    }

    #[test]
    fn a_fault_is_new_once_and_again_when_the_flag_has_another() {
        let (mut inspection, names) = (FlagFaults::default(), DeploymentNames::of([]));
        let mut stored = StoredFlags { flags: vec![flag("a", "{}"), flag("b", "[")], unreadable: vec!["c".into()] };
        let skipped =
            |key: &str, code, field: Option<&str>| Skipped { key: key.into(), code, field: field.map(Into::into) };
        let (missing, unreadable) = (skipped("a", "missing", Some("key")), |key| skipped(key, "unreadable", None));
        assert_eq!(inspection.look(&stored, &[], &names), [missing.clone(), unreadable("b"), unreadable("c")]);
        assert_eq!(inspection.look(&stored, &[], &names), []);
        stored.flags[1].config = r#"{"key":"b"}"#.into();
        assert_eq!(inspection.look(&stored, &[], &names), [skipped("b", "missing", Some("variants"))]);
        assert_eq!(inspection.faults().len(), 3);
        stored.flags.clear();
        assert_eq!(inspection.look(&stored, &[], &names), []);
        assert_eq!(*inspection.faults(), [unreadable("c")]);
    }
}
