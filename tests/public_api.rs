//! The public API of the library crates is the one that was reviewed: `tests/public_api/CRATE.txt`, an item a line.
//! `UPDATE=1` writes these files anew.
//!
//! It is read from the JSON of rustdoc, which the pinned compiler writes with `RUSTC_BOOTSTRAP=1`. The version of the
//! `public-api` crate belongs to the compiler's: a version that expects another format says so.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, reason = "it runs rustdoc and reads the snapshots")]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use public_api::Builder;

#[test]
fn the_public_api_of_the_core_is_as_it_was_reviewed() {
    check("experiment-wasm", &["--features", "native"]);
}

#[test]
fn the_public_api_of_ingestion_is_as_it_was_reviewed() {
    check("experiment-ingestion", &[]);
}

#[test]
fn the_public_api_of_patterns_is_as_it_was_reviewed() {
    check("experiment-pattern", &[]);
}

fn check(package: &str, features: &[&str]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/public_api/{package}.txt"));
    let json = rustdoc_json(package, features);
    let builder = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true);
    let api = builder.omit_auto_derived_impls(true).build().unwrap().to_string();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &api).unwrap();
    }
    let reviewed = fs::read_to_string(&file).unwrap();
    let only_in = |one: &str, other: &str, sign: char| -> String {
        one.lines().filter(|line| !other.lines().any(|it| it == *line)).map(|line| format!("{sign} {line}\n")).collect()
    };
    let (gone, new) = (only_in(&reviewed, &api, '-'), only_in(&api, &reviewed, '+'));
    assert!(api == reviewed, "the public API of {package} has changed (UPDATE=1 records it):\n{gone}{new}");
}

/// The JSON that rustdoc writes of a crate, in a folder of its own: the unstable flag would build other crates anew.
fn rustdoc_json(package: &str, features: &[&str]) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-api");
    let status = Command::new(env!("CARGO"))
        .args(["rustdoc", "--quiet", "--locked", "--lib", "--package", package])
        .args(features)
        .args(["--", "-Zunstable-options", "--output-format", "json", "--cap-lints", "allow"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTC_BOOTSTRAP", "1")
        .status()
        .unwrap();
    assert!(status.success(), "rustdoc failed");
    target.join(format!("doc/{}.json", package.replace('-', "_")))
}
