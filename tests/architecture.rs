//! The direction of dependencies: between the modules of a crate there is no circle, and none points back.
//!
//! A module is a file or folder directly under `src`. Tests (`tests.rs`, and what follows `#[cfg(test)]`) may depend on anything.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, reason = "it reads the sources")]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the core, those that others depend on last. Each may use what stands after it, and nothing before it.
const CORE: [&str; 20] = [
    "web",
    "client",
    "local",
    "delivery",
    "machine",
    "effect",
    "assignment",
    "evaluation",
    "flag",
    "segment",
    "bucketing",
    "exposure",
    "api",
    "variant",
    "user",
    "storage",
    "error",
    "insert_id",
    "digest",
    "time",
];

/// Below all: text and JSON.
const FOUNDATION: [&str; 2] = ["dialect", "json"];

type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_core_depends_downwards() {
    let order: Vec<_> = CORE.iter().chain(&FOUNDATION).map(|module| (*module).to_owned()).collect();
    let graph = modules(Path::new("src"));
    let unknown: Vec<_> = graph.keys().filter(|module| *module != "lib" && !order.contains(module)).collect();
    assert!(unknown.is_empty(), "add these to the order: {unknown:?}");
    let place = |module: &String| order.iter().position(|known| known == module);
    for (module, uses) in graph.iter().filter(|(module, _)| *module != "lib") {
        let back: Vec<_> = uses.iter().filter(|used| place(used) < place(module)).collect();
        assert!(back.is_empty(), "{module} depends on {back:?}, which stand above it");
    }
}

#[test]
fn no_modules_depend_on_each_other_in_a_circle() {
    for source in ["src", "crates/ingestion/src", "crates/pattern/src", "server/src/store", "server/src/http"] {
        assert_eq!(circle(&modules(Path::new(source))), None, "{source}");
    }
    for folder in folders(Path::new("src")) {
        assert_eq!(circle(&modules(&folder)), None, "{}", folder.display());
    }
}

#[test]
fn a_circle_is_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).into()).or_default().insert((*to).into());
            graph.entry((*to).into()).or_default();
        }
        graph
    };
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert!(circle(&graph(&[("a", "b"), ("b", "c"), ("c", "a")])).is_some());
}

/// Which modules of a folder use which others of it.
fn modules(folder: &Path) -> Graph {
    let mut graph = Graph::new();
    for path in entries(folder) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "tests" || path.extension().is_some_and(|extension| extension != "rs") {
            continue;
        }
        let uses = graph.entry(name.clone()).or_default();
        for file in files(&path) {
            uses.extend(used(&code(&file), &folder.join(&name), &file));
        }
        uses.remove(&name);
    }
    let known: BTreeSet<_> = graph.keys().cloned().collect();
    graph.values_mut().for_each(|uses| uses.retain(|used| known.contains(used)));
    graph
}

/// The names of modules beside this one that a file uses, by `crate::…` or by `super::…` of the right depth.
fn used(code: &str, module: &Path, file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(module).map_or(0, |rest| rest.components().count());
    let relative = "super::".repeat(inside + 1);
    let is_root = module.parent().is_some_and(|folder| folder.ends_with("src"));
    let mut prefixes = vec![relative];
    if is_root {
        prefixes.push("crate::".into());
    }
    let mut names = Vec::new();
    for prefix in &prefixes {
        for (at, _) in code.match_indices(prefix.as_str()) {
            // `super::super::x` is not `super::x`.
            if code.get(..at).is_some_and(|before| before.ends_with("super::")) {
                continue;
            }
            let rest = code.get(at + prefix.len()..).unwrap_or_default();
            names.extend(first_names(rest));
        }
    }
    names
}

/// `x` of `x::y`, and `x` and `y` of `{x::a, y}`.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match rest.strip_prefix('{') {
        Some(list) => list.split('}').next().unwrap_or_default().split(',').map(name).collect(),
        None => vec![name(rest)],
    }
}

/// A file without comments and tests.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn circle(graph: &Graph) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    graph.keys().find_map(|start| visit(graph, start, &mut Vec::new(), &mut done))
}

fn visit(graph: &Graph, at: &String, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|before| before == at) {
        return Some(path.split_off(start));
    }
    if !done.insert(at.clone()) {
        return None;
    }
    path.push(at.clone());
    let found = graph.get(at).into_iter().flatten().find_map(|next| visit(graph, next, path, done));
    path.pop();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}

/// The source files of a module: itself, or all in its folder.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let all = entries(path).into_iter().filter(|path| !path.ends_with("tests.rs"));
    all.flat_map(|path| files(&path))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
