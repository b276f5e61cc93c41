//! The configuration as a file: read from the disk, and where in it something is wrong.

use std::error::Error;
use std::path::Path;

use super::place::byte_of;
use super::{ConfigError, ProjectConfig, read};
use crate::position::Position;

/// Reads the file. An error names it, with line and column.
pub fn load(path: &Path) -> Result<Vec<ProjectConfig>, String> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    read(&text).map_err(|error| shown(path, &text, &error))
}

/// The same error; one of the configuration names its file, with line and column.
pub fn located(path: &Path, error: Box<dyn Error>) -> Box<dyn Error> {
    match error.downcast_ref::<ConfigError>() {
        Some(wrong) => shown(path, &std::fs::read(path).unwrap_or_default(), wrong).into(),
        None => error,
    }
}

/// `shop.json:3:16: the configuration is wrong: …`, as compilers say it and editors read it.
fn shown(path: &Path, text: &[u8], error: &ConfigError) -> String {
    let position = error.byte().or_else(|| error.path().map(|path| byte_of(text, path)));
    let (line, column) = Position::of(text, position.unwrap_or_default()).line_and_column();
    format!("{}:{line}:{column}: {error}", path.display())
}
