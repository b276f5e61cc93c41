//! The configuration file: projects, keys, deployments, and the flags that fill an empty database.
//!
//! An unknown field is refused by its whole path. Flags are kept as text and read by the SDK's reader: they may hold
//! what other readers refuse. An error names the path of what is wrong, never the value.

mod file;
mod keys;
mod place;
#[cfg(test)]
mod tests;
pub mod user_limits;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use experiment_ingestion::{Retention, Rules};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::flag::{Fault, FlagError, Flags};
use experiment_wasm::json::{Value, parse};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::evaluation::deployment_names::DeploymentNames;
use crate::evaluation::flag_rules;
use crate::evaluation::flag_snapshot::Kind;
use crate::position::Position;
use crate::store::StoredFlag;
pub use file::{load, located};
use keys::KeysWire;
use user_limits::UserLimitsWire;

/// One project of the file.
#[derive(Debug)]
pub struct ProjectConfig {
    /// Its path in the file.
    path: String,
    pub name: String,
    /// At least one; each opens the project.
    pub api_keys: Vec<String>,
    pub admin_keys: Vec<String>,
    pub rules: Rules,
    pub deployments: Vec<DeploymentConfig>,
    pub flags: Vec<StoredFlag>,
}

/// One deployment of a project.
#[derive(Debug)]
pub struct DeploymentConfig {
    /// At least one; each opens the deployment.
    pub keys: Vec<String>,
    pub name: String,
    pub kind: Kind,
}

/// What is wrong with the file, and where: a path or a byte. It never says what stands there.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    said: String,
    place: Place,
}

/// Where something is wrong.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Path(String),
    Byte(usize),
}

impl ConfigError {
    fn at(path: &str, said: String) -> Self {
        Self { said, place: Place::Path(path.to_owned()) }
    }

    /// The path of the field, if it is one.
    pub fn path(&self) -> Option<&str> {
        if let Place::Path(path) = &self.place { Some(path) } else { None }
    }

    /// The byte of what is no JSON.
    pub fn byte(&self) -> Option<usize> {
        if let Place::Byte(byte) = self.place { Some(byte) } else { None }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the configuration is wrong: {}", self.said)
    }
}

impl std::error::Error for ConfigError {}

type Read<T> = Result<T, ConfigError>;

/// An object, and no list of its values in order, which serde would take as well.
#[derive(Default)]
struct Strict<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject(PhantomData))
    }
}

struct OfObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OfObject<T> {
    type Value = Strict<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Strict<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Strict)
    }
}

/// The file as it is written. What is missing is empty here, and refused where it is needed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    #[serde(default)]
    projects: Vec<Strict<ProjectWire>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ProjectWire {
    name: String,
    api_key: KeysWire,
    admin_key: KeysWire,
    settings: Strict<SettingsWire>,
    deployments: Vec<Strict<DeploymentWire>>,
    flags: Vec<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SettingsWire {
    assignments_set_properties: bool,
    retention_days: Option<u64>,
    user_limits: Strict<UserLimitsWire>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DeploymentWire {
    key: KeysWire,
    name: String,
    kind: String,
}

/// Reads the whole file.
pub fn read(bytes: &[u8]) -> Read<Vec<ProjectConfig>> {
    let text = std::str::from_utf8(bytes).map_err(|error| no_utf8(bytes, error.valid_up_to()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let Strict(file): Strict<FileWire> =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| refused(&error, text))?;
    reader.end().map_err(|error| no_json(&error, text))?;
    if file.projects.is_empty() {
        return Err(ConfigError::at("projects", "`projects` names no project, so there is nothing to serve".into()));
    }
    let projects = (0..).zip(file.projects).map(|(n, Strict(wire))| project(format!("projects[{n}]"), wire));
    let projects = projects.collect::<Read<Vec<_>>>()?;
    each_once(names(&projects), "name")?;
    each_once(keys(&projects), "key")?;
    projects.iter().try_for_each(|project| each_once(flag_keys(project), "key"))?;
    Ok(projects)
}

type Placed<'a> = (String, &'a str);

fn names(projects: &[ProjectConfig]) -> Vec<Placed<'_>> {
    projects.iter().map(|project| (format!("{}.name", project.path), project.name.as_str())).collect()
}

/// All keys of the file. What one opens, another must not: also not in another project.
fn keys(projects: &[ProjectConfig]) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    for project in projects {
        placed.extend(keys::placed(format!("{}.api_key", project.path), &project.api_keys));
        placed.extend(keys::placed(format!("{}.admin_key", project.path), &project.admin_keys));
        for (n, deployment) in project.deployments.iter().enumerate() {
            placed.extend(keys::placed(format!("{}.deployments[{n}].key", project.path), &deployment.keys));
        }
    }
    placed
}

fn flag_keys(project: &ProjectConfig) -> Vec<Placed<'_>> {
    let placed = |n: usize| format!("{}.flags[{n}].key", project.path);
    project.flags.iter().enumerate().map(|(n, flag)| (placed(n), flag.key.as_str())).collect()
}

fn each_once(placed: Vec<Placed<'_>>, what: &str) -> Read<()> {
    let mut known = HashMap::new();
    for (path, word) in placed {
        if let Some(first) = known.get(word) {
            return Err(wrong(&path, &format!("another {what} than `{first}`")));
        }
        known.insert(word, path);
    }
    Ok(())
}

fn project(path: String, wire: ProjectWire) -> Read<ProjectConfig> {
    let deployments =
        (0..).zip(wire.deployments).map(|(n, Strict(one))| deployment(&format!("{path}.deployments[{n}]"), one));
    let flags = (0..).zip(&wire.flags).map(|(n, raw): (usize, _)| flag(&format!("{path}.flags[{n}]"), raw));
    Ok(ProjectConfig {
        name: named(&path, wire.name)?,
        api_keys: wire.api_key.read(&format!("{path}.api_key"))?,
        admin_keys: wire.admin_key.read(&format!("{path}.admin_key"))?,
        rules: rules(&format!("{path}.settings"), &wire.settings.0)?,
        deployments: deployments.collect::<Read<_>>()?,
        flags: flags.collect::<Read<_>>()?,
        path,
    })
}

fn rules(path: &str, wire: &SettingsWire) -> Read<Rules> {
    let retention =
        |days| Retention::of_days(days).ok_or_else(|| wrong(&format!("{path}.retention_days"), RETENTION_DAYS));
    Ok(Rules {
        assignments_set_properties: wire.assignments_set_properties,
        user_limits: wire.user_limits.0.read(&format!("{path}.user_limits"))?,
        retention: wire.retention_days.map(retention).transpose()?,
        ..Rules::default()
    })
}

fn deployment(path: &str, wire: DeploymentWire) -> Read<DeploymentConfig> {
    let kind = match wire.kind.as_str() {
        "client" => Kind::Client,
        "server" => Kind::Server,
        _ => return Err(wrong(&format!("{path}.kind"), KINDS)),
    };
    let keys = wire.key.read(&format!("{path}.key"))?;
    Ok(DeploymentConfig { keys, name: named(path, wire.name)?, kind })
}

/// A flag's own text, read as flags are. What is in it is looked at when it is stored.
fn flag(path: &str, raw: &RawValue) -> Read<StoredFlag> {
    let flag = parse(raw.get().as_bytes()).ok().and_then(Value::into_object);
    let flag = flag.ok_or_else(|| wrong(path, "an object"))?;
    StoredFlag::from_object(flag).ok_or_else(|| wrong(&format!("{path}.key"), "a text that can be stored"))
}

impl ProjectConfig {
    /// Looks whether the flags may be stored: each by itself, and then whether they depend on themselves.
    pub fn check_flags(&self) -> Read<()> {
        self.flag_errors().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that keeps flags from being stored.
    pub fn flag_errors(&self) -> Vec<ConfigError> {
        let names = self.deployments.iter().map(|one| (one.name.as_str(), one.keys.as_slice()));
        let names = DeploymentNames::of(names);
        let broken = |(n, flag)| flag_rules::check(flag, &names).err().map(|fault| self.refused(n, fault));
        let broken: Vec<_> = self.flags.iter().enumerate().filter_map(broken).collect();
        if !broken.is_empty() {
            return broken;
        }
        let texts = self.flags.iter().map(|flag| (flag.key.as_str(), flag.config.as_str()));
        let (_, errors) = Flags::read_each(texts, &NativeDialect);
        let index = |error: &FlagError| {
            let is_at_fault = |flag: &StoredFlag| error.key.as_ref().is_some_and(|key| *key == flag.key.as_str());
            self.flags.iter().position(is_at_fault).unwrap_or_default()
        };
        errors.iter().map(|error| self.refused(index(error), flag_rules::fault_of(error))).collect()
    }

    fn refused(&self, index: usize, fault: Fault) -> ConfigError {
        let fault = fault.at(index).of("flags").of(&self.path);
        ConfigError { said: fault.to_string(), place: Place::Path(fault.field) }
    }
}

/// A text that is not empty, called `name`.
fn named(path: &str, name: String) -> Read<String> {
    if name.is_empty() { Err(wrong(&format!("{path}.name"), TEXT)) } else { Ok(name) }
}

const TEXT: &str = "a text";
const KINDS: &str = "\"client\" or \"server\"";
const RETENTION_DAYS: &str = "a whole number of days from 31 to 36500";

/// What a field must be.
fn expected(field: &str) -> &'static str {
    match field {
        "name" => TEXT,
        "kind" => KINDS,
        "assignments_set_properties" => "true or false",
        "retention_days" => RETENTION_DAYS,
        "projects" | "deployments" | "flags" => "a list",
        _ => keys::expected(field).or_else(|| user_limits::expected(field)).unwrap_or("an object"),
    }
}

/// Why the file is not understood. What the reader says may quote it: only the beginning is looked at, which is its own.
fn refused(error: &serde_path_to_error::Error<serde_json::Error>, text: &str) -> ConfigError {
    let reason = error.inner();
    if !reason.is_data() {
        return no_json(reason, text);
    }
    let path = error.path().to_string();
    let reason = reason.to_string();
    if reason.starts_with("unknown field") {
        return ConfigError::at(&path, format!("`{path}` is not known"));
    }
    if reason.starts_with("duplicate field") {
        return ConfigError::at(&path, format!("`{path}` has a field twice"));
    }
    let path = if path == "." { "file" } else { &path };
    wrong(path, expected(path.rsplit('.').next().unwrap_or(path)))
}

fn no_utf8(bytes: &[u8], byte: usize) -> ConfigError {
    ConfigError { said: format!("no UTF-8 at {}", Position::of(bytes, byte)), place: Place::Byte(byte) }
}

fn no_json(error: &serde_json::Error, text: &str) -> ConfigError {
    let said = format!("no JSON at line {}, column {}", error.line(), error.column());
    // Its columns are bytes, and begin at 1 like its lines.
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    ConfigError { said, place: Place::Byte(before + error.column().saturating_sub(1)) }
}

fn wrong(path: &str, expected: &str) -> ConfigError {
    ConfigError::at(path, format!("`{path}` must be {expected}"))
}
