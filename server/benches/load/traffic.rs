//! The requests: evaluation as an SDK asks for it, events as an SDK sends them, and what an admin reads.

use std::sync::Arc;

use experiment_wasm::api::base64url;
use serde_json::{Map, Value, json};

use crate::flags::Material;
use crate::pace::Requests;

/// How many people send events. The throttle takes 30 events a second of each.
pub const PEOPLE: u64 = 2_000;

/// Every third event is an exposure, and so changes one of this many properties of its user.
const EXPOSURE_EVERY: u64 = 3;
const EXPOSED_FLAGS: u64 = 20;

/// Every tenth event changes one other property of its user.
const CHANGE_EVERY: u64 = 10;

/// Evaluation, for a user whom the server has never seen.
pub fn evaluation_of_fresh_users(material: &Material) -> Requests {
    let users: Vec<_> = material.users.clone();
    Arc::new(move |number| {
        let mut user = users[number as usize % users.len()].clone();
        user.insert("user_id".into(), format!("fresh-user-{number}").into());
        user.insert("device_id".into(), format!("fresh-device-{number}").into());
        evaluation(user)
    })
}

/// Evaluation, for users who were all seen before.
pub fn evaluation_of_known_users(material: &Material) -> Requests {
    let requests: Vec<_> = material.users.iter().cloned().map(evaluation).collect();
    Arc::new(move |number| requests[number as usize % requests.len()].clone())
}

fn evaluation(user: Map<String, Value>) -> Vec<u8> {
    let user = base64url(Value::Object(user).to_string().as_bytes());
    let head = format!("Authorization: Api-Key load-key\r\nX-Amp-Exp-User: {}\r\n", user.to_str());
    get("/sdk/v2/vardata?v=0", &head)
}

/// So many events of one person in a request, as a browser sends them.
pub fn events(per_request: u64, properties: usize) -> Requests {
    Arc::new(move |number| {
        let person = person(number % PEOPLE, properties);
        let events: Vec<_> = (0..per_request).map(|index| event(&person, number, index)).collect();
        post("/2/httpapi", &events)
    })
}

/// What gives people their properties, or fills a database: many events, of one person each.
pub fn batch(events: impl Iterator<Item = Value>) -> Vec<u8> {
    post("/batch", &events.collect::<Vec<_>>())
}

/// Sets this many properties of a person.
pub fn identify(number: u64, properties: usize) -> Value {
    let set: Map<_, _> =
        (0..properties).map(|at| (format!("property-{at}"), format!("value {at} of many").into())).collect();
    let mut event = event(&person(number, properties), number, 0);
    event["event_type"] = "$identify".into();
    event["user_properties"] = json!({ "$set": set });
    event["insert_id"] = format!("identification-{properties}-{number}").into();
    event
}

/// An event of one of so many others.
pub fn event_of_others(number: u64, others: u64) -> Value {
    let mut event = event(&format!("other-{}", number % others), number, 1);
    event["insert_id"] = format!("00000000-0000-4000-9000-{number:012}").into();
    event
}

/// What an admin's page reads of somebody, by turns events and properties.
pub fn reading(properties: usize) -> Requests {
    Arc::new(move |number| {
        let path = if number.is_multiple_of(2) { "/api/events?limit=20" } else { "/api/users?" };
        let path = format!("{path}&user_id=user-{}", person(number % PEOPLE, properties));
        get(&path, "Authorization: Bearer load-admin-key\r\n")
    })
}

/// A page of everybody's events.
pub fn page(query: &str) -> Vec<u8> {
    get(&format!("/api/events?{query}"), "Authorization: Bearer load-admin-key\r\n")
}

/// What the month's events and users are.
pub fn usage() -> Requests {
    Arc::new(|_| get("/api/usage", "Authorization: Bearer load-admin-key\r\n"))
}

fn person(number: u64, properties: usize) -> String {
    format!("{properties}-{number}")
}

/// An event with what the browser SDK says of every event.
fn event(person: &str, number: u64, index: u64) -> Value {
    let flag = (number + index) % EXPOSED_FLAGS;
    let is_exposure = index % EXPOSURE_EVERY == number % EXPOSURE_EVERY;
    let (event_type, event_properties) = if is_exposure {
        let variant = if number.is_multiple_of(2) { "treatment" } else { "control" };
        ("$exposure", json!({ "flag_key": format!("flag-{flag}"), "variant": variant, "experiment_key": "exp-1" }))
    } else {
        let shown =
            json!({ "path": "/products/lamps", "title": "Lamps for every room", "position": index, "price": 49.9 });
        ("Product Viewed", shown)
    };
    let changed =
        if (number + index).is_multiple_of(CHANGE_EVERY) { json!({ "last_seen": number }) } else { json!({}) };
    json!({
        "user_properties": changed,
        "user_id": format!("user-{person}"), "device_id": format!("device-{person}"), "event_type": event_type,
        "event_properties": event_properties, "insert_id": format!("00000000-0000-4000-8000-{number:09}-{index:02}"),
        "event_id": number, "session_id": 1_700_000_000_000_u64, "platform": "Web", "language": "en-US", "ip": "$remote",
        "library": "amplitude-ts/2.33.0", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    })
}

fn get(path: &str, head: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n").into()
}

fn post(path: &str, events: &[Value]) -> Vec<u8> {
    let body = json!({ "api_key": "load-api-key", "events": events }).to_string();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into()
}
