//! The configuration file: projects, keys, deployments, and the flags that seed an empty database.
//!
//! Read with the domain's JSON, as flags are everywhere, so that no second reader disagrees about them. What a flag means
//! is not looked at here: a flag that does not parse is the catalog's to report.

use std::collections::HashMap;
use std::fmt;

use experiment_wasm::ingestion::{Rules, is_storable};
use experiment_wasm::json::{Object, Text, Value, parse};

use crate::store::StoredFlag;

/// One project of the file.
#[derive(Debug)]
pub struct ProjectConfig {
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

/// Who holds a deployment's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everybody: the key is in a page. Only flags for local evaluation are given out whole.
    Client,
    /// A server: all flags are given out.
    Server,
}

/// What is wrong with the file: the place, never what stands there.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the configuration is wrong: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}

type Read<T> = Result<T, ConfigError>;

/// Reads the whole file.
pub fn read(text: &[u8]) -> Read<Vec<ProjectConfig>> {
    let value = parse(text).map_err(|error| ConfigError(format!("no JSON at byte {}", error.at)))?;
    let file = value.as_object().ok_or_else(|| wrong("file", "an object"))?;
    let projects = list(file, "projects")?.iter().map(project).collect::<Read<Vec<_>>>()?;
    each_once(names(&projects), "name")?;
    each_once(keys(&projects), "key")?;
    Ok(projects)
}

type Placed<'a> = (String, &'a str);

fn names(projects: &[ProjectConfig]) -> Vec<Placed<'_>> {
    (0..).zip(projects).map(|(n, project): (usize, _)| (format!("projects[{n}].name"), project.name.as_str())).collect()
}

/// All keys of the file. What one opens, another must not: also not in another project.
fn keys(projects: &[ProjectConfig]) -> Vec<Placed<'_>> {
    let mut keys = Vec::new();
    for (n, project) in projects.iter().enumerate() {
        keys.push((format!("projects[{n}].api_key"), project.api_key.as_str()));
        keys.push((format!("projects[{n}].admin_key"), project.admin_key.as_str()));
        for (m, deployment) in project.deployments.iter().enumerate() {
            keys.push((format!("projects[{n}].deployments[{m}].key"), deployment.key.as_str()));
        }
    }
    keys
}

fn each_once(placed: Vec<Placed<'_>>, what: &str) -> Read<()> {
    let mut known = HashMap::new();
    for (place, word) in placed {
        if let Some(first) = known.get(word) {
            return Err(wrong(&place, &format!("another {what} than `{first}`")));
        }
        known.insert(word, place);
    }
    Ok(())
}

fn project(value: &Value) -> Read<ProjectConfig> {
    let project = value.as_object().ok_or_else(|| wrong("projects", "a list of objects"))?;
    let settings = project.get("settings").and_then(Value::as_object);
    let asks = settings.and_then(|settings| settings.get("assignments_set_properties")).and_then(Value::as_bool);
    Ok(ProjectConfig {
        name: word(project, "name")?,
        api_key: key(project, "api_key")?,
        admin_key: key(project, "admin_key")?,
        rules: Rules { assignments_set_properties: asks.unwrap_or_default(), ..Rules::default() },
        deployments: list(project, "deployments")?.iter().map(deployment).collect::<Read<_>>()?,
        flags: list(project, "flags")?.iter().map(seeded_flag).collect::<Read<_>>()?,
    })
}

fn deployment(value: &Value) -> Read<DeploymentConfig> {
    let deployment = value.as_object().ok_or_else(|| wrong("deployments", "a list of objects"))?;
    let kind = match word(deployment, "kind")?.as_str() {
        "client" => Kind::Client,
        "server" => Kind::Server,
        _ => return Err(wrong("kind", "\"client\" or \"server\"")),
    };
    Ok(DeploymentConfig { key: key(deployment, "key")?, name: word(deployment, "name")?, kind })
}

fn seeded_flag(value: &Value) -> Read<StoredFlag> {
    let flag = value.clone().into_object().ok_or_else(|| wrong("flags", "a list of objects"))?;
    flag_to_store(flag).ok_or_else(|| wrong("key", "a text for every flag"))
}

/// A flag as it is stored: what it says of deployments leaves its JSON. `None` without a key that can be stored.
pub fn flag_to_store(mut flag: Object) -> Option<StoredFlag> {
    let key = flag.get("key").and_then(Value::as_str).filter(|key| !key.is_empty() && is_storable(key))?;
    let key = key.to_str().into_owned();
    let deployments = flag.remove("deployments").filter(|list| list.as_array().is_some());
    Some(StoredFlag { key, config: flag.to_json(), deployments: deployments.map(|list| list.to_json()) })
}

fn list<'a>(object: &'a Object, name: &str) -> Read<&'a [Value]> {
    match object.get(name) {
        None => Ok(&[]),
        Some(value) => value.as_array().ok_or_else(|| wrong(name, "a list")),
    }
}

fn word(object: &Object, name: &str) -> Read<String> {
    let text = object.get(name).and_then(Value::as_str).map(Text::to_str);
    text.filter(|text| !text.is_empty()).map(Into::into).ok_or_else(|| wrong(name, "a text"))
}

/// A key that a header can carry: others would never fit.
fn key(object: &Object, name: &str) -> Read<String> {
    let fits = |key: &String| key.bytes().all(|byte| byte.is_ascii_graphic());
    word(object, name).ok().filter(fits).ok_or_else(|| wrong(name, "a text of visible ASCII characters"))
}

fn wrong(place: &str, expected: &str) -> ConfigError {
    ConfigError(format!("`{place}` must be {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_read_with_everything_it_has() {
        let text = br#"{"projects":[{"name":"p","api_key":"a","admin_key":"b","settings":{"assignments_set_properties":true},
            "deployments":[{"key":"k","name":"n","kind":"server"}],"flags":[{"key":"f","deployments":["k"],"x":1e400}]}]}"#;
        let project = read(text).unwrap().remove(0);
        assert!(project.rules.assignments_set_properties);
        assert_eq!(project.deployments[0].kind, Kind::Server);
        let flag = StoredFlag {
            key: "f".into(),
            config: r#"{"key":"f","x":1e400}"#.into(),
            deployments: Some(r#"["k"]"#.into()),
        };
        assert_eq!(project.flags, [flag]);
    }

    #[test]
    fn an_error_names_the_place_and_not_what_stands_there() {
        let error = read(br#"{"projects":[{"name":"p","api_key":5,"admin_key":"secret"}]}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the configuration is wrong: `api_key` must be a text of visible ASCII characters"
        );
    }

    /// Two projects, with this in the place of what stands there.
    fn error(place: &str, instead: &str) -> String {
        let text = r#"{"projects":[
            {"name":"p","api_key":"1","admin_key":"2","deployments":[{"key":"3","name":"n","kind":"client"}]},
            {"name":"q","api_key":"4","admin_key":"5","deployments":[{"key":"6","name":"n","kind":"server"}]}]}"#;
        assert!(read(text.as_bytes()).is_ok());
        let changed = text.replacen(&format!("\"{place}\""), &format!("\"{instead}\""), 1);
        assert_ne!(changed, text);
        read(changed.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn keys_that_are_empty_or_cannot_be_sent_are_refused() {
        for (place, name) in [("1", "api_key"), ("2", "admin_key"), ("6", "key")] {
            for bad in ["", " ", "secret key", "secret\\n", "sécret"] {
                let expected =
                    format!("the configuration is wrong: `{name}` must be a text of visible ASCII characters");
                assert_eq!(error(place, bad), expected, "{bad:?}");
            }
        }
    }

    #[test]
    fn no_two_keys_are_equal_whatever_they_open() {
        let equal = |place: &str, other: &str, said: &str, first: &str| {
            let expected = format!("the configuration is wrong: `projects{said}` must be another {first}`");
            assert_eq!(error(place, other), expected);
        };
        equal("2", "1", "[0].admin_key", "key than `projects[0].api_key");
        equal("4", "1", "[1].api_key", "key than `projects[0].api_key");
        equal("5", "3", "[1].admin_key", "key than `projects[0].deployments[0].key");
        equal("6", "3", "[1].deployments[0].key", "key than `projects[0].deployments[0].key");
        equal("q", "p", "[1].name", "name than `projects[0].name");
    }
}
