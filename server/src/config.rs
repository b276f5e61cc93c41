//! The configuration file: projects, keys, deployments, and the flags that fill an empty database.
//!
//! An unknown field is refused by its whole path. Flags are kept as text and read by the SDK's reader: they may hold
//! what other readers refuse. An error names the path of what is wrong, never the value.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use experiment_ingestion::Rules;
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::flag::{Fault, Flags};
use experiment_wasm::json::{Text, Value, parse};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::evaluation::flag_rules;
use crate::evaluation::flag_snapshot::Kind;
use crate::position::Position;
use crate::store::StoredFlag;

/// One project of the file.
#[derive(Debug)]
pub struct ProjectConfig {
    /// Its path in the file.
    path: String,
    pub name: String,
    pub api_key: String,
    pub admin_key: String,
    pub rules: Rules,
    pub deployments: Vec<DeploymentConfig>,
    pub flags: Vec<StoredFlag>,
}

/// One deployment of a project.
#[derive(Debug)]
pub struct DeploymentConfig {
    pub key: String,
    pub name: String,
    pub kind: Kind,
}

/// What is wrong with the file: the path, never what stands there.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the configuration is wrong: {}", self.0)
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
    api_key: String,
    admin_key: String,
    settings: Strict<SettingsWire>,
    deployments: Vec<Strict<DeploymentWire>>,
    flags: Vec<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SettingsWire {
    assignments_set_properties: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DeploymentWire {
    key: String,
    name: String,
    kind: String,
}

/// Reads the whole file.
pub fn read(bytes: &[u8]) -> Read<Vec<ProjectConfig>> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ConfigError(format!("no UTF-8 at {}", Position::of(bytes, error.valid_up_to()))))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let Strict(file): Strict<FileWire> =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| refused(&error))?;
    reader.end().map_err(|error| no_json(&error))?;
    if file.projects.is_empty() {
        return Err(ConfigError("`projects` names no project, so there is nothing to serve".into()));
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
    let mut keys = Vec::new();
    for project in projects {
        keys.push((format!("{}.api_key", project.path), project.api_key.as_str()));
        keys.push((format!("{}.admin_key", project.path), project.admin_key.as_str()));
        for (n, deployment) in project.deployments.iter().enumerate() {
            keys.push((format!("{}.deployments[{n}].key", project.path), deployment.key.as_str()));
        }
    }
    keys
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
        api_key: key(&path, "api_key", wire.api_key)?,
        admin_key: key(&path, "admin_key", wire.admin_key)?,
        rules: Rules { assignments_set_properties: wire.settings.0.assignments_set_properties, ..Rules::default() },
        deployments: deployments.collect::<Read<_>>()?,
        flags: flags.collect::<Read<_>>()?,
        path,
    })
}

fn deployment(path: &str, wire: DeploymentWire) -> Read<DeploymentConfig> {
    let kind = match wire.kind.as_str() {
        "client" => Kind::Client,
        "server" => Kind::Server,
        _ => return Err(wrong(&format!("{path}.kind"), KINDS)),
    };
    Ok(DeploymentConfig { key: key(path, "key", wire.key)?, name: named(path, wire.name)?, kind })
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
        let deployments: Vec<Text> = self.deployments.iter().map(|one| one.key.as_str().into()).collect();
        for (n, flag) in self.flags.iter().enumerate() {
            flag_rules::check(flag, &deployments).map_err(|fault| self.refused(n, fault))?;
        }
        let texts = self.flags.iter().map(|flag| (flag.key.as_str(), flag.config.as_str()));
        let (_, errors) = Flags::read_each(texts, &NativeDialect);
        match errors.first() {
            None => Ok(()),
            Some(error) => {
                let at =
                    self.flags.iter().position(|flag| error.key.as_ref().is_some_and(|key| *key == flag.key.as_str()));
                Err(self.refused(at.unwrap_or_default(), flag_rules::fault_of(error)))
            }
        }
    }

    fn refused(&self, index: usize, fault: Fault) -> ConfigError {
        ConfigError(fault.at(index).of("flags").of(&self.path).to_string())
    }
}

/// A text that is not empty, called `name`.
fn named(path: &str, name: String) -> Read<String> {
    if name.is_empty() { Err(wrong(&format!("{path}.name"), TEXT)) } else { Ok(name) }
}

/// A key that a header can carry: others would never fit.
fn key(path: &str, field: &str, key: String) -> Read<String> {
    let fits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(key) } else { Err(wrong(&format!("{path}.{field}"), KEY)) }
}

const TEXT: &str = "a text";
const KEY: &str = "a text of visible ASCII characters";
const KINDS: &str = "\"client\" or \"server\"";

/// What a field must be.
fn expected(field: &str) -> &'static str {
    match field {
        "name" => TEXT,
        "api_key" | "admin_key" | "key" => KEY,
        "kind" => KINDS,
        "assignments_set_properties" => "true or false",
        "projects" | "deployments" | "flags" => "a list",
        _ => "an object",
    }
}

/// Why the file is not understood. What the reader says may quote it: only the beginning is looked at, which is its own.
fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> ConfigError {
    let reason = error.inner();
    if !reason.is_data() {
        return no_json(reason);
    }
    let path = error.path().to_string();
    let reason = reason.to_string();
    if reason.starts_with("unknown field") {
        return ConfigError(format!("`{path}` is not known"));
    }
    if reason.starts_with("duplicate field") {
        return ConfigError(format!("`{path}` has a field twice"));
    }
    let path = if path == "." { "file" } else { &path };
    wrong(path, expected(path.rsplit('.').next().unwrap_or(path)))
}

fn no_json(error: &serde_json::Error) -> ConfigError {
    ConfigError(format!("no JSON at line {}, column {}", error.line(), error.column()))
}

fn wrong(path: &str, expected: &str) -> ConfigError {
    ConfigError(format!("`{path}` must be {expected}"))
}
