//! Pages of events: filters alone and in pairs against a plain model, cursors, fields, and what is refused.

use serde_json::{Value, json};

use crate::client::TestResponse;
use crate::database::Database;
use crate::test_server::{ADMIN, ASSIGNMENT, EXPOSURE, TestServer};

/// A stored event, as the model has it.
#[derive(Clone, Debug)]
struct Stored {
    insert_id: String,
    texts: Vec<(&'static str, String)>,
    time: i64,
    received: i64,
}

/// Sends events of all kinds in three requests, and says what must be stored.
fn stored(server: &TestServer) -> Vec<Stored> {
    let mut all = Vec::new();
    for request in 0..3 {
        let sent: Vec<_> = (0..24).map(|n| sent(request * 24 + n)).collect();
        server.store(sent.iter().map(|(event, _)| event.clone()).collect());
        all.extend(sent.into_iter().map(|(_, stored)| stored));
        // The next ones are received later.
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    // The times of receipt are the server's.
    let shown = server.events("limit=1000");
    assert_eq!(shown.len(), all.len());
    for (one, shown) in all.iter_mut().zip(&shown) {
        assert_eq!(shown["insert_id"], one.insert_id.as_str());
        one.received = shown["received"].as_i64().unwrap();
    }
    assert_ne!(all[0].received, all[71].received);
    all
}

fn sent(n: i64) -> (Value, Stored) {
    let time = 1_700_000_000_000 + n * 7 % 30;
    let mut event = json!({ "insert_id": n.to_string(), "time": time });
    let mut texts = Vec::new();
    let mut put = |name: &'static str, value: &str, is_sent: bool| {
        if is_sent {
            event[name] = json!(value);
            texts.push((name, value.to_owned()));
        }
    };
    put("user_id", ["alice", "robin"][n as usize % 2], n % 5 != 0);
    put("device_id", ["phone", "laptop"][n as usize / 2 % 2], n % 3 != 0 || n % 5 == 0);
    let (event_type, exposed) = match n % 4 {
        0 => ("Buy", None),
        1 => ("Visit", None),
        _ => (EXPOSURE, Some((["button", "banner"][n as usize / 4 % 2], ["on", "off"][n as usize / 8 % 2]))),
    };
    texts.push(("event_type", event_type.into()));
    event["event_type"] = json!(event_type);
    if let Some((flag, variant)) = exposed {
        event["event_type"] = json!("$exposure");
        event["event_properties"] = json!({ "flag_key": flag, "variant": variant });
        texts.extend([("flag_key", flag.to_owned()), ("variant", variant.to_owned())]);
    }
    (event, Stored { insert_id: n.to_string(), texts, time, received: 0 })
}

fn matches(one: &Stored, name: &'static str, value: &str) -> bool {
    let number = || value.parse::<i64>().unwrap();
    match name {
        "from" => one.time >= number(),
        "to" => one.time < number(),
        "received_from" => one.received >= number(),
        "received_to" => one.received < number(),
        _ => one.texts.contains(&(name, value.to_owned())),
    }
}

fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["insert_id"].as_str().unwrap().to_owned()).collect()
}

/// The path of the next page.
pub fn next(answer: &TestResponse) -> Option<String> {
    let link = answer.header("link")?.strip_prefix('<')?.strip_suffix(">; rel=\"next\"");
    Some(link.unwrap().to_owned())
}

/// All pages from a path on, newest page first.
fn pages(server: &TestServer, path: &str, mut between: impl FnMut()) -> Vec<Vec<String>> {
    let (mut pages, mut path) = (Vec::new(), Some(path.to_owned()));
    while let Some(asked) = path {
        let answer = server.read(&asked);
        path = next(&answer);
        pages.push(ids(answer.expect(200).as_array().unwrap()));
        between();
    }
    pages
}

#[test]
fn every_filter_alone_and_in_pairs_shows_what_a_plain_model_does() {
    let server = TestServer::start();
    let all = stored(&server);
    let received = |n: usize| all[n].received.to_string();
    let filters = [
        ("user_id", "alice".to_owned()),
        ("user_id", "nobody".to_owned()),
        ("device_id", "laptop".to_owned()),
        ("event_type", "Buy".to_owned()),
        ("event_type", EXPOSURE.to_owned()),
        ("flag_key", "button".to_owned()),
        ("variant", "off".to_owned()),
        ("from", 1_700_000_000_012_i64.to_string()),
        ("to", 1_700_000_000_020_i64.to_string()),
        ("received_from", received(30)),
        ("received_to", received(71)),
    ];
    for first in &filters {
        for second in filters.iter().filter(|second| second.0 != first.0 || second == &first) {
            let expected =
                all.iter().filter(|one| matches(one, first.0, &first.1) && matches(one, second.0, &second.1));
            let expected: Vec<_> = expected.map(|one| one.insert_id.clone()).collect();
            let one =
                |(name, value): &(&str, String)| format!("{name}={}", value.replace(' ', "%20").replace('[', "%5B"));
            let query = if first == second { one(first) } else { format!("{}&{}", one(first), one(second)) };
            assert_eq!(ids(&server.events(&format!("limit=1000&{query}"))), expected, "{query}");
            let mut paged = pages(&server, &format!("/api/events?limit=5&{query}"), || {});
            assert!(paged.iter().all(|page| page.len() <= 5), "{query}");
            paged.reverse();
            assert_eq!(paged.concat(), expected, "{query}");
        }
    }
}

#[test]
fn pages_are_the_same_while_events_come() {
    let server = TestServer::start();
    let all = stored(&server);
    let mut number = 1_000;
    let mut more = || {
        server.store(
            (0..3)
                .map(|n| json!({ "user_id": "alice", "event_type": "Buy", "insert_id": (number + n).to_string() }))
                .collect(),
        );
        number += 3;
    };
    for query in ["limit=7", "limit=7&user_id=alice", "limit=7&user_id=alice&event_type=Buy", "limit=7&from=0"] {
        let shown = |query: &str| ids(&server.events(&query.replace("limit=7", "limit=1000")));
        let expected = shown(query);
        let mut paged = pages(&server, &format!("/api/events?{query}"), &mut more);
        paged.reverse();
        assert_eq!(paged.concat(), expected, "{query}");
        assert!(paged.len() >= 2, "{query}");
    }
    assert!(all.len() < server.events("limit=1000").len());
}

#[test]
fn a_cursor_need_not_be_the_id_of_an_event_that_is_there_or_ones_own() {
    let server = TestServer::on(Database::lasting(), &[]);
    let store = |key: &str, insert_id: &str| {
        let event = json!({ "user_id": "alice", "event_type": "Buy", "insert_id": insert_id });
        let body = json!({ "api_key": key, "events": [event] }).to_string();
        server.request("POST", "/2/httpapi").body(body).send().expect(200);
    };
    for n in 0..4 {
        store("shop-api-key", &format!("own-{n}"));
        store("older-api-key", &format!("foreign-{n}"));
    }
    let cursor = |insert_id: &str| {
        let id = server
            .database
            .number(Box::leak(format!("SELECT id FROM event WHERE insert_id = '{insert_id}'").into_boxed_str()));
        ids(&server.events(&format!("cursor={id}")))
    };
    assert_eq!(cursor("own-2"), ["own-0", "own-1"]);
    assert_eq!(cursor("foreign-2"), ["own-0", "own-1", "own-2"]);
    let first = server.read("/api/events?limit=2");
    let next = next(&first).unwrap();
    server.database.run("DELETE FROM event WHERE insert_id IN ('own-1', 'own-2', 'foreign-1')");
    assert_eq!(ids(server.read(&next).expect(200).as_array().unwrap()), ["own-0"]);
    assert_eq!(ids(&server.events("cursor=0")), [""; 0]);
    assert_eq!(ids(&server.events(&format!("cursor={}", i64::MAX))), ["own-0", "own-3"]);
}

#[test]
fn an_event_has_all_fields_that_were_sent_and_none_that_pretends_to_be_ours() {
    let server = TestServer::start();
    let beside = json!({
        "groups": { "company": ["Lamps", "Shades"] }, "platform": "Web", "session_id": 1_700_000_000_000_u64, "price": 49.9,
        "quantity": 2, "revenue": 99.8, "productId": "lamp", "revenueType": "sale", "app_version": null, "location_lat": -1e-7,
    });
    let mut event = json!({ "user_id": "alice", "event_type": "Buy", "insert_id": "1", "time": 5_000 });
    for (name, value) in beside.as_object().unwrap() {
        event[name] = value.clone();
    }
    event["received"] = json!(1);
    event["made_by_server"] = json!(true);
    server.store(json!([event]));
    let mut shown = server.events("").remove(0);
    assert!(shown["received"].as_u64().unwrap() > 1_700_000_000_000);
    shown.as_object_mut().unwrap().remove("received");
    let mut expected = json!({
        "event_type": "Buy", "event_properties": {}, "user_properties": {}, "user_id": "alice", "device_id": null,
        "insert_id": "1", "time": 5_000,
    });
    expected.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
    assert_eq!(shown, expected);
    server.vardata(&json!({ "user_id": "robin" })).send().expect(200);
    let assignment = &server.assignments("robin", 1)[0];
    assert_eq!((&assignment["made_by_server"], &assignment["event_type"]), (&json!(true), &json!(ASSIGNMENT)));
}

#[test]
fn what_is_no_parameter_or_no_value_of_one_is_refused_with_its_name() {
    let server = TestServer::start();
    for (query, field) in [
        ("colour=red", "colour"),
        ("limit=2&limit=2", "limit"),
        ("limit=many", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("cursor=-1", "cursor"),
        ("cursor=99999999999999999999", "cursor"),
        ("from=yesterday", "from"),
        ("to=-5", "to"),
        ("received_from=1e3", "received_from"),
        ("received_to=x", "received_to"),
        ("from=2&to=1", "from"),
        ("received_to=1&received_from=2", "received_from"),
        ("format=csv", "format"),
    ] {
        let answer = server.read(&format!("/api/events?{query}")).expect(400);
        assert_eq!((&answer["code"], &answer["field"]), (&json!(400), &json!(field)), "{query}");
    }
    // What looks like no name is not repeated.
    let answer = server.read("/api/events?shop-admin-key").expect(400);
    assert_eq!(answer, json!({ "code": 400, "error": "There is no such parameter" }));
    for query in ["", "?", "?&limit=1&", "?from=2&to=2", "?limit=&cursor=&from=&format=&variant=", "?limit=9999999"] {
        assert_eq!(server.read(&format!("/api/events{query}")).expect(200), json!([]), "{query}");
    }
}

#[test]
fn the_link_asks_for_the_same_events_whatever_is_in_their_names() {
    let server = TestServer::start();
    let event_type = "a&b=c>; ü \"#%/+?";
    let event = |n: usize| json!({ "user_id": "alice", "event_type": event_type, "insert_id": n.to_string() });
    server.store((0..3).map(event).collect());
    server.store(json!([{ "user_id": "alice", "event_type": "a", "insert_id": "3" }]));
    let query = "event_type=a%26b%3dc%3e;+%C3%BC%20%22%23%25/%2B?&limit=1";
    assert_eq!(pages(&server, &format!("/api/events?{query}"), || {}), [["2"], ["1"], ["0"]]);
}

#[test]
fn head_says_what_get_says_and_sends_nothing() {
    let server = TestServer::start();
    server.store(
        (0..3).map(|n| json!({ "user_id": "alice", "event_type": "Buy", "insert_id": n.to_string() })).collect(),
    );
    for query in ["limit=2", "limit=2&format=jsonl", "limit=x"] {
        let path = format!("/api/events?{query}");
        let (get, head) = (server.read(&path), server.request("HEAD", &path).header("authorization", ADMIN).send());
        assert_eq!((get.status, head.body.len()), (head.status, 0));
        for name in ["content-type", "content-length", "link", "cache-control"] {
            assert_eq!(get.header(name), head.header(name), "{name}");
        }
    }
}
