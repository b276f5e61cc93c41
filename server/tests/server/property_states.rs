//! The properties that every event shows, and every person has: those of a model that copies them into each event, in
//! whatever groups the events were stored, after restarts and after the server was killed.
//!
//! Random streams, several requests at once. `PROPTEST_CASES` says how many streams (6); `EXPERIMENT_SEED` is the seed
//! of the first one (1), and printed of each. How requests meet each other is chance, also for the same seed.

mod exchange;
mod model;
pub mod random;
mod request;
mod stream;
mod values;

use std::time::{Instant, SystemTime};

use serde_json::json;

pub use exchange::{Checked, SHOP_FLAGS};
use model::{EXPERIMENT_PROPERTIES, UPDATES};
use request::{Request, Route};
use stream::CONNECTIONS;
pub use stream::Stream;

/// So many streams share a database, so that each is checked beside others' rows.
const STREAMS: u64 = 2;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |number| number.parse().unwrap())
}

pub fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

#[test]
fn every_event_shows_what_it_would_if_all_properties_were_copied() {
    let (first, cases) = (number("EXPERIMENT_SEED", 1), number("PROPTEST_CASES", 6));
    let mut checked = Checked::new();
    for case in 0..cases {
        if case > 0 && case % STREAMS == 0 {
            checked = Checked::new();
        }
        println!("EXPERIMENT_SEED={}", first + case);
        run(&mut checked, Stream::new(first + case, now()));
    }
}

/// The server is restarted in the middle of a stream and killed after it; nothing that was shown changes.
fn run(checked: &mut Checked, mut stream: Stream) {
    checked.send(stream.beginning());
    checked.send(stream.half());
    checked.server.terminate();
    checked.server.restart();
    checked.send(stream.half());
    checked.server.kill_and_restart();
    checked.check_all();
}

fn request(project: usize, events: impl IntoIterator<Item = serde_json::Value>) -> Request {
    let events = events.into_iter().map(|event| event.to_string()).collect();
    Request { project, route: Route::Batch, uploaded: None, events }
}

/// Exposures of a flag, in each form that its property may come in.
fn exposure(number: usize, flag: &str) -> serde_json::Value {
    let mut event = json!({
        "device_id": format!("device-{}", number % 7), "event_type": "$exposure",
        "event_properties": { "flag_key": flag, "variant": if number.is_multiple_of(5) { json!(null) } else { json!("on") } },
        "user_properties": { "plan": number },
    });
    match number % 6 {
        0 => event["user_id"] = json!(format!("user-{}", number % 3)),
        1 => event["$skip_user_properties_sync"] = json!(true),
        2 => event["user_properties"][format!("[Experiment] also-{number}")] = json!(1),
        3 => event["user_properties"] = json!({ "$add": { (format!("[Experiment] {flag}")): 1 } }),
        _ => {}
    }
    event
}

#[test]
fn at_the_limit_of_experiment_properties_events_show_what_was_kept() {
    let mut checked = Checked::new();
    let almost = 0..EXPERIMENT_PROPERTIES - 10;
    let exposed = almost.clone().map(|n| {
        let said = json!({ "flag_key": format!("flag-{n}"), "variant": "on" });
        json!({ "user_id": format!("user-{}", n / 20), "event_type": "$exposure", "event_properties": said })
    });
    let names: serde_json::Map<_, _> = almost.map(|n| (format!("[Experiment] flag-{n}"), json!("on"))).collect();
    let set = json!({ "user_id": "user-0", "event_type": "$identify", "user_properties": names });
    checked.send(vec![vec![request(0, exposed)], vec![request(1, [set])]]);
    let several = |connection: usize| {
        let one = |n: usize| {
            let number = connection + n * CONNECTIONS;
            let flags = (0..4)
                .map(|k| if k == 0 { format!("flag-{number}") } else { format!("new-{}", (number + 5 * k) % 40) });
            let flags = flags.chain([SHOP_FLAGS[number / 2 % SHOP_FLAGS.len()].to_owned()]);
            request(number % 2, flags.enumerate().map(|(k, flag)| exposure(number * 3 + k, &flag)))
        };
        (0..6).map(one).collect()
    };
    checked.send((0..CONNECTIONS).map(several).collect());
    let full = checked.limited("experiment_property_limit");
    assert!(full.iter().all(|count| *count > 5), "{full:?}");
    checked.server.kill_and_restart();
    checked.send((0..CONNECTIONS).map(several).collect());
    checked.check_all();
}

#[test]
fn at_the_limit_of_updates_events_show_what_was_kept() {
    let mut checked = Checked::new();
    let start = Instant::now();
    let of = |n: usize| {
        let said = json!({ "flag_key": "button", "variant": n.to_string() });
        json!({ "user_id": "alice", "event_type": "$exposure", "event_properties": said })
    };
    checked.send(vec![vec![request(0, (0..UPDATES as usize - 10).map(of))]]);
    let visitor =
        |n: usize| json!({ "device_id": format!("phone-{n}"), "event_type": "Buy", "user_properties": { "plan": n } });
    let login = |n: usize| json!({ "device_id": format!("phone-{n}"), "user_id": "alice", "event_type": "Buy" });
    let several = |connection: usize| {
        let one = |n: usize| {
            let number = connection + n * CONNECTIONS;
            request(0, [of(number), visitor(number), login(number), of(number + 1)])
        };
        (0..4).map(one).collect()
    };
    checked.send((0..CONNECTIONS).map(several).collect());
    checked.check_all();
    // One more every two seconds.
    let most = UPDATES + start.elapsed().as_secs() / 2 + 1;
    assert!((UPDATES..=most).contains(&checked.updates("alice")), "{}", checked.updates("alice"));
    if start.elapsed().as_secs() < 20 {
        assert!(checked.limited("user_property_update_limit")[0] > 5);
    }
}
