//! A hundred thousand flags: in one file, in force, given out, changed and evaluated. `make test` takes as many as are more than
//! one text of flags may be (16 MiB).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::asking::Answer;
use crate::database::{Database, name};
use crate::flags::{put, simple};
use crate::honest::size;
use crate::process::most_memory;
use crate::running::{CLIENT, Running, SERVER};

fn count() -> usize {
    size(100_000, 35_000)
}

/// The length of a flag, in bytes.
const LENGTH: usize = 500;

/// For how long an answer may be waited for: all tests run at once, in a build that is not optimized.
const PATIENCE: Duration = Duration::from_secs(120);

/// A flag of that length: a tenth of the users get it, by device. Every tenth flag is evaluated in pages.
fn flag(number: usize) -> String {
    let mode = if number.is_multiple_of(10) { "local" } else { "remote" };
    let start = format!(r#"{{"key":"flag-{number}","metadata":{{"evaluationMode":"{mode}","note":""#);
    let end = format!(
        r#""}},"variants":{{"on":{{"key":"on","value":"on"}},"off":{{"key":"off","metadata":{{"default":true}}}}}},"segments":[{{"bucket":{{"selector":["context","user","device_id"],"salt":"s{number}","allocations":[{{"range":[0,10],"distributions":[{{"variant":"on","range":[0,42949673]}}]}}]}},"variant":"off"}}]}}"#
    );
    let note = "x".repeat(LENGTH.saturating_sub(start.len() + end.len()));
    start + &note + &end
}

fn configuration() -> String {
    let flags: Vec<_> = (0..count()).map(flag).collect();
    let deployments =
        r#"[{"key":"client-key","name":"web","kind":"client"},{"key":"server-key","name":"backend","kind":"server"}]"#;
    let keys = r#""name":"shop","api_key":"shop-api-key","admin_key":"shop-admin-key""#;
    format!(r#"{{"projects":[{{{keys},"deployments":{deployments},"flags":[{}]}}]}}"#, flags.join(","))
}

/// Does something and says how long it took.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    println!("{what}: {:?}", start.elapsed());
    done
}

#[test]
fn a_hundred_thousand_flags_are_served() {
    let flags = count();
    assert!(flags * LENGTH > 16 << 20);
    let file = std::env::temp_dir().join(format!("{}.json", name()));
    std::fs::write(&file, configuration()).unwrap();
    let server = timed("start", || Running::on(Database::new(), &["--config", file.to_str().unwrap()]));
    std::fs::remove_file(&file).unwrap();
    let get = |path: &str, key: &str| -> Answer {
        server.ask("GET", path).header("authorization", key).waiting(PATIENCE).send()
    };
    let user = json!({ "user_id": "alice", "device_id": "phone" });
    let evaluate = |keys: &[u8]| -> Value {
        let keys = experiment_wasm::api::base64url(keys);
        let asking = server.vardata(&user).header("x-amp-exp-track", "no-track");
        asking.header("x-amp-exp-flag-keys", keys.to_str()).waiting(PATIENCE).send().expect(200)
    };
    let all = timed("all flags", || get("/sdk/v2/flags", SERVER));
    assert_eq!(all.json().as_array().unwrap().len(), flags);
    assert!(all.body.len() > flags * LENGTH);
    timed("all flags, again", || assert_eq!(get("/sdk/v2/flags", SERVER).body.len(), all.body.len()));
    assert_eq!(get("/sdk/v2/flags", CLIENT).json().as_array().unwrap().len(), flags / 10);
    let last = timed("one flag", || get("/v1/flags?flag_keys=flag-34999", SERVER));
    assert_eq!(last.body.len(), LENGTH + 2);
    let few = timed("evaluation of two", || evaluate(br#"["flag-7","flag-34999"]"#));
    assert_eq!(few.as_object().unwrap().len(), 2);
    let asking = server.vardata(&user).header("x-amp-exp-track", "no-track").waiting(PATIENCE);
    let everything = timed("evaluation of all", || asking.send().expect(200));
    assert_eq!(everything.as_object().unwrap().len(), flags);
    timed("a change", || put(&server, &simple("flag-7", "new")).waiting(PATIENCE).send().expect(200));
    assert_eq!(evaluate(br#"["flag-7"]"#)["flag-7"]["key"], "new");
    println!("memory: {} MiB at most", most_memory(server.child.id()) >> 20);
}
