//! Retention: events that are older than their project keeps them go, with what only they needed, and do not come back.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::config_file::ConfigFile;
use crate::database::Database;
use crate::property_states::random::Random;
use crate::test_server::{ADMIN, TestServer, poll_until};

const DAY: u64 = 24 * 60 * 60 * 1_000;

/// A server whose first project keeps events 60 days.
struct Kept {
    server: TestServer,
    _file: ConfigFile,
}

impl Kept {
    fn start() -> Self {
        let (file, mut config) = (ConfigFile::of_tests(), ConfigFile::json_of_tests());
        config["projects"][0]["settings"]["retention_days"] = json!(60);
        file.write(&config.to_string());
        let server = TestServer::on(Database::lasting(), &["--config", file.path()]);
        Self { server, _file: file }
    }

    /// Lets events have been received so many days ago.
    fn age(&self, days: u64, which: &str) {
        self.server.database.run(format!("UPDATE event SET received = received - {} WHERE {which}", days * DAY));
    }

    fn wait_for(&self, events: usize) {
        poll_until(|| (self.server.events("limit=10000").len() == events).then_some(()));
    }

    fn number(&self, query: &'static str) -> i64 {
        self.server.database.number(query)
    }
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn usage(server: &TestServer, month: &str) -> Value {
    server.read(&format!("/api/usage?month={month}")).expect(200)
}

/// `YYYY-MM`, as the database of the tests has it.
fn month_of(millis: u64) -> String {
    experiment_ingestion::usage::Month::of(millis).to_string()
}

#[test]
fn retention_old_events_go_with_people_of_whom_nothing_is_left_and_their_usage_stays() {
    let kept = Kept::start();
    let server = &kept.server;
    let buy = |user_id: &str, n: usize| {
        json!({ "user_id": user_id, "device_id": format!("{user_id}-phone"), "event_type": "Buy", "insert_id": n.to_string(),
                "user_properties": { "plan": n } })
    };
    server.store(json!([buy("gone", 1), buy("gone", 2), buy("stays", 3), buy("stays", 4)]));
    server.store(json!([{ "device_id": "robin-phone", "event_type": "Buy" }]));
    server.store(json!([{ "user_id": "robin", "device_id": "robin-phone", "event_type": "$exposure",
                          "event_properties": { "flag_key": "button", "variant": "on" } }]));
    let month = month_of(now() - 61 * DAY);
    kept.age(61, "insert_id IN ('1', '2', '3') OR user_id IS NULL");
    kept.wait_for(2);
    poll_until(|| (kept.number("SELECT count(*) FROM person") == 2).then_some(()));
    assert_eq!(kept.number("SELECT count(*) FROM device"), 2);
    server.read("/api/users?user_id=gone").refused(404);
    assert_eq!(server.properties("user_id=stays"), json!({ "plan": 4 }));
    assert_eq!(server.events("user_id=stays")[0]["user_properties"], json!({ "plan": 4 }));
    assert_eq!(kept.number("SELECT count(*) FROM property_state WHERE person NOT IN (SELECT id FROM person)"), 0);
    let used = usage(server, &month);
    assert_eq!((&used["events"], &used["tracked_users"]), (&json!(4), &json!(3)));
    // The month is over and counted: what is deleted of it adds nothing.
    server.request("DELETE", "/api/users?user_id=stays").header("authorization", ADMIN).send().expect(200);
    assert_eq!(usage(server, &month), used);
    assert_eq!(usage(server, &month_of(now()))["events"], 1);
}

#[test]
fn an_event_that_is_older_than_that_is_rejected_so_that_a_late_retry_never_counts_twice() {
    let kept = Kept::start();
    let event =
        |days: u64| json!([{ "user_id": "alice", "event_type": "Buy", "insert_id": "1", "time": now() - days * DAY }]);
    kept.server.store(event(59));
    let expired = kept.server.ingest(event(61)).expect(400);
    assert_eq!(expired["events_with_invalid_fields"], json!({ "time": [0] }));
    assert_eq!(expired["verdicts"][0]["reason"], "expired");
    // By the sender's clock it is new; it is as much behind as the sender's clock is.
    let body = json!({
        "api_key": "shop-api-key", "client_upload_time": "2020-01-02T00:00:00.000Z",
        "events": [{ "user_id": "alice", "event_type": "Buy", "insert_id": "2", "time": 1_577_923_200_000_u64 - DAY / 2 }],
    });
    kept.server.request("POST", "/2/httpapi").body(body.to_string()).send().expect(200);
    kept.age(61, "insert_id = '1'");
    kept.wait_for(1);
    // A project that keeps everything takes it.
    let body = json!({ "api_key": "older-api-key", "events": event(4_000) });
    kept.server.request("POST", "/2/httpapi").body(body.to_string()).send().expect(200);
}

#[test]
fn what_is_not_expired_stays_in_other_projects_too() {
    let kept = Kept::start();
    let other = json!({ "api_key": "older-api-key", "events": [{ "user_id": "alice", "event_type": "Buy" }] });
    kept.server.request("POST", "/2/httpapi").body(other.to_string()).send().expect(200);
    kept.server
        .store(json!([{ "user_id": "alice", "event_type": "Buy" }, { "user_id": "alice", "event_type": "Visit" }]));
    kept.age(59, "event_type = 'Visit'");
    kept.age(61, "event_type = 'Buy'");
    kept.wait_for(1);
    assert_eq!(kept.number("SELECT count(*) FROM event"), 2);
}

/// Random lives of a few people: changes of many kinds, logins, events that leave the user as they are.
fn random_events(seed: u64, count: usize) -> Vec<Value> {
    let mut random = Random::new(seed);
    let event = |n: usize| {
        let who = random.below(6);
        let user_id = (random.percent(60)).then(|| format!("user-{}", who / 2));
        let name = format!("name-{}", random.below(12));
        let value =
            if random.percent(20) { json!(vec![n; random.below(30)]) } else { json!("x".repeat(random.below(60))) };
        let operator = random.pick(&["$set", "$setOnce", "$append", "$unset"]);
        json!({
            "user_id": user_id, "device_id": format!("device-{who}"), "event_type": "Buy", "insert_id": n.to_string(),
            "time": now() - u64::try_from(random.below(1_000)).unwrap(), "user_properties": { operator: { name: value } },
            "$skip_user_properties_sync": random.percent(10),
        })
    };
    (0..count).map(event).collect()
}

fn shown(server: &TestServer) -> BTreeMap<String, Value> {
    let events = server.events("limit=10000").into_iter();
    events.map(|mut event| (event["insert_id"].to_string(), event["user_properties"].take())).collect()
}

#[test]
fn what_stays_shows_the_same_properties_as_before_and_no_state_is_kept_for_what_went() {
    for seed in 0..3 {
        let kept = Kept::start();
        let server = &kept.server;
        for events in random_events(seed, 250).chunks(25) {
            server.store(json!(events));
        }
        let before = shown(server);
        let states = "SELECT count(*) FROM property_state";
        let all = kept.number(states);
        // First in the order of storing, then whatever comes.
        let last = 100 + 10 * seed;
        kept.age(61, &format!("id <= {last}"));
        let left = usize::try_from(250 - last).unwrap();
        kept.wait_for(left);
        poll_until(|| (kept.number(states) < all).then_some(()));
        let after = shown(server);
        assert!(after.iter().all(|(insert_id, properties)| before[insert_id] == *properties), "seed {seed}");
        kept.age(61, "id % 3 = 0");
        poll_until(|| (kept.number("SELECT count(*) FROM event WHERE id % 3 = 0") == 0).then_some(()));
        let after = shown(server);
        assert!(after.iter().all(|(insert_id, properties)| before[insert_id] == *properties), "seed {seed}");
        server.store(json!(
            random_events(seed + 100, 20)
                .iter()
                .map(|event| {
                    let mut event = event.clone();
                    event["insert_id"] = json!(format!("new-{}", event["insert_id"]));
                    event
                })
                .collect::<Vec<_>>()
        ));
        kept.age(61, "1 = 1");
        kept.wait_for(0);
        poll_until(|| (kept.number("SELECT count(*) FROM person") == 0).then_some(()));
        for table in ["property_state", "property_bucket", "device"] {
            let rows = server.database.rows();
            assert_eq!(rows[table], Vec::<String>::new(), "seed {seed}: {table}");
        }
    }
}

#[test]
fn pages_of_events_that_went_are_given_back() {
    let kept = Kept::start();
    if kept.server.database.is_postgres() {
        return;
    }
    let text = "x".repeat(900);
    for request in 0..8 {
        let events: Vec<_> = (0..1_000)
            .map(|n| json!({ "user_id": format!("user-{request}"), "event_type": "Buy", "insert_id": format!("{request}-{n}"),
                             "event_properties": { "text": text } }))
            .collect();
        let body = json!({ "api_key": "shop-api-key", "events": events }).to_string();
        kept.server.request("POST", "/batch").body(body).send().expect(200);
    }
    let pages = || kept.number("SELECT page_count FROM pragma_page_count()");
    let all = pages();
    assert!(all > 2_000, "{all}");
    kept.age(61, "1 = 1");
    poll_until(|| (pages() < all / 4).then_some(()));
}

#[test]
fn a_retention_that_is_none_is_refused_with_its_path() {
    let (file, mut config) = (ConfigFile::of_tests(), ConfigFile::json_of_tests());
    for days in [json!(30), json!(0), json!(36_501), json!(u64::MAX), json!(-60), json!("60"), json!(60.5)] {
        config["projects"][0]["settings"]["retention_days"] = days.clone();
        file.write(&config.to_string());
        let check =
            std::process::Command::new(env!("CARGO_BIN_EXE_experiment-server")).args(["check", file.path()]).output();
        let said = String::from_utf8(check.unwrap().stderr).unwrap();
        assert!(said.contains("projects[0].settings.retention_days") && said.contains("31"), "{days}: {said}");
    }
    config["projects"][0]["settings"]["retention_days"] = json!(31);
    file.write(&config.to_string());
    let check =
        std::process::Command::new(env!("CARGO_BIN_EXE_experiment-server")).args(["check", file.path()]).output();
    let check = check.unwrap();
    assert!(check.status.success());
    assert!(String::from_utf8(check.stdout).unwrap().contains(" events are kept 31 days\n"));
}
