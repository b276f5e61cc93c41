//! How much disk events take: at most three times the bodies that brought them, and a KiB for each, whatever properties
//! their users have. Each test prints what it took.

use serde_json::{Map, Value, json};

use crate::database::Database;
use crate::property_states::random::Random;
use crate::test_server::TestServer;

/// What an event may take beside its part of the body: its row, and its entries in the indexes.
const PER_EVENT: u64 = 1 << 10;

const PER_BODY_BYTE: u64 = 3;

/// The whole of the tables and indexes, without what is written ahead and without pages that are free.
const SQLITE_BYTES: &str = "SELECT (page_count - freelist_count) * page_size \
                            FROM pragma_page_count, pragma_freelist_count, pragma_page_size";

/// Rows that are out of date and not yet vacuumed take disk too.
const POSTGRES_BYTES: &str = "SELECT pg_database_size(current_database())";

/// A server whose database is measured.
struct Measured {
    server: TestServer,
    before: u64,
    events: u64,
    body_bytes: u64,
}

impl Measured {
    fn new() -> Self {
        let server = TestServer::on(Database::lasting(), &[]);
        let before = stored(&server.database);
        Self { server, before, events: 0, body_bytes: 0 }
    }

    /// Sends events in requests of so many.
    fn send(&mut self, events: &[Value], at_once: usize) {
        for events in events.chunks(at_once) {
            let body = json!({ "api_key": "shop-api-key", "events": events }).to_string();
            self.body_bytes += body.len() as u64;
            self.events += events.len() as u64;
            let answer = self.server.request("POST", "/batch").body(body).send().expect(200);
            assert_eq!(answer["events_ingested"], events.len());
        }
    }

    /// A long list is stored anew with each group of events that changes it. PostgreSQL keeps the old one until VACUUM,
    /// which gives its room to other rows; so it is counted apart, as the write-ahead log of SQLite is.
    fn remove_old_rows(&self) {
        if self.server.database.is_postgres() {
            self.server.database.run("VACUUM FULL");
        }
    }

    fn check(&self, what: &str) {
        let grown = stored(&self.server.database) - self.before;
        let allowed = PER_BODY_BYTE * self.body_bytes + PER_EVENT * self.events;
        let (events, bodies) = (self.events, self.body_bytes);
        let ratio = |bytes: u64| bytes as f64 / allowed as f64;
        let beside = self.beside(|grown| format!("{:.2}", ratio(grown)));
        println!(
            "{what}: {events} events, bodies {bodies} B, grown {grown} B, {:.2} of what is allowed{beside}",
            ratio(grown)
        );
        assert!(grown <= allowed, "{what}: {grown} bytes for {bodies} bytes of bodies and {events} events");
    }

    /// What else an operator may want to know of the engine: the log that is written ahead, or what a VACUUM leaves.
    fn beside(&self, ratio: impl Fn(u64) -> String) -> String {
        match &self.server.database {
            Database::File(directory) => {
                let wal = std::fs::metadata(directory.join("events.db-wal")).map_or(0, |file| file.len());
                format!("; written ahead {wal} B")
            }
            database => {
                database.run("VACUUM");
                format!("; after VACUUM {}", ratio(stored(database).saturating_sub(self.before)))
            }
        }
    }
}

pub fn stored(database: &Database) -> u64 {
    let query = if database.is_postgres() { POSTGRES_BYTES } else { SQLITE_BYTES };
    database.number(query).unsigned_abs()
}

/// So many properties whose values are so long, of which nothing can be shared or compressed well.
fn properties(owner: &str, count: usize, length: usize) -> Map<String, Value> {
    let mut random = Random::new(owner.bytes().map(u64::from).sum());
    let mut letter = || char::from(b'0' + random.below(75) as u8);
    let mut value = || (0..length).map(|_| letter()).collect::<String>();
    (0..count).map(|number| (format!("{owner}-{number}"), json!(value()))).collect()
}

fn set(user_id: &str, properties: impl Into<Value>) -> Value {
    json!({ "user_id": user_id, "event_type": "$identify", "user_properties": properties.into() })
}

fn buy(user_id: &str) -> Value {
    json!({ "user_id": user_id, "event_type": "Buy" })
}

#[test]
fn events_of_users_with_200_properties_take_no_more_than_events_of_others() {
    let mut measured = Measured::new();
    let users: Vec<_> = (0..100).map(|user| format!("user-{user}")).collect();
    measured.send(&users.iter().map(|user| set(user, properties(user, 200, 20))).collect::<Vec<_>>(), 20);
    let one = |number: usize| {
        let user = &users[number % users.len()];
        let changed = json!({ (format!("{user}-{}", number / 10 % 200)): format!("changed-{number}") });
        // Of the ten events of a round, another user's changes each time.
        if number % 10 == number / 100 % 10 { set(user, changed) } else { buy(user) }
    };
    measured.send(&(0..9_900).map(one).collect::<Vec<_>>(), 500);
    measured.check("10,000 events of 100 users with 200 properties");
}

#[test]
fn a_batch_of_a_user_with_1000_properties_takes_no_more_than_of_others() {
    let mut measured = Measured::new();
    measured.send(&[set("alice", properties("alice", 1_000, 45))], 1);
    measured.send(&vec![buy("alice"); 2_000], 2_000);
    measured.check("a batch of 2,000 events of a user with 1,000 properties of 60 KB");
}

#[test]
fn many_tiny_names_take_no_more_than_their_texts() {
    let mut measured = Measured::new();
    let tiny = |user: usize| -> Map<_, _> { (0..1_000).map(|name| (format!("{user}{name}"), json!(1))).collect() };
    let events: Vec<_> = (0..200).map(|user| set(&format!("user-{user}"), tiny(user))).collect();
    measured.send(&events, 20);
    measured.check("1,000 tiny names of each of 200 users");
}

#[test]
fn a_long_insert_id_is_not_stored_once_for_each_name() {
    let mut measured = Measured::new();
    let tiny: Map<_, _> = (0..1_000).map(|name| (name.to_string(), json!(1))).collect();
    let one = |user: usize| {
        let mut event = set(&format!("user-{user}"), tiny.clone());
        event["insert_id"] = json!(format!("{user:01024}"));
        event
    };
    measured.send(&(0..200).map(one).collect::<Vec<_>>(), 20);
    measured.check("1,000 tiny names of each of 200 users, insert ids of 1,024 bytes");
}

#[test]
fn a_small_change_of_a_large_user_takes_no_more_than_the_change() {
    let mut measured = Measured::new();
    measured.send(&[set("alice", properties("alice", 250, 200))], 1);
    let one = |number: usize| set("alice", json!({ (format!("alice-{}", number % 50)): number }));
    measured.send(&(0..2_000).map(one).collect::<Vec<_>>(), 20);
    measured.check("2,000 changes of a user with 250 values of 200 bytes");
}

#[test]
fn a_list_that_grows_takes_no_more_than_what_is_added() {
    let mut measured = Measured::new();
    let texts = properties("alice", 2_000, 50);
    let one = |text: &Value| set("alice", json!({ "$append": { "list": text } }));
    measured.send(&texts.values().map(one).collect::<Vec<_>>(), 20);
    measured.remove_old_rows();
    measured.check("2,000 texts of 50 bytes appended to one list");
}
