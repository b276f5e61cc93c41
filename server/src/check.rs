//! `experiment-server check`: what a configuration is, or everything that is wrong with it. No database is opened.

use std::path::Path;

use crate::config::{self, ProjectConfig};

/// What the configuration is, one project a line, or what is wrong, one fault a line.
pub fn check(path: &Path) -> Result<String, String> {
    let projects = config::load(path)?;
    let errors = projects.iter().flat_map(ProjectConfig::flag_errors);
    let errors: Vec<_> = errors.map(|error| config::located(path, error.into()).to_string()).collect();
    if !errors.is_empty() {
        return Err(errors.join("\n"));
    }
    let file = format!("{}: {}", path.display(), counted(projects.len(), "project"));
    let lines: Vec<_> = std::iter::once(file).chain(projects.iter().map(described)).collect();
    Ok(lines.join("\n"))
}

/// Without keys.
fn described(project: &ProjectConfig) -> String {
    let names: Vec<_> = project.deployments.iter().map(|one| one.name.as_str()).collect();
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let deployments = counted(project.deployments.len(), "deployment");
    let kept = project.rules.retention.map_or(String::new(), |kept| format!(", events are kept {} days", kept.days()));
    format!("{}: {deployments}{names}, {}{kept}", project.name, counted(project.flags.len(), "flag"))
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
