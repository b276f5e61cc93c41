//! SIGHUP: another configuration comes into force while requests are served, and a wrong one changes nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::{Value, json};

use crate::config_file::ConfigFile;
use crate::database::Database;
use crate::flags::{put, simple};
use crate::log_file::LogFile;
use crate::process::signal;
use crate::property_limits::set;
use crate::test_server::{ADMIN, CLIENT, SERVER, TestServer};

const DONE: &str = "the configuration was read again and is in force";
const STAYS: &str = "the one before stays";

/// A server whose configuration can be changed.
struct Reloaded {
    server: TestServer,
    file: ConfigFile,
    log: LogFile,
}

impl Reloaded {
    fn start() -> Self {
        let (file, log) = (ConfigFile::of_tests(), LogFile::new());
        let server = TestServer::with_log(Database::lasting(), &["--config", file.path()], log.writer());
        Self { server, file, log }
    }

    /// Writes a configuration and waits until the log says what became of it.
    #[track_caller]
    fn reload(&self, text: &str, said: &str) {
        let before = self.log.text().matches(said).count();
        self.file.write(text);
        signal(&self.server.child, "HUP");
        self.log.says(said, before + 1);
    }

    #[track_caller]
    fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut config = ConfigFile::json_of_tests();
        change(&mut config);
        self.reload(&config.to_string(), DONE);
    }

    fn variants(&self, key: &str) -> (u16, Vec<String>) {
        let user = json!({ "user_id": "alice" });
        let answer = self.server.request("POST", "/sdk/v2/vardata").header("authorization", key).body(user.to_string());
        let answer = answer.send();
        let variants = answer.json();
        (answer.status, variants.as_object().unwrap().keys().cloned().collect())
    }

    fn statuses(&self, keys: [&str; 3]) -> [u16; 3] {
        let [api, admin, deployment] = keys;
        let event = json!({ "user_id": "alice", "event_type": "Buy" });
        let sent = json!({ "api_key": api, "events": [event] }).to_string();
        let asked =
            |path: &str, key: String| self.server.request("GET", path).header("authorization", key).send().status;
        [
            self.server.request("POST", "/2/httpapi").body(sent).send().status,
            asked("/api/usage", format!("Bearer {admin}")),
            asked("/sdk/v2/flags", format!("Api-Key {deployment}")),
        ]
    }
}

const OLD: [&str; 3] = ["shop-api-key", "shop-admin-key", "client-key"];
const NEW: [&str; 3] = ["new-api-key", "new-admin-key", "new-client-key"];

#[test]
fn every_kind_of_key_is_rotated_without_a_restart() {
    let reloaded = Reloaded::start();
    let set = |[api, admin, deployment]: [Value; 3]| {
        reloaded.change(|config| {
            let shop = &mut config["projects"][0];
            (shop["api_key"], shop["admin_key"]) = (api, admin);
            shop["deployments"][0]["key"] = deployment;
        });
    };
    assert_eq!([OLD, NEW].map(|keys| reloaded.statuses(keys)), [[200; 3], [400, 401, 401]]);
    set([0, 1, 2].map(|kind| json!([NEW[kind], OLD[kind]])));
    assert_eq!([OLD, NEW].map(|keys| reloaded.statuses(keys)), [[200; 3]; 2]);
    set(NEW.map(Value::from));
    assert_eq!([OLD, NEW].map(|keys| reloaded.statuses(keys)), [[400, 401, 401], [200; 3]]);
    // A key that takes the place of another is the same deployment.
    let evaluated = |key: &str| reloaded.server.vardata(&json!({ "user_id": "bob" })).header("authorization", key);
    assert_eq!(evaluated("").send().status, 401);
}

#[test]
fn a_cached_answer_outlives_the_rotation_of_its_key() {
    let reloaded = Reloaded::start();
    let asked = |key: &str| {
        let body = json!({ "user_id": "alice" }).to_string();
        let answer = reloaded.server.request("POST", "/sdk/v2/vardata").header("authorization", key).body(body).send();
        answer.header("x-cache").unwrap().to_owned()
    };
    assert_eq!(asked(CLIENT), "MISS");
    reloaded.change(|config| config["projects"][0]["deployments"][0]["key"] = json!(["new-client-key", "client-key"]));
    assert_eq!([CLIENT, "Api-Key new-client-key"].map(asked), ["HIT", "HIT"]);
}

#[test]
fn a_flag_that_names_its_deployment_keeps_it_when_the_key_is_another() {
    let reloaded = Reloaded::start();
    let with = |key: &str, deployment: &str| {
        let mut flag = simple(key, "on");
        flag["deployments"] = json!([deployment]);
        put(&reloaded.server, &flag).send().expect(200);
    };
    with("by-name", "shop-backend");
    with("by-key", "server-key");
    let (_, before) = reloaded.variants(SERVER);
    assert!(["by-name", "by-key"].iter().all(|flag| before.iter().any(|key| key == flag)), "{before:?}");
    assert!(reloaded.variants(CLIENT).1.iter().all(|key| !key.starts_with("by-")));
    reloaded.change(|config| config["projects"][0]["deployments"][1]["key"] = json!("new-key"));
    let (_, after) = reloaded.variants("Api-Key new-key");
    assert!(after.iter().any(|key| key == "by-name") && !after.iter().any(|key| key == "by-key"), "{after:?}");
    // The old key stands for nobody now, and that is said.
    let skipped = reloaded.server.read("/api/flags").expect(200)["skipped"].take();
    let unknown = |key: &str| json!({ "key": key, "code": "unknown_deployment", "field": "deployments[0]" });
    assert_eq!(skipped, json!([unknown("backend"), unknown("by-key")]));
    reloaded.log.says("a flag is skipped or faulty", 2);
}

#[test]
fn a_name_that_several_deployments_have_stands_for_none() {
    let reloaded = Reloaded::start();
    reloaded.change(|config| config["projects"][0]["deployments"][1]["name"] = json!("shop-web"));
    let mut flag = simple("by-name", "on");
    flag["deployments"] = json!(["shop-web"]);
    let refused = put(&reloaded.server, &flag).send().expect(400);
    assert_eq!((&refused["reason"], &refused["field"]), (&json!("unknown_deployment"), &json!("deployments[0]")));
}

#[test]
fn projects_deployments_and_rules_come_and_go() {
    let reloaded = Reloaded::start();
    let flag = simple("of-the-file", "on");
    reloaded.change(|config| {
        let projects = config["projects"].as_array_mut().unwrap();
        projects.remove(1);
        projects[0]["settings"] = json!({ "assignments_set_properties": true });
        // The project is in the database: its flags are too.
        projects[0]["flags"] = json!([flag]);
        projects.push(json!({
            "name": "new", "api_key": "n1", "admin_key": "n2", "flags": [flag],
            "deployments": [{ "key": "n3", "name": "web", "kind": "client" }],
        }));
    });
    assert_eq!(reloaded.variants("Api-Key older-key").0, 401);
    assert_eq!(reloaded.variants("Api-Key n3"), (200, vec!["of-the-file".to_owned()]));
    assert!(reloaded.variants(CLIENT).1.iter().any(|key| key == "button"));
    reloaded.server.request("GET", "/api/flags/of-the-file").header("authorization", ADMIN).send().refused(404);
    let assigned = json!({ "user_id": "carol", "event_type": "[Experiment] Assignment", "user_properties": { "$set": { "[Experiment] f": "on" } } });
    reloaded.server.store(json!([assigned]));
    assert_eq!(reloaded.server.properties("user_id=carol"), json!({ "[Experiment] f": "on" }));
}

#[test]
fn a_configuration_that_is_wrong_changes_nothing_and_is_named() {
    let reloaded = Reloaded::start();
    let text = ConfigFile::text_of_tests();
    let flag = r#"{"key":"f","variants":{},"segments":[],"deployments":["zq7x"]}"#;
    let project = format!(r#""projects": [{{"name":"new","api_key":"n1","admin_key":"n2","flags":[{flag}]}},"#);
    for (wrong, said) in [
        (
            text.replace("admin_key", "admin_kye"),
            ":6:20: the configuration is wrong: `projects[0].admin_kye` is not known",
        ),
        (
            text.replacen(r#""projects": ["#, &project, 1),
            "`projects[0].flags[0].deployments[0]` is the name or key of no deployment",
        ),
        (
            text.replacen(r#""admin_key""#, r#""settings":{"user_limits":{"bytes":65537}},"admin_key""#, 1),
            "`projects[0].settings.user_limits.bytes` must be a whole number from 1 to 65536",
        ),
        (String::new(), ":1:1: the configuration is wrong: no JSON"),
    ] {
        let wrong = wrong.replace("shop-admin-key", "zq7x");
        reloaded.reload(&wrong, STAYS);
        let log = reloaded.log.text();
        assert!(log.contains(said) && !log.contains("zq7x"), "{log}");
        assert_eq!(reloaded.statuses(OLD), [200; 3]);
    }
    assert_eq!(reloaded.server.database.number("SELECT count(*) FROM project"), 2);
    reloaded.change(|config| config["projects"][0]["admin_key"] = json!("new-admin-key"));
    assert_eq!(reloaded.statuses(["shop-api-key", "new-admin-key", "client-key"]), [200; 3]);
}

#[test]
fn limits_of_users_are_lowered_and_raised_and_what_is_stored_stays() {
    let reloaded = Reloaded::start();
    let limits = |limits: Value| reloaded.change(|config| config["projects"][0]["settings"]["user_limits"] = limits);
    let set = |properties: Value| set(&reloaded.server, &properties);
    let stored = || reloaded.server.properties("user_id=alice");
    let long = "x".repeat(1_024);
    assert_eq!(set(json!({ "a": long, "b": 1, "c": 1 })), None);
    let before = stored();
    limits(json!({ "names": 2, "text_characters": 10 }));
    assert_eq!(stored(), before);
    assert_eq!(set(json!({ "d": 1 })).as_deref(), Some("user_property_limit"));
    assert_eq!(set(json!({ "b": "12345678901" })).as_deref(), Some("user_property_text_limit"));
    assert_eq!(stored(), json!({ "a": long, "b": "1234567890", "c": 1 }));
    limits(json!({ "bytes": 100 }));
    assert_eq!(set(json!({ "c": "longer" })).as_deref(), Some("user_property_bytes_limit"));
    assert_eq!(set(json!({ "b": 2 })), None);
    assert_eq!(stored(), json!({ "a": long, "b": 2, "c": 1 }));
    limits(json!({ "names": 1_002, "text_characters": 2_000 }));
    let more: Value =
        (0..999).map(|name| (format!("more {name}"), json!(name))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(set(more), None);
    assert_eq!(set(json!({ "d": 1 })).as_deref(), Some("user_property_limit"));
    assert_eq!(set(json!({ "a": "x".repeat(2_000) })), None);
    assert_eq!(stored()["a"].as_str().unwrap().len(), 2_000);
    assert_eq!(stored().as_object().unwrap().len(), 1_002);
}

#[test]
fn no_request_is_broken_while_configurations_come_and_go() {
    let reloaded = Reloaded::start();
    let (is_over, text) = (AtomicBool::new(false), ConfigFile::text_of_tests());
    scope(|scope| {
        let asking = [(); 4].map(|()| {
            scope.spawn(|| {
                let mut asked = 0;
                while !is_over.load(Ordering::Relaxed) || asked < 10 {
                    assert_eq!(reloaded.statuses(OLD), [200; 3]);
                    asked += 1;
                }
            })
        });
        for round in 0..20 {
            let key = format!("\"client-key\", \"another-{round}\"");
            reloaded.reload(&text.replacen(r#""client-key""#, &format!("[{key}]"), 1), DONE);
            sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        asking.into_iter().for_each(|one| one.join().unwrap());
    });
}
