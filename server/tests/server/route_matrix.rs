//! Every route with good and bad requests, and a mark in every field that a user or a stranger can set.

use experiment_wasm::api::base64url;
use serde_json::{Value, json};

use crate::client::TestRequest;
use crate::test_server::{ADMIN, CLIENT, SERVER, TestServer};

/// Stands in every id, property, type and flag key that is sent, and in every wrong key.
pub const MARK: &str = "zq7x";

/// All keys of the configuration.
pub const KEYS: [&str; 7] =
    ["shop-api-key", "shop-admin-key", "client-key", "server-key", "older-api-key", "older-admin-key", "older-key"];

/// The first mark or key in a text.
pub fn betrayed(text: &str) -> Option<&str> {
    let text = text.to_lowercase();
    let encoded = user_header().to_lowercase();
    let marks = KEYS.into_iter().chain([MARK]).find(|mark| text.contains(mark));
    marks.or_else(|| text.contains(&encoded[..24]).then_some("a user in base64"))
}

/// Sends a request of each kind; no response contains a key.
pub fn request_every_route(server: &TestServer) {
    let all = [evaluations(server), posts(server), administration(server), nonsense(server)];
    for request in all.into_iter().flatten() {
        let about = request.head.lines().next().unwrap().to_owned();
        let Ok(answer) = request.attempt() else { continue };
        let response = format!("{}\n{}", answer.head, String::from_utf8_lossy(&answer.body));
        let key = KEYS
            .into_iter()
            .find(|key| response.contains(key))
            .or(response.contains("wrong-").then_some("a wrong key"));
        // The admin may see the deployments of a flag.
        assert!(key.is_none() || about.contains("/api/flags") && key == Some("server-key"), "{about}: {response}");
    }
}

fn user() -> Value {
    json!({
        "user_id": "zq7x-alice", "device_id": "zq7x-phone", "country": "zq7x-land",
        "user_properties": { "plan": "zq7x-gold", "zq7x-name": 7 },
    })
}

fn user_header() -> String {
    base64url(user().to_string().as_bytes()).to_str().into_owned()
}

fn evaluations(server: &TestServer) -> Vec<TestRequest> {
    let get = |path: &str, key: &str| server.request("GET", path).header("authorization", key);
    let vardata = |key: &str| get("/sdk/v2/vardata?zq7x=zq7x", key).header("x-amp-exp-user", user_header());
    let posted = |body: &str| server.request("POST", "/sdk/v2/vardata").header("authorization", CLIENT).body(body);
    vec![
        vardata(CLIENT),
        vardata(SERVER),
        vardata("Api-Key wrong-zq7x"),
        vardata("Bearer wrong-zq7x"),
        vardata("wrong-zq7x"),
        vardata(CLIENT).header("authorization", "Api-Key wrong-zq7x"),
        vardata(CLIENT).header("x-amp-exp-flag-keys", base64url(br#"["zq7x-flag"]"#).to_str()),
        vardata(CLIENT).header("x-amp-exp-flag-keys", "zq7x"),
        vardata(CLIENT).header("x-amp-exp-exposure-track", "track"),
        get("/sdk/v2/vardata", CLIENT).header("x-amp-exp-user", "zq7x%%"),
        get("/sdk/v2/vardata", CLIENT).header("x-amp-exp-user", MARK.repeat(5_000)),
        get("/sdk/v2/vardata", CLIENT).header("x-amp-exp-user", MARK.repeat(20_000)),
        posted(&user().to_string()),
        posted(r#"{"user_id":"zq7x-alice","#),
        posted(r#"{"user_id":["zq7x"]}"#),
        posted(&MARK.repeat(100_000)),
        get("/v1/vardata?user_id=zq7x-v1&device_id=zq7x&context={%22zq7x%22:1}&flag_keys=zq7x,button", CLIENT),
        get("/v1/vardata?user_id=zq7x%00&context=zq7x", CLIENT),
        get("/v1/vardata?user_id=zq7x%ff", CLIENT),
        get("/sdk/v2/flags?flag_keys=zq7x", SERVER),
        get("/v1/flags?flag_keys=zq7x", CLIENT),
    ]
}

fn event(insert_id: &str) -> Value {
    json!({
        "user_id": "zq7x-alice", "device_id": "zq7x-phone", "event_type": "zq7x-type", "insert_id": insert_id,
        "event_properties": { "zq7x-name": "zq7x-value" }, "user_properties": { "$set": { "zq7x-plan": "zq7x-gold" } },
        "ip": "zq7x", "zq7x": "zq7x",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut event = event("zq7x-odd");
    event[name] = value;
    event
}

/// Malformed events, each in another way.
fn odd_events() -> Vec<Value> {
    let exposure = |properties: Value| {
        let mut event = with("event_type", json!("$exposure"));
        event["event_properties"] = properties;
        event
    };
    vec![
        json!("zq7x"),
        with("event_type", json!(["zq7x"])),
        with("user_id", json!({ "zq7x": 1 })),
        with("user_id", json!("zq7x\u{0}")),
        with("device_id", json!(["zq7x"])),
        with("insert_id", json!(["zq7x"])),
        with("time", json!("zq7x")),
        with("event_properties", json!("zq7x")),
        with("user_properties", json!({ "$zq7x": "zq7x" })),
        exposure(json!({ "flag_key": ["zq7x"] })),
        exposure(json!({ "flag_key": "zq7x", "variant": ["zq7x"] })),
        exposure(json!({ "flag_key": "zq7x-flag", "variant": "zq7x-variant", "experiment_key": "zq7x-exp" })),
        json!({ "user_id": "zq7x", "event_type": "zq7x" }),
    ]
}

fn posts(server: &TestServer) -> Vec<TestRequest> {
    let post = |path: &str, body: String| server.request("POST", path).body(body);
    let sent = |key: &str, events: Value| json!({ "api_key": key, "events": events }).to_string();
    let api = "shop-api-key";
    let many: Vec<_> = (0..2_001).map(|n| event(&format!("zq7x-{n}"))).collect();
    let identify = |identification: &str| format!("api_key={api}&identification={identification}");
    let mut all = vec![
        post("/2/httpapi", sent(api, json!([event("zq7x-1"), event("zq7x-2"), event("zq7x-1")]))),
        post("/batch", sent(api, json!([event("zq7x-3")]))),
        post("/2/httpapi", sent("wrong-zq7x", json!([event("zq7x-1")]))),
        post("/2/httpapi", json!({ "api_key": { "wrong-zq7x": 1 }, "events": [event("zq7x-1")] }).to_string()),
        post("/2/httpapi", sent(api, json!("zq7x"))),
        post("/2/httpapi", format!(r#"{{"api_key":"{api}","events":[{{"user_id":"zq7x"#)),
        post("/2/httpapi", format!(r#"{{"api_key":"{api}","options":{{"min_id_length":"zq7x"}},"events":[{{}}]}}"#)),
        post("/2/httpapi", MARK.repeat(300_000)),
        post("/batch", MARK.to_owned()).header("content-encoding", "gzip"),
        post("/batch", MARK.to_owned()).header("content-encoding", "zq7x"),
        post("/batch", sent(api, json!(many[..50]))),
        post("/2/httpapi", sent(api, json!(many[..100]))),
        post("/2/httpapi", sent(api, json!(many))),
        post("/identify", identify(r#"{"user_id":"zq7x-alice","user_properties":{"zq7x":"zq7x"}}"#)),
        post("/identify", identify(r#"{"user_id":["zq7x"]}"#)),
        post("/identify", identify("zq7x")),
        post("/identify", MARK.to_owned()).header("content-type", "multipart/zq7x"),
    ];
    all.extend(odd_events().into_iter().map(|event| post("/2/httpapi", sent(api, json!([event])))));
    all
}

fn administration(server: &TestServer) -> Vec<TestRequest> {
    let ask = |method: &str, path: &str| server.request(method, path).header("authorization", ADMIN);
    let flag = json!({ "variants": { "on": { "key": "on", "value": "zq7x" } }, "segments": [{ "variant": "on" }] });
    vec![
        ask("GET", "/api/events?user_id=zq7x-alice&device_id=zq7x-phone&event_type=zq7x"),
        ask("GET", "/api/events?limit=zq7x"),
        ask("GET", "/api/users?user_id=zq7x-alice"),
        ask("GET", "/api/users?device_id=zq7x%00"),
        ask("GET", "/api/users?user_id=zq7x%ff"),
        ask("GET", "/api/usage?month=zq7x"),
        ask("GET", "/api/experiment-properties"),
        ask("DELETE", "/api/experiment-properties/%5BExperiment%5D%20zq7x-flag"),
        ask("DELETE", "/api/experiment-properties/zq7x%00"),
        ask("DELETE", "/api/experiment-properties/zq7x%ff"),
        ask("GET", "/api/flags"),
        ask("PUT", "/api/flags/zq7x-flag").body(flag.to_string()),
        ask("PUT", "/api/flags/zq7x-flag").body(r#"{"key":"zq7x-flag","segments":"zq7x"}"#),
        ask("PUT", "/api/flags/zq7x-flag").body("zq7x"),
        ask("PUT", "/api/flags/zq7x-flag").body(MARK.repeat(300_000)),
        ask("GET", "/api/flags/zq7x-flag"),
        ask("DELETE", "/api/flags/zq7x-flag"),
        ask("DELETE", "/api/flags/zq7x%00"),
        ask("DELETE", "/api/flags/zq7x%ff"),
        ask("GET", "/api/events").header("authorization", "Bearer wrong-zq7x"),
        ask("GET", "/api/events").header("origin", "https://zq7x.example"),
        server.request("GET", "/api/events").header("authorization", "Bearer wrong-zq7x"),
    ]
}

fn nonsense(server: &TestServer) -> Vec<TestRequest> {
    let ask = |method: &str, path: &str| server.request(method, path);
    vec![
        ask("GET", "/healthz"),
        ask("GET", "/zq7x?zq7x=zq7x"),
        ask("GET", "/zq7x%00%ff"),
        ask("ZQ7X", "/2/httpapi"),
        ask("GET", &format!("/{}", MARK.repeat(20_000))),
        ask("GET", "/zq7x zq7x"),
        ask("GET", "/healthz").header("zq7x\u{0}", "zq7x"),
        ask("GET", "/healthz").header("cookie", MARK.repeat(20_000)),
        ask("OPTIONS", "/2/httpapi").header("origin", "https://zq7x.example"),
    ]
}
