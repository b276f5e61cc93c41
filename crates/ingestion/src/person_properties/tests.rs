use super::*;
use crate::change;
use crate::difference;
use experiment_wasm::json::parse;

/// What is stored of a person.
#[derive(Default)]
struct Stored {
    summary: Summary,
    buckets: BTreeMap<u32, String>,
    states: Vec<NewState>,
}

impl Stored {
    /// Makes changes, as an event does: loads what they need, stores what comes of them.
    fn change(&mut self, sent: &str, time: u64) -> Result<(), PropertyLimit> {
        let sent = parse(sent.as_bytes()).unwrap().into_object().unwrap();
        let changes = change::read(sent).unwrap();
        let timestamp = LwwTimestamp { time, index: 0, insert_id: "".into() };
        let mut properties = PersonProperties::stored(self.summary.clone());
        let is_all = changes.iter().any(|change| change.operation == Operation::ClearAll);
        let missing = match is_all || properties.needs_all_for(change::bytes(&changes)) {
            true => properties.all_missing(),
            false => properties.missing(changes.iter().map(|change| &change.name)),
        };
        for bucket in missing {
            assert!(properties.load(bucket, self.buckets.get(&bucket).map(String::as_str)));
        }
        let limits = UserLimits::default();
        let outcome = changes.iter().try_for_each(|one| properties.change(one, &timestamp, limits).map(drop));
        self.states.extend(properties.next_state());
        self.store(&mut properties);
        outcome
    }

    fn store(&mut self, properties: &mut PersonProperties) {
        let changed = properties.take_changed();
        if changed.is_rewritten {
            self.buckets.clear();
        }
        self.buckets.extend(changed.buckets);
        self.summary = properties.summary().clone();
    }

    /// The state of now, from the last whole one.
    fn state(&self) -> String {
        let Some(last) = self.states.last() else { return "{}".into() };
        let chain = self.states.iter().filter(|one| one.state.base == last.state.base);
        difference::to_object(difference::state(chain.map(|one| &*one.difference)).unwrap()).to_json()
    }

    fn all(&self) -> Properties {
        let mut properties = Properties::cleared_at(self.summary.cleared.clone());
        self.buckets.values().for_each(|text| properties.load(bucket::from_json(text.as_bytes()).unwrap()));
        properties
    }
}

#[test]
fn states_and_buckets_tell_the_same_and_grow_with_what_was_sent() {
    let (mut stored, mut sent) = (Stored::default(), 0);
    for time in 0..2_000_u64 {
        let (name, late) = (time * 7 % 191, time ^ 3);
        let changes = match time % 11 {
            0 => format!(r#"{{"$unset":{{"name {name}":"-"}}}}"#),
            1 => format!(r#"{{"$append":{{"list":"value {time}"}}}}"#),
            2 => format!(r#"{{"$add":{{"n":{time}}}}}"#),
            3 if time % 500 == 3 => r#"{"$clearAll":"-"}"#.into(),
            4 => format!(r#"{{"$remove":{{"list":"value {}"}}}}"#, time.saturating_sub(14)),
            _ => format!(r#"{{"name {name}":"value {time}","[Experiment] f":"{}"}}"#, time % 3),
        };
        sent += changes.len();
        stored.change(&changes, late).unwrap();
        if time % 25 < 2 {
            assert_eq!(stored.state(), stored.all().visible().to_json(), "{time}: {changes}");
        }
    }
    assert!(stored.summary.buckets >= 8, "{:?}", stored.summary);
    let bytes: usize = stored.states.iter().map(|one| one.difference.len()).sum();
    assert!(bytes < 3 * sent, "{bytes} for {sent}");
    let wholes = stored.states.iter().filter(|one| one.state.number == one.state.base).count();
    assert!((10..200).contains(&wholes), "{wholes}");
    let mut counted = PersonProperties::default();
    counted.merge(stored.all());
    assert_eq!((counted.summary.names, counted.summary.bytes), (stored.summary.names, stored.summary.bytes));
}

#[test]
fn a_user_has_so_many_names_and_bytes_and_no_more() {
    let mut stored = Stored::default();
    for number in 0..1_000 {
        stored.change(&format!(r#"{{"name {number}":1}}"#), 1).unwrap();
    }
    assert_eq!(stored.change(r#"{"one more":1}"#, 2), Err(PropertyLimit::UserProperties));
    assert_eq!(stored.change(r#"{"[Experiment] f":"on"}"#, 2), Ok(()));
    assert_eq!(stored.change(r#"{"name 1":2}"#, 2), Ok(()));
    let large = format!(r#"{{"name 2":"{}"}}"#, "x".repeat(64 << 10));
    assert_eq!(stored.change(&large, 2), Err(PropertyLimit::UserPropertyBytes));
    assert_eq!(stored.change(r#"{"$unset":{"name 2":"-"}}"#, 2), Ok(()));
    assert_eq!(stored.change(r#"{"$clearAll":"-"}"#, 3), Ok(()));
    assert_eq!(stored.change(r#"{"one more":1}"#, 4), Ok(()));
    assert_eq!(stored.state(), r#"{"[Experiment] f":"on","one more":1}"#);
}

#[test]
fn what_cannot_be_read_is_not_changed_and_not_written_over() {
    let mut stored = Stored::default();
    for number in 0..200 {
        stored.change(&format!(r#"{{"name {number}":"a value"}}"#), 1).unwrap();
    }
    let (buckets, broken) = (stored.summary.buckets, bucket_of(&"name 7".into(), stored.summary.buckets));
    let mut properties = PersonProperties::stored(stored.summary.clone());
    assert!(!properties.load(broken, Some("nonsense")));
    let change = |name: &str| [Change { name: name.into(), operation: Operation::Set(1.into()) }];
    assert!(!properties.are_readable(&change("name 7")));
    let other = (0..200).map(|number| format!("name {number}"));
    let other = other.into_iter().find(|name| bucket_of(&name.as_str().into(), buckets) != broken).unwrap();
    assert!(properties.are_readable(&change(&other)));
    for bucket in properties.all_missing() {
        assert!(properties.load(bucket, stored.buckets.get(&bucket).map(String::as_str)));
    }
    assert!(
        properties
            .change(&change(&other)[0], &LwwTimestamp { time: 2, ..Default::default() }, UserLimits::default())
            .unwrap()
    );
    let changed = properties.take_changed();
    assert!(!changed.is_rewritten && changed.buckets.iter().all(|(bucket, _)| *bucket != broken));
}
