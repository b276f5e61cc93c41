//! The flags and users of the browser benches (`benches/flags.mjs`), so that all figures are about the same ones.

use std::process::Command;

use serde_json::{Map, Value, from_slice};

/// How many users there are: so many that nothing remembered of the user before helps.
const USERS: usize = 500;

pub struct Material {
    pub flags: Vec<Value>,
    pub users: Vec<Map<String, Value>>,
}

/// What the seeded generator makes: a hundred flags, of which cases take the first few, and users.
pub fn of_the_browser_benches() -> Material {
    let module = concat!("file://", env!("CARGO_MANIFEST_DIR"), "/../benches/flags.mjs");
    let script = format!(
        "import {{ flags, users }} from '{module}'; console.log(JSON.stringify({{ flags: flags(100), users: users({USERS}) }}))"
    );
    let node = Command::new("node").args(["--input-type=module", "--eval", &script]).output().unwrap();
    assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
    let mut made: Value = from_slice(&node.stdout).unwrap();
    let users = made["users"].as_array_mut().unwrap().iter_mut().map(|user| user.as_object_mut().unwrap());
    let users = users.map(std::mem::take).collect();
    Material { flags: made["flags"].as_array_mut().unwrap().drain(..).collect(), users }
}
