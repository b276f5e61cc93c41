//! The requests whose answers are recorded, good and bad, in the order in which they are sent.

use experiment_wasm::api::base64url;
use serde_json::json;

use super::Record;
use crate::client::TestRequest;
use crate::security;
use crate::test_server::{ADMIN, CLIENT, SERVER, TestServer};

/// Texts that two writers of JSON could write differently: escapes, control characters, half a character, a long dash.
const ODD_TEXT: &str = r#""a\"\\\/\b\f\n\r\t\u0000\u001f\u007f\u2028é🐍\ud83d""#;

/// The same for numbers.
const ODD_NUMBERS: &str = "[0,-0,1.0,1e400,1E+2,12345678901234567890,0.1]";

/// Asks all of them, of the metrics port too.
pub fn ask_all(record: &mut Record<'_>, metrics: u16) {
    evaluation(record);
    flags_for_sdks(record);
    ingestion(record);
    identify(record);
    throttled(record);
    reading(record);
    experiment_properties(record);
    flags(record);
    refused_flags(record);
    files(record);
    every_method(record);
    metrics_page(record, metrics);
    without_files(record);
    unreadable(record);
}

fn evaluation(record: &mut Record<'_>) {
    let user = json!({ "user_id": "eva", "device_id": "phone", "user_properties": { "plan": "gold" } });
    let encoded = base64url(user.to_string().as_bytes()).to_str().into_owned();
    let server = record.server;
    let vardata = |method: &str, key: &str| server.request(method, "/sdk/v2/vardata").header("authorization", key);
    record.ask(vardata("GET", CLIENT).header("x-amp-exp-user", &encoded));
    record.ask(vardata("GET", CLIENT).header("x-amp-exp-user", &encoded));
    record.ask(vardata("HEAD", SERVER).header("x-amp-exp-user", &encoded));
    record.ask(vardata("GET", SERVER).header("x-amp-exp-user", &encoded).header("origin", "https://shop.example"));
    let keys = base64url(br#"["button","no-such-flag"]"#).to_str().into_owned();
    record.ask(vardata("GET", CLIENT).header("x-amp-exp-user", &encoded).header("x-amp-exp-flag-keys", keys));
    record.ask(vardata("GET", CLIENT).header("x-amp-exp-user", &encoded).header("x-amp-exp-flag-keys", "%"));
    let exposing = vardata("POST", CLIENT).header("x-amp-exp-exposure-track", "track").body(user.to_string());
    record.ask(exposing);
    for body in ["", "{", "[]", "{}", r#"{"user_id":"","device_id":null}"#, r#"{"user_id":"eva"}"#] {
        record.ask(vardata("POST", CLIENT).body(body));
    }
    record.ask(vardata("POST", CLIENT).body(&b"{\"user_id\":\"Z\xFCrich\"}"[..]));
    record.ask(vardata("POST", CLIENT).body("x".repeat(300_000)));
    record.ask(vardata("POST", CLIENT).header("content-encoding", "br").body("x"));
    record.ask(vardata("POST", CLIENT).header("content-encoding", "gzip").body("x"));
    record.ask(vardata("GET", CLIENT));
    record.ask(vardata("GET", CLIENT).header("x-amp-exp-user", "%%"));
    record.ask(vardata("GET", CLIENT).header("x-amp-exp-user", "a".repeat(17_000)));
    record.ask(vardata("GET", "Api-Key wrong").header("x-amp-exp-user", &encoded));
    record.ask(server.request("GET", "/sdk/v2/vardata").header("x-amp-exp-user", &encoded));
    for query in
        ["user_id=eva", "user_id=eva&flag_keys=button,banner", "context={%22user_id%22:%22a%22}", "", "user_id=%ff"]
    {
        record.get(&format!("/v1/vardata?{query}"), CLIENT);
    }
    record.get("/v1/vardata?user_id=eva&context=[", CLIENT);
}

fn flags_for_sdks(record: &mut Record<'_>) {
    for (path, key) in [
        ("/sdk/v2/flags", CLIENT),
        ("/sdk/v2/flags?flag_keys=banner", CLIENT),
        ("/sdk/v2/flags?flag_keys=button,backend", SERVER),
        ("/v1/flags?flag_keys=nothing", SERVER),
        ("/v1/flags?flag_keys=%ff", SERVER),
        ("/v1/flags", "Bearer client-key"),
    ] {
        record.get(path, key);
    }
}

fn sent(events: &str) -> String {
    format!(r#"{{"api_key":"shop-api-key","events":{events}}}"#)
}

/// The fields of events that are each rejected, by another reason.
const REJECTED: [&str; 19] = [
    r#""event_type":"""#,
    r#""event_type":["Buy"]"#,
    r#""user_id":null"#,
    r#""user_id":"anonymous""#,
    r#""user_id":"ab","device_id":"cd""#,
    r#""user_id":null,"device_id":"cd""#,
    r#""user_id":null,"device_id":["phone"]"#,
    r#""user_id":"alice\u0000""#,
    r#""insert_id":["1"]"#,
    r#""insert_id":"\ud83d""#,
    r#""time":"yesterday""#,
    r#""event_properties":[]"#,
    r#""user_properties":"gold""#,
    r#""user_properties":{"$unknown":{}}"#,
    r#""event_type":"$exposure""#,
    r#""event_type":"$exposure","event_properties":{"flag_key":["f"]}"#,
    r#""event_type":"$exposure","event_properties":{"flag_key":"f","variant":["on"]}"#,
    r#""event_type":"$exposure","event_properties":{"flag_key":"f","experiment_key":7}"#,
    r#""user_id":"ab""#,
];

fn ingestion(record: &mut Record<'_>) {
    let rejected = REJECTED.map(|fields| {
        format!(r#"{{"user_id":"alice","event_type":"Buy","time":1700000000000,"insert_id":"no",{fields}}}"#)
    });
    for events in rejected.iter().map(|event| format!("[{event}]")).chain([format!("[{}]", rejected.join(","))]) {
        record.post("/2/httpapi", sent(&events));
    }
    let odd = format!(
        r#"[{{"user_id":"alice","event_type":"Buy","time":1700000000000,"insert_id":"1","event_properties":{{"n":{ODD_NUMBERS},"t":{ODD_TEXT},"é\n":null}},"user_properties":{{"odd":{ODD_TEXT},"$set":{{"n":{ODD_NUMBERS}}}}}}}]"#
    );
    record.post("/2/httpapi", odd.replace("[{", "{\"api_key\":\"shop-api-key\",\"events\":[{") + "}");
    let deep = "[".repeat(70) + &"]".repeat(70);
    let deep =
        format!(r#"{{"user_id":"alice","event_type":"Buy","insert_id":"deep","event_properties":{{"deep":{deep}}}}}"#);
    let good = r#"{"user_id":"alice","event_type":"$exposure","time":1700000000001,"insert_id":"2 \"é\u001f/","event_properties":{"flag_key":"button","variant":"treatment"}}"#;
    let removed = r#"{"user_id":"alice","device_id":"cd","event_type":"Buy","time":1700000000002,"insert_id":"3"}"#;
    let drawn = r#"{"user_id":"robin","event_type":"Buy","time":1700000000003}"#;
    let broken = r#"{"user_id":"robin","event_type":"Buy","insert_id":"\ud83d\n"}"#;
    record.post("/2/httpapi", sent(&format!(r#"[{good},{good},{removed},{drawn},{deep},{broken},7,"x"]"#)));
    record.post("/batch", sent(&format!("[{good}]")));
    record.post("/batch", sent("[7]"));
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"api_key":7}"#,
        r#"{"api_key":"shop-api-key"}"#,
        r#"{"api_key":"wrong","events":[{}]}"#,
    ] {
        record.post("/2/httpapi", body);
    }
    record.post("/2/httpapi", sent("[]"));
    record.post("/2/httpapi", sent("{}"));
    record.post("/2/httpapi", sent("[{]"));
    record.post("/2/httpapi", sent(&format!("[{}{{}}]", "{},".repeat(2_000))));
    record.post("/2/httpapi", r#"{"api_key":"shop-api-key","options":{"min_id_length":"x"},"events":[{}]}"#);
    record.post("/2/httpapi", "x".repeat((1 << 20) + 1));
    record.ask(record.server.request("POST", "/batch").header("content-encoding", "zstd").body("x"));
}

fn identify(record: &mut Record<'_>) {
    for form in [
        r#"api_key=shop-api-key&identification={"user_id":"alice","insert_id":"i","time":1700000000004,"user_properties":{"plan":"gold"}}"#,
        r#"api_key=shop-api-key&identification=[{"user_id":"alice","insert_id":"i"},{"user_id":"x","insert_id":"j"}]"#,
        "api_key=shop-api-key&identification=[]",
        "api_key=shop-api-key",
        "api_key=wrong&identification={}",
        "",
    ] {
        record.post("/identify", form);
    }
    record.ask(record.server.request("POST", "/identify").header("content-type", "multipart/form-data").body("x"));
}

fn throttled(record: &mut Record<'_>) {
    let event = |n: usize, id: &str| {
        format!(
            r#"{{"user_id":"many {id}","device_id":"\"kiosk\" é","event_type":"Buy","time":1700000000005,"insert_id":"t{n}"}}"#
        )
    };
    let mut events: Vec<_> = (0..905).map(|n| event(n, "one")).collect();
    events.push(event(905, "two"));
    record.post("/2/httpapi", sent(&format!("[{}]", events.join(","))));
    record.post("/batch", sent(&format!("[{}]", events[..2].join(","))));
}

const READ: [&str; 26] = [
    "/api/events?event_type=Buy",
    "/api/events?user_id=alice&event_type=[Experiment]%20Exposure&limit=1",
    "/api/events?user_id=alice&event_type=%24identify",
    "/api/events?device_id=%00",
    "/api/events?limit=0",
    "/api/events?limit=x",
    "/api/events?user_id=alice&flag_key=button&from=1&limit=1&format=jsonl",
    "/api/events?user_id=ghost&format=jsonl",
    "/api/events?colour=red",
    "/api/users?user_id=alice&colour=red",
    "/api/users?user_id=alice&user_id=robin",
    "/api/usage?colour=red",
    "/api/experiment-properties?colour=red",
    "/api/flags?colour=red",
    "/api/flags/button?colour=red",
    "/api/events?from=2&to=1",
    "/api/events?user_id=%ff",
    "/api/users?user_id=alice",
    "/api/users?device_id=phone",
    "/api/users?user_id=ghost",
    "/api/users?user_id=",
    "/api/users",
    "/api/usage?month=2023-11",
    "/api/usage?month=2026-13",
    "/api/usage",
    "/api/nothing",
];

fn reading(record: &mut Record<'_>) {
    for path in READ {
        record.get(path, ADMIN);
    }
    record.get("/api/events", "Bearer wrong");
    record.get("/api/users?user_id=alice", "Bearer older-admin-key");
    let (server, own) = (record.server, format!("http://localhost:{}", record.server.port));
    let ask = || server.request("GET", "/api/users?user_id=alice").header("authorization", ADMIN);
    for origin in [&own, "https://shop.example", "null"] {
        record.ask(ask().header("origin", origin));
    }
    record.ask(ask().header("sec-fetch-site", "cross-site"));
    record.ask(server.request("GET", "/livez"));
    record.ask(server.request("GET", "/readyz"));
    record.ask(server.request("GET", "/healthz"));
}

fn experiment_properties(record: &mut Record<'_>) {
    record.post(
        "/2/httpapi",
        sent(
            r#"[{"user_id":"alice","event_type":"$exposure","time":1700000000006,"insert_id":"n","event_properties":{"flag_key":"no \"flag\" é/","variant":"on"}}]"#,
        ),
    );
    record.get("/api/experiment-properties", ADMIN);
    record.get("/api/experiment-properties", "Bearer older-admin-key");
    let name = "/api/experiment-properties/%5BExperiment%5D%20no%20%22flag%22%20%C3%A9%2F";
    for (path, key) in [
        (name, "Bearer older-admin-key"),
        (name, ADMIN),
        (name, ADMIN),
        ("/api/experiment-properties/%ff", ADMIN),
        ("/api/experiment-properties/%00", ADMIN),
    ] {
        record.ask(record.server.request("DELETE", path).header("authorization", key));
    }
}

fn flags(record: &mut Record<'_>) {
    let odd = format!(
        r#"{{"key":"odd","note":{ODD_TEXT},"numbers":{ODD_NUMBERS},"note":"twice","variants":{{"on":{{"key":"on","value":"on","payload":{ODD_NUMBERS}}}}},"segments":[{{"variant":"on"}}]}}"#
    );
    let plain = r#"{"variants":{"on":{"key":"on"}},"segments":[]}"#;
    record.put("/api/flags/odd", odd);
    record.put("/api/flags/plain%20%C3%A9%22", plain);
    record.put(
        "/api/flags/warned",
        plain.replacen('{', r#"{"dependencies":["odd","absent"],"deployments":["client-key"],"#, 1),
    );
    for path in [
        "/api/flags/odd",
        "/api/flags/plain%20%C3%A9%22",
        "/api/flags/warned",
        "/api/flags/absent",
        "/api/flags/%ff",
        "/api/flags/%00",
    ] {
        record.get(path, ADMIN);
    }
    record.get("/api/flags", ADMIN);
    record.get("/api/flags", "Bearer older-admin-key");
    record.get("/sdk/v2/flags?flag_keys=odd,warned", SERVER);
    record.get("/v1/vardata?user_id=alice&flag_keys=odd", CLIENT);
    for path in ["/api/flags/odd", "/api/flags/odd", "/api/flags/%00"] {
        record.ask(record.server.request("DELETE", path).header("authorization", ADMIN));
    }
}

fn refused_flags(record: &mut Record<'_>) {
    for flag in [
        "",
        "{\n  \"key\": é}",
        "[]",
        "{}",
        r#"{"key":"another","variants":{},"segments":[]}"#,
        r#"{"variants":{},"segments":"x"}"#,
        r#"{"variants":{"on":{"key":"on"}},"segments":[{"variant":"off"}]}"#,
        r#"{"variants":{},"segments":[],"dependencies":["bad"]}"#,
        r#"{"variants":{},"segments":[],"dependencies":["x","x"]}"#,
        r#"{"variants":{},"segments":[],"deployments":["client-key","\"é\u001f"]}"#,
        r#"{"variants":{},"segments":[],"deployments":"client-key"}"#,
        r#"{"variants":{},"segments":[{"conditions":[[{"selector":["a"],"op":"regex match","values":["("]}]]}]}"#,
        r#"{"variants":{},"segments":[{"conditions":[[{"selector":["a"],"op":"no \"such\" é","values":[]}]]}]}"#,
    ] {
        record.put("/api/flags/bad", flag);
    }
    record.put("/api/flags/bad", &b"{\"key\":\"Z\xFCrich\"}"[..]);
    record.put("/api/flags/bad", "x".repeat((1 << 20) + 1));
    record.ask(record.server.request("PUT", "/api/flags/bad").body("{}"));
}

fn files(record: &mut Record<'_>) {
    let server = record.server;
    for path in ["/", "/index.html", "/nothing", "/folder", "/../secret", "/%00", "/%ff"] {
        record.ask(server.request("GET", path));
    }
    record.ask(server.request("GET", &format!("/{}", "a".repeat(300))));
    record.ask(server.request("GET", &format!("/{}", "a/".repeat(1_100))));
    record.ask(server.request("GET", "/index.html").header("range", "bytes=2-5"));
    record.ask(server.request("HEAD", "/index.html"));
    record.ask(server.request("POST", "/index.html"));
}

/// Methods without keys, and preflights.
fn every_method(record: &mut Record<'_>) {
    let server = record.server;
    let paths = security::paths();
    for path in paths.iter().map(String::as_str).chain(["/metrics"]) {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            record.ask(server.request(method, path));
        }
        let preflight = server.request("OPTIONS", path).header("origin", "https://shop.example");
        record.ask(preflight.header("access-control-request-method", "POST"));
    }
}

fn metrics_page(record: &mut Record<'_>, port: u16) {
    let page = TestRequest::new(port, "HEAD", "/metrics").send();
    let lines = page.head.lines().filter(|line| !line.starts_with("date: ") && !line.starts_with("content-length: "));
    let head: Vec<_> = lines.collect();
    record.text += &format!("# HEAD /metrics of the metrics port\n{}\n\n", head.join("\n"));
    for (method, path) in [("POST", "/metrics"), ("GET", "/"), ("GET", "/healthz")] {
        record.ask(TestRequest::new(port, method, path));
    }
}

fn without_files(record: &mut Record<'_>) {
    let bare = TestServer::start();
    let mut other = Record { server: &bare, text: String::new() };
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("POST", "/nothing"), ("GET", "/metrics")] {
        other.ask(bare.request(method, path));
    }
    record.text += &other.text;
}

/// What is stored and cannot be read, and at last a store without its tables.
fn unreadable(record: &mut Record<'_>) {
    let server = record.server;
    server.database.run("UPDATE flag SET config = '[\"' WHERE flag_key = 'nobody'");
    server.database.run("UPDATE flag SET config = '{\"key\":\"group\",\"variants\":7}' WHERE flag_key = 'group'");
    server.database.run("UPDATE person SET properties = 'not \"JSON\"' WHERE user_id = 'robin'");
    // A change through the API is seen at once, and the others with it.
    record.put("/api/flags/seen", r#"{"variants":{},"segments":[]}"#);
    record.get("/api/flags", ADMIN);
    record.get("/api/flags/nobody", ADMIN);
    record.get("/api/users?user_id=robin", ADMIN);
    record.post(
        "/2/httpapi",
        sent(r#"[{"user_id":"robin","event_type":"Buy","insert_id":"u","user_properties":{"a":1}}]"#),
    );
    server.database.run("ALTER TABLE event RENAME TO away");
    record.get("/api/events", ADMIN);
    record.post("/2/httpapi", sent(r#"[{"user_id":"robin","event_type":"Buy","insert_id":"v"}]"#));
    record.ask(server.request("GET", "/healthz"));
    server.database.run("ALTER TABLE away RENAME TO event");
}
