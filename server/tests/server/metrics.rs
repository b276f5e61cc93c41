//! `GET /metrics`: on its own port only, true, and nothing of users in it.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::client::TestRequest;
use crate::database::Database;
use crate::exposition::Exposition;
use crate::test_server::{ADMIN, TestServer, poll_until};

#[test]
fn only_the_port_for_metrics_answers_them_and_nothing_else() {
    let (server, metrics) = TestServer::with_metrics(Database::new(), &[]);
    for path in ["/metrics", "/metrics/"] {
        server.request("GET", path).send().refused(404);
        server.request("GET", path).header("authorization", ADMIN).send().refused(404);
    }
    for path in ["/", "/healthz", "/api/events", "/sdk/v2/flags"] {
        TestRequest::new(metrics, "GET", path).header("authorization", ADMIN).send().refused(404);
    }
    TestRequest::new(metrics, "POST", "/metrics").send().refused(405);
    assert!(Exposition::of(metrics).value("process_start_time_seconds") > 1_700_000_000.0);
    assert_eq!(Exposition::of(metrics).value(r#"experiment_build_info{version="0.1.0"}"#), 1.0);
}

#[test]
fn the_port_closes_when_the_server_stops() {
    let (mut server, metrics) = TestServer::with_metrics(Database::new(), &[]);
    server.terminate();
    assert!(TcpStream::connect(("127.0.0.1", metrics)).is_err());
}

#[test]
fn events_are_counted_by_verdict_and_reason() {
    let (server, metrics) = TestServer::with_metrics(Database::new(), &[]);
    let start = Exposition::of(metrics);
    assert!(start.text.contains("experiment_events_total{verdict=\"stored\",reason=\"\"} 0\n"), "{}", start.text);
    let buy = |insert_id: &str| json!({ "user_id": "alice", "event_type": "Buy", "insert_id": insert_id });
    server.store(json!([buy("1"), buy("2"), buy("3")]));
    let answer = server.ingest(json!([buy("1"), { "user_id": "alice" }, { "user_id": "al", "event_type": "Buy" }]));
    answer.expect(200);
    server.ingest(json!([buy("1")])).expect(200);
    let now = Exposition::of(metrics);
    let events = |verdict: &str, reason: &str| {
        now.value(&format!("experiment_events_total{{verdict=\"{verdict}\",reason=\"{reason}\"}}"))
    };
    assert_eq!((events("stored", ""), events("duplicate", "")), (3.0, 2.0));
    assert_eq!((events("rejected", "missing_event_type"), events("rejected", "short_user_id")), (1.0, 1.0));
    assert_eq!(now.value("experiment_writer_groups_total"), 3.0);
    assert_eq!(now.value("experiment_writer_group_events_sum"), 5.0);
    assert_eq!(now.value(r#"experiment_writer_group_events_bucket{le="1"}"#), 2.0);
    assert_eq!(now.value("experiment_writer_commit_duration_seconds_count"), 3.0);
    assert!(now.value("experiment_writer_commit_duration_seconds_sum") > 0.0);
}

#[test]
fn requests_are_counted_by_pattern_method_and_status() {
    let (server, metrics) = TestServer::with_metrics(Database::new(), &[]);
    server.read("/api/flags/button").expect(200);
    server.read("/api/flags/nothing").refused(404);
    server.read("/api/flags/banner").expect(200);
    server.read("/api/flags/banner?of=nobody").refused(400);
    server.request("GET", "/api/flags/button").send().refused(401);
    server.request("GET", "/nowhere").send().refused(404);
    server.request("BREW", "/api/events").send().refused(405);
    server.request("OPTIONS", "/2/httpapi").header("origin", "https://shop.example").send();
    let now = Exposition::of(metrics);
    let requests = |route: &str, method: &str, status: u16| {
        now.value(&format!("experiment_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}"))
    };
    assert_eq!(requests("/api/flags/{key}", "GET", 200), 2.0);
    assert_eq!((requests("/api/flags/{key}", "GET", 404), requests("/api/flags/{key}", "GET", 401)), (1.0, 1.0));
    assert_eq!((requests("other", "GET", 404), requests("/api/events", "other", 405)), (1.0, 1.0));
    assert_eq!(now.value(r#"experiment_request_duration_seconds_count{route="/api/flags/{key}"}"#), 5.0);
    assert_eq!(now.words("method"), ["GET", "OPTIONS", "other"].into());
}

#[test]
fn evaluations_tell_of_the_cache_and_of_assignments() {
    let (server, metrics) = TestServer::with_metrics(Database::new(), &[]);
    for user in ["alice", "robin", "alice", "alice"] {
        server.vardata(&json!({ "user_id": user })).send().expect(200);
    }
    server.vardata(&json!({ "user_id": "casey" })).header("x-amp-exp-track", "no-track").send().expect(200);
    let now = poll_until(|| {
        let now = Exposition::of(metrics);
        (now.value("experiment_tracked_events_waiting") == 0.0).then_some(now)
    });
    assert_eq!((now.value("experiment_cache_hits_total"), now.value("experiment_cache_misses_total")), (2.0, 3.0));
    assert!(now.value("experiment_cache_bytes") > 300.0);
    assert_eq!(now.value("experiment_tracked_events_total"), 2.0);
    assert_eq!(now.value("experiment_tracked_events_lost_total"), 0.0);
    assert_eq!(server.assignments("alice", 1).len(), 1);
}

#[test]
fn a_store_that_fails_shows() {
    let (server, metrics) = TestServer::with_metrics(Database::lasting(), &[]);
    server.database.run("ALTER TABLE event RENAME TO away");
    server.ingest(json!([{ "user_id": "alice", "event_type": "Buy" }])).refused(503);
    server.vardata(&json!({ "user_id": "robin" })).send().expect(200);
    let failing = poll_until(|| {
        let now = Exposition::of(metrics);
        (now.value("experiment_writer_failures_total") > 1.0).then_some(now)
    });
    assert_eq!(failing.value("experiment_tracked_events_waiting"), 1.0);
    assert_eq!(failing.value(r#"experiment_events_total{verdict="stored",reason=""}"#), 0.0);
    let route = r#"experiment_requests_total{route="/2/httpapi",method="POST",status="503"}"#;
    assert_eq!(failing.value(route), 1.0);
    server.database.run("ALTER TABLE away RENAME TO event");
    poll_until(|| (Exposition::of(metrics).value("experiment_tracked_events_waiting") == 0.0).then_some(()));
}

#[test]
fn throttled_requests_and_open_connections_are_counted() {
    let (server, metrics) = TestServer::with_metrics(Database::new(), &[]);
    let event = |n: u32| json!({ "user_id": "alice", "event_type": "Buy", "insert_id": n.to_string() });
    let many: Vec<Value> = (0..2_000).map(event).collect();
    let refused = poll_until(|| Some(server.ingest(json!(many))).filter(|answer| answer.status == 429));
    drop(refused);
    assert!(Exposition::of(metrics).value("experiment_requests_throttled_total") >= 1.0);
    let open = |count: f64| {
        poll_until(|| (Exposition::of(metrics).value("experiment_connections_open") == count).then_some(()))
    };
    open(0.0);
    let sockets = [(); 3].map(|()| TcpStream::connect(("127.0.0.1", server.port)).unwrap());
    open(3.0);
    drop(sockets);
    open(0.0);
}
