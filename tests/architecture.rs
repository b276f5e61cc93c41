//! The direction of dependencies: between the modules of a crate there is no circle, and none points back.
//!
//! A module is a file or folder directly under `src`. Tests (`tests.rs` and `mod tests`) may depend on anything.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, reason = "it reads the sources")]
#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the core, those that others depend on last. Each may use what stands after it, and nothing before it.
const CORE: [&str; 21] = [
    "wasm",
    "client",
    "local",
    "delivery",
    "offer",
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
    "field_hasher",
    "digest",
    "time",
];

/// Below all: text and JSON.
const FOUNDATION: [&str; 2] = ["dialect", "json"];

const INGESTION: [&str; 29] = [
    "batch",
    "experiment_properties",
    "freed_names",
    "incoming",
    "transform",
    "unique_key",
    "exposure",
    "id",
    "rules",
    "retention",
    "throttle",
    "verdict",
    "person_index",
    "first_schema_states",
    "person_properties",
    "limits",
    "first_schema",
    "bucket",
    "properties",
    "property",
    "change",
    "difference",
    "list_difference",
    "name",
    "rejection",
    "meter",
    "lww",
    "usage",
    "time",
];

const PATTERN: [&str; 6] = ["backtrack", "nfa", "program", "escape", "parser", "class"];

const SERVER: [&str; 24] = [
    "routes",
    "http",
    "reload",
    "app",
    "project",
    "check",
    "config",
    "evaluation",
    "store",
    "in_flight",
    "metrics",
    "throttles",
    "wrong_keys",
    "shared_answer",
    "compression",
    "key",
    "position",
    "clock",
    "logging",
    "output",
    "database_address",
    "options",
    "stop",
    "allocator",
];

/// The sources of every package.
const PACKAGES: [&str; 4] = ["src", "crates/ingestion/src", "crates/pattern/src", "server/src"];

type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_core_depends_downwards() {
    downwards("src", &[&CORE[..], &FOUNDATION].concat());
}

#[test]
fn ingestion_depends_downwards() {
    downwards("crates/ingestion/src", &INGESTION);
}

#[test]
fn patterns_depend_downwards() {
    downwards("crates/pattern/src", &PATTERN);
}

#[test]
fn the_server_depends_downwards() {
    downwards("server/src", &SERVER);
}

/// Each module of a package may use those after it in the order, and none before it.
fn downwards(source: &str, order: &[&str]) {
    let graph = modules(Path::new(source));
    let is_root = |module: &String| module == "lib" || module == "main";
    let position = |module: &String| order.iter().position(|known| known == module);
    for (module, uses) in graph.iter().filter(|(module, _)| !is_root(module)) {
        assert!(position(module).is_some(), "add {module} of {source} to the order");
        let back: Vec<_> = uses.iter().filter(|used| !is_root(used) && position(used) < position(module)).collect();
        assert!(back.is_empty(), "{module} of {source} depends on {back:?}, above it in the order");
    }
}

/// A circle could hide behind an item of `lib.rs`. (The limits of patterns are numbers there, and use nothing.)
#[test]
fn modules_use_each_other_and_no_items_of_the_root() {
    for source in ["src", "crates/ingestion/src", "server/src"] {
        let graph = uses(Path::new(source));
        for (module, uses) in graph.iter().filter(|(module, _)| *module != "lib" && *module != "main") {
            let items: Vec<_> = uses.iter().filter(|used| !graph.contains_key(*used)).collect();
            assert!(items.is_empty(), "{module} of {source} uses {items:?} of the root, not of their module");
        }
    }
}

#[test]
fn no_modules_depend_on_each_other_in_a_circle() {
    for source in PACKAGES {
        let mut rooms = vec![PathBuf::from(source)];
        while let Some(room) = rooms.pop() {
            assert_eq!(circle(&modules(&room)), None, "{}", room.display());
            rooms.extend(folders(&room));
        }
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
    let mut graph = uses(folder);
    let known: BTreeSet<_> = graph.keys().cloned().collect();
    graph.values_mut().for_each(|uses| uses.retain(|used| known.contains(used)));
    graph
}

/// The names that each module of a folder uses of it: other modules, and items of the file above them.
fn uses(folder: &Path) -> Graph {
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
    graph
}

/// The names of modules beside this one that a file uses, by `crate::…` or by `super::…` of the right depth.
fn used(code: &str, module: &Path, file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(module).map_or(0, |rest| rest.components().count());
    let relative = "super::".repeat(inside + 1);
    // From the root of the package: `crate::`, or `crate::store::` between the modules of `store`.
    let rooms = module.parent().into_iter().flat_map(Path::components).map(|part| part.as_os_str().to_str().unwrap());
    let rooms = rooms.skip_while(|part| *part != "src").skip(1);
    let absolute = rooms.fold(String::from("crate::"), |path, room| path + room + "::");
    let prefixes = [relative, absolute];
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

/// `x` of `x::y`, and `x` and `y` of `{x::{a, b}, y}`.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    if !rest.starts_with('{') {
        return vec![name(rest)];
    }
    let (mut depth, mut names) = (0, Vec::new());
    for (at, character) in rest.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && (character == '{' || character == ',') {
            names.push(name(&rest[at + 1..]));
        }
    }
    names
}

#[test]
fn the_first_names_of_imports_are_found() {
    assert_eq!(first_names("json::Text;"), ["json"]);
    assert_eq!(first_names("{flag::{Fault, rules}, json, time::Now}; {x}"), ["flag", "json", "time"]);
}

/// A file without comments and without its tests, which are at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
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
