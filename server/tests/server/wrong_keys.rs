//! Wrong keys: what a client is told, and that many wrong admin keys slow nobody who has the right one.

use std::thread::scope;
use std::time::{Duration, Instant};

use crate::database::Database;
use crate::log_file::LogFile;
use crate::test_server::{CLIENT, TestServer};

#[test]
fn a_refused_key_is_answered_with_the_scheme_that_is_wanted() {
    let server = TestServer::start();
    for (path, scheme) in [
        ("/api/events", "Bearer"),
        ("/api/flags/button", "Bearer"),
        ("/sdk/v2/flags", "Api-Key"),
        ("/v1/vardata", "Api-Key"),
    ] {
        for key in ["", "Bearer wrong", "Api-Key wrong", "Basic wrong"] {
            let answer = server.request("GET", path).header("authorization", key).send();
            assert_eq!(answer.header("www-authenticate"), Some(format!("{scheme} realm=\"experiment\"").as_str()));
            answer.refused(401);
        }
    }
    let answer = server.request("GET", "/sdk/v2/flags").header("authorization", CLIENT).send();
    assert_eq!(answer.header("www-authenticate"), None);
}

#[test]
fn many_wrong_admin_keys_are_refused_later_and_lock_nobody_out() {
    let log = LogFile::new();
    let server = TestServer::with_log(Database::new(), &[], log.writer());
    let wrong = || server.request("GET", "/api/usage").header("authorization", "Bearer wrong").send().refused(401);
    scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| (0..30).for_each(|_| drop(wrong())));
        }
    });
    log.says("many wrong admin keys were sent", 1);
    let start = Instant::now();
    wrong();
    // At least 250 of 300 are not forgotten yet: what waits can only wait longer than it must.
    assert!(start.elapsed() >= Duration::from_millis(100));
    // Neither a key that is missing, nor one of a deployment.
    server.request("GET", "/api/usage").send().refused(401);
    server.read("/api/usage").expect(200);
}
