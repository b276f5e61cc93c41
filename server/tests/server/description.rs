//! The description of the routes, `docs/openapi.json`, names the routes that there are, and their methods. That their
//! answers are as described is looked at in `tests/openapi.test.mjs`, and by `make fuzz-server`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::security;
use crate::test_server::TestServer;

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];

/// The methods of each path, with `button` for each parameter.
fn described() -> BTreeMap<String, BTreeSet<String>> {
    let description: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    let paths = description["paths"].as_object().unwrap().iter();
    let methods = |item: &Value| item.as_object().unwrap().keys().map(|key| key.to_uppercase()).collect::<Vec<_>>();
    let methods = |item| methods(item).into_iter().filter(|method| METHODS.contains(&method.as_str())).collect();
    paths.map(|(path, item)| (security::with_button(path), methods(item))).collect()
}

#[test]
fn every_route_is_described_and_no_other() {
    assert_eq!(described().into_keys().collect::<BTreeSet<_>>(), security::paths());
}

#[test]
fn a_path_has_the_methods_that_are_described() {
    let server = TestServer::start();
    for (path, methods) in described() {
        let is_allowed = |method: &&str| server.request(method, &path).send().status != 405;
        let allowed: BTreeSet<_> = METHODS.into_iter().filter(is_allowed).map(str::to_owned).collect();
        assert_eq!(allowed, methods, "{path}");
    }
}
