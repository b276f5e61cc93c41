//! What a server answers for rows of the first schema, and what it must.

use std::collections::BTreeMap;

use experiment_wasm::json::{Object, Reader, Value, parse};

use super::rows::OldRows;
use crate::test_server::{ADMIN, EXPOSURE, TestServer};

/// Every field of each old event, by insert id.
pub type Answers = BTreeMap<String, String>;

/// What the server answers for all old events.
pub fn events(server: &TestServer, rows: &OldRows) -> Answers {
    let visits = (0..4).map(|number| format!("Visit-{number}"));
    let types = visits.chain([EXPOSURE.replace(' ', "%20").replace('[', "%5B").replace(']', "%5D")]);
    let answers = types.flat_map(|event_type| {
        let list = read(server, &format!("/api/events?event_type={event_type}&limit=10000"));
        list.into_array().unwrap().into_iter().map(|event| event.into_object().unwrap()).collect::<Vec<_>>()
    });
    let all: Answers = answers.filter_map(answer).collect();
    assert_eq!(all.len(), rows.events.len());
    all
}

/// The answers to the same, by what is in the columns.
pub fn expected(rows: &OldRows) -> BTreeMap<&str, String> {
    rows.events.iter().map(|event| (&*event.insert_id, shown(&event.user_properties))).collect()
}

/// They show what the columns say.
#[track_caller]
pub fn are_as_stored(answers: &Answers, rows: &OldRows) {
    for (insert_id, expected) in expected(rows) {
        assert_eq!(properties(&answers[insert_id]), expected, "{insert_id}");
    }
}

#[track_caller]
pub fn are_same(now: &Answers, before: &Answers, when: &str) {
    for (insert_id, before) in before {
        assert_eq!(&now[insert_id], before, "{insert_id} {when}");
    }
}

/// The properties of a person, or what is stored of those that cannot be read.
pub fn person(server: &TestServer, query: &str) -> String {
    let mut answer = read(server, &format!("/api/users?{query}")).into_object().unwrap();
    by_name(answer.remove("user_properties").unwrap())
}

/// The properties of the newest event of a user.
pub fn newest(server: &TestServer, user_id: &str) -> String {
    let mut events = read(server, &format!("/api/events?user_id={user_id}&limit=1")).into_array().unwrap();
    by_name(events.pop().unwrap().into_object().unwrap().remove("user_properties").unwrap())
}

/// A stored text as an answer shows it.
pub fn shown(text: &str) -> String {
    let value = parse(text.as_bytes()).ok().and_then(|value| value.into_well_formed(|deep| Some(deep.into())));
    by_name(value.unwrap_or_else(|| text.into()))
}

/// None of an event that came later.
fn answer(mut event: Object) -> Option<(String, String)> {
    let insert_id = event.get("insert_id")?.as_str()?.to_str().into_owned();
    let properties = by_name(event.remove("user_properties")?);
    insert_id.starts_with("old-").then(|| (insert_id, format!("{} {properties}", by_name(event.into()))))
}

fn properties(answer: &str) -> &str {
    answer.split_once("} ").unwrap().1
}

/// The JSON of an object by name; of anything else as it is.
fn by_name(value: Value) -> String {
    if value.as_object().is_none() {
        return value.to_json();
    }
    let entries = value.into_object().unwrap().into_iter();
    let mut entries: Vec<_> = entries.map(|(name, value)| (Value::from(name).to_json(), value.to_json())).collect();
    entries.sort();
    let entries: Vec<_> = entries.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("{{{}}}", entries.join(","))
}

/// Numbers stay as they are written, and so does what is deep.
fn read(server: &TestServer, path: &str) -> Value {
    let answer = server.request("GET", path).header("authorization", ADMIN).send();
    assert_eq!(answer.status, 200, "{path}");
    let mut reader = Reader::within(&answer.body, answer.body.len());
    let value = reader.read_value().unwrap();
    reader.finish().unwrap();
    value
}
