//! Sends requests to a server, several at once, and compares what it shows with the model.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Barrier;
use std::thread::scope;

use experiment_ingestion::{IncomingEvent, MIN_ID_LENGTH, Rules, transform};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::json::{Object, Reader, Text, Value};

use super::model::{Model, Shown, UPDATE_LIMIT, View, shown};
use super::request::Request;
use crate::client::{TestRequest, TestResponse};
use crate::database::Database;
use crate::test_server::TestServer;

/// The flags of the first project; the second has one of these names.
pub const SHOP_FLAGS: [&str; 6] = ["button", "banner", "group", "holdout", "nobody", "backend"];

/// A server, and a model of each of its projects.
pub struct Checked {
    pub server: TestServer,
    projects: [Project; 2],
}

struct Project {
    api_key: &'static str,
    admin: &'static str,
    rules: Rules,
    model: Model,
    /// What each event must show, by insert id, in the order of storing.
    expected: Vec<(Text, Shown)>,
    /// The same ids.
    stored: HashSet<Text>,
    /// How many events met a limit.
    limited: HashMap<&'static str, usize>,
}

/// A request that was answered, and when it was received.
struct Sent {
    request: Request,
    received: u64,
    verdicts: Vec<serde_json::Value>,
}

/// What answers say.
#[derive(Default)]
struct Acknowledged {
    /// Each event that is stored, and the limit that its verdict names.
    stored: HashMap<Text, (IncomingEvent, Option<String>)>,
    duplicates: HashSet<Text>,
}

impl Checked {
    pub fn new() -> Self {
        Self::on(Database::lasting())
    }

    pub fn on(database: Database) -> Self {
        let project = |api_key, admin, assignments_set_properties, flags: &[&str]| Project {
            api_key,
            admin,
            rules: Rules { min_id_length: MIN_ID_LENGTH, assignments_set_properties, ..Rules::default() },
            model: Model::with_flags(flags),
            expected: Vec::new(),
            stored: HashSet::new(),
            limited: HashMap::new(),
        };
        Self {
            server: TestServer::on(database, &[]),
            projects: [
                project("shop-api-key", "Bearer shop-admin-key", false, &SHOP_FLAGS),
                project("older-api-key", "Bearer older-admin-key", true, &["button"]),
            ],
        }
    }

    /// Sends the requests of each connection one after another, beside those of the others; then looks at the events.
    pub fn send(&mut self, connections: Vec<Vec<Request>>) {
        let (port, barrier) = (self.server.port, Barrier::new(connections.len()));
        let keys = [self.projects[0].api_key, self.projects[1].api_key];
        let send_all = &|requests: Vec<Request>| {
            barrier.wait();
            requests.into_iter().map(|request| sent(port, &keys, request)).collect::<Vec<_>>()
        };
        let sent: Vec<Sent> = scope(|scope| {
            let threads: Vec<_> =
                connections.into_iter().map(|requests| scope.spawn(move || send_all(requests))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        for project in 0..2 {
            self.compare(project, sent.iter().filter(|one| one.request.project == project));
        }
    }

    fn compare<'a>(&mut self, index: usize, sent: impl Iterator<Item = &'a Sent>) {
        let Acknowledged { mut stored, duplicates } = Acknowledged::of(self.projects[index].rules, sent);
        let rows = self.rows(index, stored.len());
        assert_eq!(rows.len(), stored.len());
        let project = &mut self.projects[index];
        for row in &rows {
            let insert_id = row.get("insert_id").and_then(Value::as_str).unwrap();
            let (event, reason) = stored.remove(insert_id).expect("it was acknowledged, once");
            assert!(project.stored.insert(insert_id.clone()), "stored twice: {event:?}");
            let is_over = reason.as_deref() == Some(UPDATE_LIMIT);
            let (copy, limit) = project.model.store(&event, is_over);
            assert_eq!(reason.as_deref(), limit, "{event:?}");
            if let Some(limit) = limit {
                *project.limited.entry(limit).or_default() += 1;
            }
            assert_eq!(row.get("time"), Some(&event.normalized.time.unwrap_or(event.received).into()));
            assert_same(row, &copy, &event);
            project.expected.push((insert_id.clone(), copy));
        }
        assert!(duplicates.is_subset(&project.stored), "what was never stored is no duplicate");
    }

    /// Every event that was ever sent shows what it did, and everybody has what they must.
    pub fn check_all(&self) {
        for (index, project) in self.projects.iter().enumerate() {
            let rows = self.rows(index, project.expected.len() + 1);
            assert_eq!(rows.len(), project.expected.len());
            for (row, (insert_id, copy)) in rows.iter().zip(&project.expected) {
                assert_eq!(row.get("insert_id").and_then(Value::as_str), Some(insert_id));
                assert_same(row, copy, insert_id);
            }
        }
        self.check_people();
    }

    fn check_people(&self) {
        for project in &self.projects {
            for (by, id, view) in project.model.everybody() {
                let escaped = id.as_bytes().iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
                let answer = self.read(project, &format!("/api/users?{by}={escaped}"));
                assert_eq!(answer.status, 200, "{id:?}");
                assert_eq!(person(&object(answer)), view, "{id:?}");
            }
        }
    }

    /// How many events met a limit, in each project.
    pub fn limited(&self, limit: &str) -> [usize; 2] {
        [0, 1].map(|index| self.projects[index].limited.get(limit).copied().unwrap_or_default())
    }

    /// How many events changed a user of the first project.
    pub fn updates(&self, user_id: &str) -> u64 {
        self.projects[0].model.updates(&user_id.into())
    }

    /// The newest events, in the order of storing.
    fn rows(&self, project: usize, limit: usize) -> Vec<Object> {
        let answer = self.read(&self.projects[project], &format!("/api/events?limit={limit}"));
        assert_eq!(answer.status, 200);
        let rows = value(&answer.body).into_array().unwrap();
        rows.into_iter().map(|row| row.into_object().unwrap()).collect()
    }

    fn read(&self, project: &Project, path: &str) -> TestResponse {
        self.server.request("GET", path).header("authorization", project.admin).send()
    }
}

fn sent(port: u16, keys: &[&str; 2], request: Request) -> Sent {
    let (path, body) = request.written(keys[request.project]);
    let mut answer = TestRequest::new(port, "POST", path).body(body).send().expect(200);
    let verdicts = std::mem::take(answer["verdicts"].as_array_mut().unwrap());
    assert_eq!(verdicts.len(), request.events.len());
    Sent { received: answer["server_upload_time"].as_u64().unwrap(), verdicts, request }
}

impl Acknowledged {
    fn of<'a>(rules: Rules, sent: impl Iterator<Item = &'a Sent>) -> Self {
        let mut all = Self::default();
        for one in sent {
            for (index, (text, verdict)) in (0..).zip(one.request.events.iter().zip(&one.verdicts)) {
                let event = transform(one.request.event(text), rules, &NativeDialect);
                assert_eq!(verdict["verdict"] == "rejected", event.is_err(), "{verdict}: {text}");
                let Ok(event) = event else { continue };
                let insert_id = Text::from(verdict["insert_id"].as_str().unwrap());
                if verdict["verdict"] == "duplicate" {
                    all.duplicates.insert(insert_id);
                    continue;
                }
                let received = (one.request.uploaded, one.received);
                let event = IncomingEvent::new(1, event, index, received, || insert_id.clone());
                let reason = verdict["reason"].as_str().map(str::to_owned);
                let before = all.stored.insert(insert_id, (event, reason));
                assert!(before.is_none(), "stored twice: {text}");
            }
        }
        all
    }
}

#[track_caller]
fn assert_same(row: &Object, expected: &Shown, event: &impl std::fmt::Debug) {
    let is = shown(row.get("user_properties").and_then(Value::as_object).unwrap().clone());
    if is == *expected {
        return;
    }
    let names: BTreeSet<_> = is.keys().chain(expected.keys()).collect();
    for name in names.into_iter().filter(|name| is.get(*name) != expected.get(*name)) {
        let text = |of: &Shown| of.get(name).map(|value| value.to_json().chars().take(300).collect::<String>());
        println!("{name:?}\n  is      {:?}\n  must be {:?}", text(&is), text(expected));
    }
    panic!("an event shows other properties: {event:?}");
}

fn person(answer: &Object) -> View {
    let text = |value: &Value| value.as_str().map(|text| text.to_str().into_owned());
    let devices = answer.get("device_ids").and_then(Value::as_array).unwrap();
    View {
        user_id: answer.get("user_id").and_then(text),
        device_ids: devices.iter().filter_map(text).collect(),
        properties: shown(answer.get("user_properties").and_then(Value::as_object).unwrap().clone()),
    }
}

fn object(answer: TestResponse) -> Object {
    value(&answer.body).into_object().unwrap()
}

/// Numbers stay as they are written.
fn value(body: &[u8]) -> Value {
    let mut reader = Reader::within(body, body.len());
    let value = reader.read_value().unwrap();
    reader.finish().unwrap();
    value
}
