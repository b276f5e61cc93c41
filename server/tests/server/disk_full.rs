//! A disk that is really full. Events are refused until later, evaluation and reading go on, and when there is room again
//! all is well without a restart: nothing acknowledged is lost, nothing stored by halves.

use serde_json::{Value, json};

use crate::asking::Answer;
use crate::database::Database;
use crate::running::{EXPOSURE, Running, until};
use crate::small_disk::SmallDisk;

/// Exposures of a request: each is an event and a property.
const FLAGS: usize = 4;

/// Sends requests one after another, each about a user of its own, and remembers which were acknowledged.
struct Sender<'a> {
    server: &'a Running,
    /// How many bytes go with an event.
    padding: usize,
    sent: usize,
    acknowledged: Vec<String>,
    refused: Vec<String>,
}

impl<'a> Sender<'a> {
    fn new(server: &'a Running, padding: usize) -> Self {
        Self { server, padding, sent: 0, acknowledged: Vec::new(), refused: Vec::new() }
    }

    /// Whether the next request was acknowledged.
    fn send(&mut self) -> bool {
        let user_id = format!("user-{}", self.sent);
        self.sent += 1;
        let answer = self.attempt(&user_id);
        match answer.status {
            200 => self.acknowledged.push(user_id),
            _ => {
                assert_eq!(answer.header("retry-after"), Some("1"));
                answer.refused(503);
                self.refused.push(user_id);
                return false;
            }
        }
        true
    }

    fn attempt(&self, user_id: &str) -> Answer {
        // Not all alike: PostgreSQL would press it into nothing.
        let note = (0..self.padding / 8).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761) as u32));
        let note = note.collect::<String>();
        let event = |flag: usize| {
            json!({
                "user_id": user_id, "event_type": "$exposure", "insert_id": format!("{user_id}-{flag}"),
                "event_properties": { "flag_key": format!("flag-{flag}"), "variant": "on", "note": note },
            })
        };
        self.server.ingest((0..FLAGS).map(event).collect())
    }

    /// Sends until the disk is full, and some more.
    fn send_until_refused(&mut self) {
        while self.send() {
            assert!(self.sent < 10_000, "the disk is never full");
        }
        for _ in 0..10 {
            self.send();
        }
    }

    /// What was acknowledged is there with everything, what was refused is not there with anything.
    fn check(&self) {
        for user_id in &self.acknowledged {
            let events = self.server.events(&format!("user_id={user_id}&event_type={}", EXPOSURE.replace(' ', "%20")));
            assert_eq!(events.len(), FLAGS, "{user_id}");
            let properties = self.server.properties(&format!("user_id={user_id}"));
            assert!((0..FLAGS).all(|flag| properties[format!("[Experiment] flag-{flag}")] == "on"), "{properties}");
        }
        for user_id in &self.refused {
            assert!(self.server.events(&format!("user_id={user_id}")).is_empty());
            self.server.read(&format!("/api/users?user_id={user_id}")).refused(404);
        }
    }

    /// As clients do: what was refused is sent until it is taken.
    fn send_again(&mut self) {
        for user_id in std::mem::take(&mut self.refused) {
            until(|| (self.attempt(&user_id).status == 200).then_some(()));
            self.acknowledged.push(user_id);
        }
    }
}

/// Fills the disk, makes room, and looks at everything in between. `make_room` gets the disk.
fn full(megabytes: u32, padding: usize, fill: impl Fn(&SmallDisk), make_room: impl Fn(&SmallDisk)) {
    let Some(disk) = SmallDisk::mount(megabytes) else { return };
    let mut server = Running::on(Database::on(&disk), &[]);
    let mut sender = Sender::new(&server, padding);
    assert!((0..5).all(|_| sender.send()) && server.health() == "ok");
    fill(&disk);
    sender.send_until_refused();
    sender.check();
    assert_eq!(server.health(), "not storing");
    let visitors: Vec<_> = (0..20).map(|n| format!("visitor-{n}")).collect();
    for visitor in &visitors {
        assert_eq!(server.vardata(&json!({ "user_id": visitor })).send().expect(200)["button"]["key"], "treatment");
    }
    make_room(&disk);
    sender.send_again();
    sender.check();
    for visitor in &visitors {
        assert_eq!(server.assignments(visitor, 1).len(), 1);
    }
    assert_eq!(server.health(), "ok");
    let users = sender.acknowledged.len();
    is_whole(&server, users * FLAGS + visitors.len());
    assert!(server.child.try_wait().unwrap().is_none(), "it is still the same process");
}

/// The tables and their indexes say the same, and nothing else is in them.
fn is_whole(server: &Running, events: usize) {
    let count = |query| usize::try_from(server.database.number(query)).unwrap();
    assert_eq!(count("SELECT count(*) FROM event"), events);
    assert_eq!(count("SELECT count(DISTINCT insert_id) FROM event WHERE project = 1"), events);
    if let Database::File(_) = server.database {
        assert_eq!(count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
        assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }
}

#[test]
fn a_disk_that_a_foreign_file_fills_is_survived() {
    full(24, 2_000, SmallDisk::fill, SmallDisk::make_room);
}

#[test]
fn a_disk_that_the_events_fill_is_survived() {
    full(16, 20_000, |_| {}, |disk| disk.enlarge(64));
}

#[test]
fn while_the_store_takes_nothing_evaluation_waits_a_second_for_a_place_and_then_refuses() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let server = Running::on(Database::on(&disk), &[]);
    let mut sender = Sender::new(&server, 2_000);
    disk.fill();
    sender.send_until_refused();
    // Somebody in the queue, somebody on the way to the store, and then no more: each answer has its assignment or is none.
    let (mut told, mut refused) = (Vec::new(), 0);
    for number in 0.. {
        let visitor = format!("visitor-{number}");
        let answer = server.vardata(&json!({ "user_id": visitor })).send();
        if answer.status == 200 {
            told.push(visitor);
            continue;
        }
        assert_eq!(answer.header("retry-after"), Some("1"));
        answer.refused(503);
        refused += 1;
        if refused == 2 {
            break;
        }
    }
    // Those who were told already are told again, and nobody else waits for them.
    let again: Value = server.vardata(&json!({ "user_id": told[0] })).send().expect(200);
    assert_eq!(again["button"]["key"], "treatment");
    disk.make_room();
    until(|| {
        (server.database.number("SELECT count(*) FROM event WHERE user_id LIKE 'visitor-%'") == told.len() as i64)
            .then_some(())
    });
    server.vardata(&json!({ "user_id": "late-visitor" })).send().expect(200);
}
