//! Which flags may be written, and that a stored one that cannot be read harms nobody else.

use std::sync::Barrier;
use std::thread::scope;

use serde_json::{Value, json};

use crate::asking::Answer;
use crate::database::Database;
use crate::exposition::Exposition;
use crate::flags::{put, simple};
use crate::running::{ADMIN, CLIENT, Running, SERVER, until};

fn put_text(server: &Running, key: &str, body: impl Into<Vec<u8>>) -> Answer {
    server.ask("PUT", &format!("/api/flags/{key}")).header("authorization", ADMIN).body(body).send()
}

/// A flag that depends on others.
fn dependent(key: &str, dependencies: &[&str]) -> Value {
    let mut flag = simple(key, "on");
    flag["dependencies"] = json!(dependencies);
    flag
}

fn button(server: &Running) -> Value {
    server.vardata(&json!({ "user_id": "alice" })).header("x-amp-exp-track", "no-track").send().expect(200)["button"]
        .take()
}

#[test]
fn a_flag_that_is_not_utf8_is_refused_by_its_place_and_nothing_is_changed() {
    let mut server = Running::on(Database::lasting(), &[]);
    let latin1 =
        b"{\"key\":\"city\",\"variants\":{\"on\":{\"key\":\"on\",\"payload\":\"Z\xFCrich\"}},\n\"segments\":[]}";
    let at = latin1.iter().position(|byte| *byte == 0xFC).unwrap();
    let refused = put_text(&server, "city", latin1).expect(400);
    assert_eq!(refused["reason"], "not_utf8");
    let place = format!("The flag is no UTF-8 at byte {at} (line 1, column {})", at + 1);
    assert_eq!(refused["error"], json!(place));
    let refused = put_text(&server, "city", r#"{"key":"city",}"#).expect(400);
    assert_eq!(
        (&refused["reason"], &refused["error"]),
        (&json!("not_json"), &json!("The flag is no JSON at byte 14 (line 1, column 15)"))
    );
    server.read("/api/flags/city").refused(404);
    assert_eq!(button(&server)["key"], "treatment");
    server.terminate();
    server.restart();
    assert_eq!(button(&server)["key"], "treatment");
}

#[test]
fn a_flag_that_an_evaluation_would_not_understand_whole_is_refused_with_field_and_reason() {
    let server = Running::start();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut flag = simple("button", "on");
        change(&mut flag);
        let mut refused = put(&server, &flag).send().expect(400);
        assert_eq!(refused["code"], 400);
        (refused["reason"].take(), refused["field"].take())
    };
    let condition = json!([[{ "selector": ["context", "user", "plan"], "op": "equals", "values": ["gold"] }]]);
    let bucket = json!({ "selector": ["context", "user", "user_id"], "salt": "s", "allocations": [
        { "range": [0, 100], "distributions": [{ "variant": "none", "range": [0, 42949673] }] },
    ] });
    assert_eq!(
        refused(&|flag| flag["segments"][0]["conditions"] = condition.clone()),
        (json!("unknown_operator"), json!("segments[0].conditions[0][0].op"))
    );
    assert_eq!(
        refused(&|flag| flag["segments"][0]["bucket"] = bucket.clone()),
        (json!("unknown_variant"), json!("segments[0].bucket.allocations[0].distributions[0].variant"))
    );
    for list in [json!("client-key"), json!(null), json!({ "client-key": true })] {
        let place = (json!("shape"), json!("deployments"));
        assert_eq!(refused(&|flag| flag["deployments"] = list.clone()), place, "{list}");
    }
    // Also of another project.
    for unknown in ["cleint-key", "older-key"] {
        let place = (json!("unknown_deployment"), json!("deployments[1]"));
        assert_eq!(refused(&|flag| flag["deployments"] = json!(["client-key", unknown])), place);
    }
    assert_eq!(button(&server)["key"], "treatment");
    let mut metadata = simple("button", "on");
    metadata["deployments"] = json!(["client-key"]);
    metadata["of a later version"] = json!({ "x": 1 });
    assert_eq!(put(&server, &metadata).send().expect(200), metadata);
    assert_eq!(button(&server)["key"], "on");
}

#[test]
fn a_flag_that_other_readers_of_json_would_stumble_over_is_refused() {
    let server = Running::start();
    let nested = |depth: usize| {
        let payload = "[".repeat(depth) + &"]".repeat(depth);
        let flag = format!(
            r#"{{"key":"well","variants":{{"on":{{"key":"on","payload":{payload}}}}},"segments":[{{"variant":"on"}}]}}"#
        );
        put_text(&server, "well", flag)
    };
    for depth in [62, 100_000] {
        let refused = nested(depth).expect(400);
        assert_eq!((&refused["reason"], &refused["field"]), (&json!("deep"), &json!("variants")), "{depth}");
    }
    server.read("/api/flags/well").refused(404);
    nested(61).expect(200);
    let given = server.ask("GET", "/sdk/v2/flags").header("authorization", SERVER).send().expect(200);
    assert!(given.as_array().unwrap().iter().any(|flag| flag["key"] == "well"));
}

#[test]
fn a_flag_that_closes_a_circle_is_refused_and_the_others_stay_as_they_are() {
    let server = Running::start();
    let refused = |flag: Value| {
        let refused = put(&server, &flag).send().expect(400);
        assert_eq!(refused["reason"], "cycle");
        refused["field"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(dependent("a", &["button", "a"])), "dependencies[1]");
    for (key, dependencies) in [("a", &["button"][..]), ("b", &["a"]), ("c", &["b", "banner"])] {
        put(&server, &dependent(key, dependencies)).send().expect(200);
    }
    assert_eq!(refused(dependent("button", &["banner", "c"])), "dependencies[1]");
    assert_eq!(button(&server)["key"], "treatment");
    put(&server, &simple("b", "on")).send().expect(200);
    put(&server, &dependent("button", &["banner", "c"])).send().expect(200);
    assert_eq!(button(&server)["key"], "on");
    assert_eq!(server.read("/api/flags").expect(200)["skipped"], json!([]));
}

#[test]
fn of_two_flags_that_close_a_circle_at_once_one_is_refused() {
    let server = Running::on(Database::lasting(), &[]);
    let replica = Running::beside(&server);
    for round in 0..10 {
        let (one, other) = (format!("one-{round}"), format!("other-{round}"));
        let together = Barrier::new(2);
        let put = |server: &Running, key: &str, dependency: &str| {
            together.wait();
            put(server, &dependent(key, &[dependency])).send().status
        };
        let mut statuses = scope(|scope| {
            let (here, there) =
                (scope.spawn(|| put(&server, &one, &other)), scope.spawn(|| put(&replica, &other, &one)));
            [here.join().unwrap(), there.join().unwrap()]
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    }
}

#[test]
fn a_dependency_that_is_not_there_yet_is_a_warning() {
    let server = Running::start();
    let stored = put(&server, &dependent("a", &["button", "later"])).send().expect(200);
    assert_eq!(stored["warnings"], json!([{ "reason": "missing_dependency", "field": "dependencies[1]" }]));
    put(&server, &simple("later", "on")).send().expect(200);
    // An answer can be sent again.
    let again = put(&server, &stored).send().expect(200);
    assert!(again.get("warnings").is_none() && server.read("/api/flags/a").expect(200).get("warnings").is_none());
}

const EMPTY: &str = "INSERT INTO flag (project, flag_key, config) VALUES (1, 'empty', '')";
const TORN: &str = r#"INSERT INTO flag (project, flag_key, config) VALUES (1, 'torn', '{"key":"torn",')"#;
const LATIN1: &str = "INSERT INTO flag (project, flag_key, config) VALUES (1, 'latin1', CAST(x'7B22FC227D' AS TEXT))";
const EVERYWHERE: &str = r#"INSERT INTO flag (project, flag_key, config, deployments)
    VALUES (1, 'everywhere', '{"key":"everywhere","variants":{"on":{"key":"on"}},"segments":[{"variant":"on"}]}', '"client-key"')"#;
const OLD: &str = r#"INSERT INTO flag (project, flag_key, config)
    VALUES (1, 'old', '{"key":"old","variants":{"on":{"key":"on"}},"segments":[{"conditions":[[{"selector":["context","user"],"op":"equals","values":[]}]],"variant":"on"},{"variant":"on"}]}')"#;
pub const CHANGED: &str = "UPDATE project SET flags_version = flags_version + 1";

#[test]
fn a_stored_flag_that_cannot_be_read_harms_only_itself() {
    let (mut server, metrics) = Running::measured(Database::lasting(), &[]);
    assert_eq!(Exposition::of(metrics).value("experiment_flags_faulty"), 0.0);
    let mut expected = vec![json!({ "key": "empty", "code": "unreadable" })];
    if !server.database.is_postgres() {
        server.database.run(LATIN1);
        expected.push(json!({ "key": "latin1", "code": "unreadable" }));
    }
    // As they were written before there were rules: they work as they did.
    expected.insert(1, json!({ "key": "everywhere", "code": "shape", "field": "deployments" }));
    expected.push(json!({ "key": "old", "code": "unknown_operator", "field": "segments[0].conditions[0][0].op" }));
    expected.push(json!({ "key": "torn", "code": "unreadable" }));
    for statement in [EMPTY, TORN, EVERYWHERE, OLD, CHANGED] {
        server.database.run(statement);
    }
    let skipped = || server.read("/api/flags").expect(200)["skipped"].as_array().unwrap().clone();
    until(|| (skipped() == expected).then_some(()));
    assert_eq!(Exposition::of(metrics).value("experiment_flags_faulty"), expected.len() as f64);
    for round in 0..2 {
        assert_eq!(button(&server)["key"], "treatment", "{round}");
        let asking = server.vardata(&json!({ "user_id": "bob" })).header("x-amp-exp-track", "no-track");
        let variants = asking.send().expect(200);
        assert_eq!(variants["old"]["key"], "on");
        assert!(variants.get("everywhere").is_none());
        assert_eq!(server.read("/api/flags").expect(200)["flags"].as_array().unwrap().len(), 8);
        server.read("/api/flags/torn").refused(500);
        assert_eq!(server.health(), "ok");
        server.terminate();
        server.restart();
    }
}

#[test]
fn flags_that_cannot_be_read_leave_the_last_ones_in_force_and_it_is_told() {
    let (server, metrics) = Running::measured(Database::lasting(), &[]);
    assert_eq!(button(&server)["key"], "treatment");
    server.database.run("ALTER TABLE flag RENAME TO away");
    server.database.run(CHANGED);
    until(|| (server.health() == "old flags").then_some(()));
    let shown = Exposition::of(metrics);
    assert!(shown.value("experiment_flag_check_failures_total") > 0.0);
    assert_eq!(shown.value("experiment_flags_old"), 1.0);
    for key in [CLIENT, SERVER] {
        let flags = server.ask("GET", "/sdk/v2/flags").header("authorization", key).send().expect(200);
        assert!(!flags.as_array().unwrap().is_empty());
    }
    let asking = server.vardata(&json!({ "user_id": "new" }));
    assert_eq!(asking.send().expect(200)["button"]["key"], "treatment");
    server.database.run("ALTER TABLE away RENAME TO flag");
    until(|| (server.health() == "ok").then_some(()));
    assert_eq!(Exposition::of(metrics).value("experiment_flags_old"), 0.0);
}
