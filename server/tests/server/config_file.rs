//! A configuration file of one test, which changes it: gone when the test is.

use std::path::PathBuf;

use serde_json::Value;

use crate::database::name;

const OF_TESTS: &str = include_str!("config.json");

pub struct ConfigFile(PathBuf);

impl ConfigFile {
    /// The configuration that all tests have.
    pub fn of_tests() -> Self {
        let file = Self(std::env::temp_dir().join(format!("{}.json", name())));
        file.write(OF_TESTS);
        file
    }

    pub fn text_of_tests() -> String {
        OF_TESTS.to_owned()
    }

    pub fn json_of_tests() -> Value {
        serde_json::from_str(OF_TESTS).unwrap()
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}
