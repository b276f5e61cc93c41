//! A disk of a few megabytes that can be filled and made larger: memory, mounted. It takes root, or sudo that asks
//! nothing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::database::name;

pub struct SmallDisk {
    pub name: String,
    pub directory: PathBuf,
}

impl SmallDisk {
    /// None where nothing may be mounted; the test says so then, also where the output of tests that pass is swallowed.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let name = name();
        let directory = std::env::temp_dir().join(&name);
        std::fs::create_dir(&directory).unwrap();
        let disk = Self { name, directory };
        let options = format!("size={megabytes}m,mode=0777");
        if !as_root("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", disk.path()]) {
            skipped("a disk that is full", "nothing may be mounted here: it takes root");
            return None;
        }
        Some(disk)
    }

    /// Fills it to the last byte with a file that is not the database's.
    pub fn fill(&self) {
        let mut file = std::fs::File::create(self.foreign()).unwrap();
        for piece in [1 << 16, 1] {
            while file.write(&vec![b'x'; piece]).is_ok_and(|written| written > 0) {}
        }
    }

    pub fn make_room(&self) {
        std::fs::remove_file(self.foreign()).unwrap();
    }

    pub fn enlarge(&self, megabytes: u32) {
        assert!(as_root("mount", &["-o", &format!("remount,size={megabytes}m"), self.path()]));
    }

    fn foreign(&self) -> PathBuf {
        self.directory.join("foreign")
    }

    fn path(&self) -> &str {
        self.directory.to_str().unwrap()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What was never mounted cannot be unmounted.
        let _mounted = as_root("umount", &["--lazy", self.path()]);
        std::fs::remove_dir(&self.directory).unwrap();
    }
}

/// Makes a file unchangeable, also for those who have opened it, or changeable again; whether that worked.
pub fn set_immutable(file: &Path, immutable: bool) -> bool {
    as_root("chattr", &[if immutable { "+i" } else { "-i" }, file.to_str().unwrap()])
}

/// Says what is not tested, past the harness, which shows nothing of tests that pass.
pub fn skipped(what: &str, why: &str) {
    std::io::stderr().write_all(format!("\nSKIPPED: {what}: {why}\n").as_bytes()).unwrap();
}

pub fn as_root(command: &str, arguments: &[&str]) -> bool {
    let is_root = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap().trim() == "0";
    let mut words = if is_root { vec![command] } else { vec!["sudo", "-n", command] };
    words.extend(arguments);
    let status = Command::new(words[0]).args(&words[1..]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
