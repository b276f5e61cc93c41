//! Streams of events in any order, some of them repeated, in batches of any size: the users' properties end equal.
//! `PROPTEST_CASES` says how many streams; 3,000 by default.
//!
//! Left out is what depends on the order by its nature: two users on one device, of whom the later one gets what the
//! device does without a user; and unsetting what is set once, which `property.rs` tells about: a stream clears or sets
//! once.

#![expect(clippy::disallowed_methods, reason = "how many cases is the environment's")]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;

use experiment_ingestion::batch::BatchState;
use experiment_ingestion::bucket;
use experiment_ingestion::difference::{self, Visible};
use experiment_ingestion::experiment_properties::ExperimentProperties;
use experiment_ingestion::person_index::{Person, PersonIndex};
use experiment_ingestion::person_properties::{NewState, PersonProperties, Summary};
use experiment_ingestion::{IncomingEvent, Rules, Verdict, transform};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::json::{Object, Text, parse};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const USERS: [&str; 3] = ["alice", "robin", "casey"];

/// Each device has one user. The user of the last has two.
const DEVICES: [(&str, usize); 4] = [("phone", 0), ("laptop", 1), ("tablet", 2), ("watch", 2)];

const CLEARS: &str = r#""$clearAll":"-""#;

/// An event: when, whose, what.
#[derive(Clone, Debug)]
struct Sent {
    time: u64,
    device: usize,
    ids: Ids,
    what: String,
}

#[derive(Clone, Copy, Debug)]
enum Ids {
    User,
    Device,
    Both,
}

fn sent() -> impl Strategy<Value = Sent> {
    let ids = prop_oneof![Just(Ids::User), Just(Ids::Device), Just(Ids::Both)];
    (0..6_u64, 0..DEVICES.len(), ids, what()).prop_map(|(time, device, ids, what)| Sent { time, device, ids, what })
}

fn what() -> impl Strategy<Value = String> {
    let flag = prop_oneof![Just("button"), Just("banner")];
    let variant = prop_oneof![Just("null"), Just("\"on\""), Just("\"off\"")];
    let exposure = (flag, variant).prop_map(|(flag, variant)| {
        format!(r#""event_type":"$exposure","event_properties":{{"flag_key":"{flag}","variant":{variant}}}"#)
    });
    let identify = (operator(), 0..4_u8).prop_map(|(operator, value)| {
        let properties = operator.replace('#', &value.to_string());
        format!(r#""event_type":"$identify","user_properties":{{{properties}}}"#)
    });
    prop_oneof![2 => exposure, 3 => identify]
}

fn operator() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(r#""plan":#"#),
        Just(r#""$set":{"n":#,"l":[#,1]}"#),
        Just(r#""$unset":{"n":"-","plan":"-"}"#),
        Just(r#""$ONCE":{"first":#}"#),
        Just(r#""$add":{"n":0.#}"#),
        Just(r#""$append":{"l":#}"#),
        Just(r#""$prepend":{"l":[#,2]}"#),
        Just(r#""$preInsert":{"l":#},"$postInsert":{"l":3}"#),
        Just(r#""$remove":{"l":#}"#),
        Just(CLEARS),
    ]
}

/// A stream that sets once and never clears, or the other way round.
fn stream() -> impl Strategy<Value = Vec<Sent>> {
    (any::<bool>(), prop::collection::vec(sent(), 1..14)).prop_map(|(is_once, mut stream)| {
        for sent in &mut stream {
            let once = if is_once { "setOnce" } else { "set" };
            let cleared = if is_once { r#""plan":0"# } else { CLEARS };
            sent.what = sent.what.replace("ONCE", once).replace(CLEARS, cleared);
        }
        stream
    })
}

/// The streams' events, and one at the end for each device that says whose it is.
fn incoming(stream: &[Sent]) -> Vec<IncomingEvent> {
    let owners = (0..DEVICES.len()).map(|device| Sent {
        time: 0,
        device,
        ids: Ids::Both,
        what: r#""event_type":"Visit""#.into(),
    });
    (0..).zip(stream.iter().cloned().chain(owners)).map(|(number, sent)| stamped(number, &sent)).collect()
}

fn stamped(number: u64, sent: &Sent) -> IncomingEvent {
    let (device, user) = DEVICES[sent.device];
    let user = format!(r#""user_id":"{}""#, USERS[user]);
    let device = format!(r#""device_id":"{device}""#);
    let ids = match sent.ids {
        Ids::User => user,
        Ids::Device => device,
        Ids::Both => format!("{user},{device}"),
    };
    let text = format!(r#"{{{ids},"time":{},"insert_id":"{number}",{}}}"#, sent.time, sent.what);
    let normalized = transform(parse(text.as_bytes()).unwrap(), Rules::default(), &NativeDialect).unwrap();
    IncomingEvent::new(1, normalized, number % 3, (None, 1_000), Text::default)
}

/// What is stored between two batches.
#[derive(Default)]
struct Stored {
    events: Vec<(Text, i64)>,
    persons: BTreeMap<i64, StoredPerson>,
    devices: BTreeMap<Text, i64>,
    experiment_properties: ExperimentProperties,
}

#[derive(Default)]
struct StoredPerson {
    user_id: Option<Text>,
    merged_into: Option<i64>,
    summary: Summary,
    buckets: BTreeMap<u32, String>,
    states: Vec<NewState>,
}

impl Stored {
    fn load<'a>(&mut self) -> BatchState<'a> {
        let mut people = PersonIndex::new(1 + self.persons.keys().max().copied().unwrap_or_default());
        for (id, person) in &self.persons {
            let properties = Ok(PersonProperties::stored(person.summary.clone()));
            people.add_person(
                *id,
                Person { user_id: person.user_id.clone(), merged_into: person.merged_into, properties },
            );
        }
        for (device, person) in &self.devices {
            people.add_device(device.clone(), *person);
        }
        let stored = self.events.iter().cloned().collect();
        let experiment_properties = std::mem::take(&mut self.experiment_properties);
        BatchState { stored, people, experiment_properties, ..BatchState::default() }
    }

    /// Stores a batch and returns how many of its events are new.
    fn store(&mut self, batch: &[&IncomingEvent]) -> usize {
        let mut state = self.load();
        let mut verdicts = Vec::new();
        for event in batch {
            for (id, bucket) in state.missing(event) {
                let text = self.persons[&id].buckets.get(&bucket);
                assert!(state.people.properties_mut(id).unwrap().load(bucket, text.map(String::as_str)));
            }
            verdicts.push(state.apply(event, None));
        }
        self.events = state.stored.into_iter().collect();
        for id in state.people.take_changed_persons() {
            let person = self.persons.entry(id).or_default();
            let changed = state.people.properties_mut(id).unwrap().take_changed();
            if changed.is_rewritten {
                person.buckets.clear();
            }
            person.buckets.extend(changed.buckets);
            let now = state.people.get(id).unwrap();
            (person.user_id, person.merged_into) = (now.user_id.clone(), now.merged_into);
            person.summary = now.properties.as_ref().unwrap().summary().clone();
        }
        for (person, new) in state.states {
            self.persons.get_mut(&person).unwrap().states.push(new);
        }
        self.devices.extend(state.people.take_changed_devices());
        self.experiment_properties = state.experiment_properties;
        verdicts.iter().filter(|verdict| **verdict == Verdict::Stored(None)).count()
    }

    /// What each user has, by the buckets, which must tell the same as the last state.
    fn properties(&self) -> Vec<Option<Object>> {
        let of = |user: &str| self.persons.values().find(|person| person.user_id == Some(user.into()));
        USERS.map(|user| of(user).map(StoredPerson::visible)).into()
    }
}

impl StoredPerson {
    fn visible(&self) -> Object {
        let properties = self.buckets.values().flat_map(|text| bucket::from_json(text.as_bytes()).unwrap());
        let visible = properties.filter_map(|(name, property)| Some((name, property.value()?))).collect::<Visible>();
        let base = self.states.last().map(|last| last.state.base);
        let chain = self.states.iter().filter(|one| Some(one.state.base) == base);
        assert_eq!(difference::state(chain.map(|one| &*one.difference)).unwrap(), visible);
        difference::to_object(visible)
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3_000)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn property_order_any_permutation_and_repetition_ends_in_one_state(
        stream in stream(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        sizes in prop::collection::vec(1..9_usize, 20),
    ) {
        let events = incoming(&stream);
        let mut as_sent = Stored::default();
        as_sent.store(&events.iter().collect::<Vec<_>>());

        let mut waiting: Vec<_> = again.iter().map(|one| one.get(&events)).chain(&events).collect();
        let mut shuffled = Vec::new();
        for index in order.iter().cycle() {
            if waiting.is_empty() {
                break;
            }
            shuffled.push(waiting.swap_remove(index.index(waiting.len())));
        }
        let (mut stored, mut new, mut rest) = (Stored::default(), 0, shuffled.as_slice());
        for size in sizes.iter().cycle() {
            let (batch, after) = rest.split_at((*size).min(rest.len()));
            if batch.is_empty() {
                break;
            }
            new += stored.store(batch);
            rest = after;
        }
        prop_assert_eq!(new, events.len());
        prop_assert_eq!(stored.properties(), as_sent.properties());
    }
}
