//! The log of a server under test, as a file: gone when the test is.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::database::name;
use crate::poll_until::poll_until;

pub struct LogFile(PathBuf);

impl LogFile {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("{}.log", name()));
        File::create(&path).unwrap();
        Self(path)
    }

    /// Where a server writes to.
    pub fn writer(&self) -> Stdio {
        File::options().append(true).open(&self.0).unwrap().into()
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }

    /// The lines of a log in JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until this was said so many times.
    #[track_caller]
    pub fn says(&self, what: &str, times: usize) {
        poll_until(|| (self.text().matches(what).count() >= times).then_some(()));
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}
