//! Everything that a server answers for what is in its database.

use std::collections::{BTreeMap, BTreeSet};

use experiment_wasm::json::{Value, parse};

use crate::client::TestResponse;
use crate::event_pages::next;
use crate::test_server::{ADMIN, TestServer};

/// By path, of each project.
pub type Answers = BTreeMap<(&'static str, String), String>;

/// The events in pages, and once more in whole; usage, flags, names of experiment properties, records of
/// deletions; everybody who sent an event.
pub fn all(server: &TestServer) -> Answers {
    let mut all = Answers::new();
    for admin in [ADMIN, "Bearer older-admin-key"] {
        let mut read = |path: String| {
            let answer = server.request("GET", &path).header("authorization", admin).send();
            assert_eq!(answer.status, 200, "{path}");
            all.insert((admin, path), String::from_utf8(answer.body.clone()).unwrap());
            answer
        };
        let mut page = Some("/api/events?limit=97".to_owned());
        while let Some(path) = page {
            page = next(&read(path));
        }
        for path in ["/api/usage", "/api/flags", "/api/experiment-properties", "/api/deletions"] {
            read(path.to_owned());
        }
        for who in people(&read("/api/events?limit=1000&format=jsonl".to_owned())) {
            read(format!("/api/users?{who}"));
        }
    }
    all
}

/// Who sent these events, as a query.
fn people(answer: &TestResponse) -> BTreeSet<String> {
    let mut people = BTreeSet::new();
    for line in answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event = parse(line).unwrap().into_object().unwrap();
        for by in ["user_id", "device_id"] {
            if let Some(id) = event.get(by).and_then(Value::as_str) {
                let escaped = id.as_bytes().iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
                people.insert(format!("{by}={escaped}"));
            }
        }
    }
    people
}

/// The same answers, at the first that differs.
#[track_caller]
pub fn are_same(now: &Answers, before: &Answers, what: &str) {
    assert!(now.keys().eq(before.keys()), "{what}");
    for ((key, now), before) in now.iter().zip(before.values()) {
        assert_eq!(now, before, "{what}: {key:?}");
    }
}
