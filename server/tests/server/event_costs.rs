//! How many rows PostgreSQL looks at for a page, as it counts them itself, in a database where the project is a hundredth
//! of the rows and a type occurs once: with connections that were opened, and plans that were made, while its tables were
//! empty; and once more when it knows its tables. The same of SQLite: `server/src/store/event_page/tests.rs`.

use serde_json::json;

use crate::database::Database;
use crate::test_server::{TestServer, poll_until};

/// Others have 99 times as many rows as the project.
const OWN: i64 = 1_000;

const FILL: &str = "INSERT INTO event (id, project, insert_id, unique_key, person, user_id, device_id, event_type, time, \
    received, flag_key, variant, event_properties, user_properties, state) \
    SELECT n + 10, CASE WHEN n % 100 = 0 THEN 1 ELSE 2 END, CAST(n AS TEXT), n, 1, 'user-' || (n / 100 % 7), 'device', \
    CASE WHEN n = 100 THEN 'Rare' ELSE 'Buy' END, n, n, CASE WHEN n / 100 % 2 = 0 THEN 'flag' END, \
    CASE WHEN n / 100 % 2 = 0 THEN 'on' END, '{}', '', 1 FROM generate_series(1, 100000) AS n";

/// Rows of tables that were looked at.
const ROWS: &str = "SELECT CAST(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS BIGINT) FROM pg_stat_user_tables \
    WHERE relname LIKE 'event%' OR relname LIKE 'property_state%'";

/// Entries of indexes that were looked at.
const ENTRIES: &str = "SELECT CAST(sum(idx_tup_read) AS BIGINT) FROM pg_stat_user_indexes \
    WHERE relname LIKE 'event%' OR relname LIKE 'property_state%'";

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

/// How often each page is asked for before: from the sixth time on, PostgreSQL may keep a plan.
const TIMES: i64 = 8;

/// Pages, how many events each shows, and how many rows it may look at: each event three times, to find it, to measure it
/// and to read it, the state that it shows as often, and a few rows that the partitions have ready.
const PAGES: [(&str, usize, i64); 12] = [
    ("", 100, 610),
    ("cursor=50000", 100, 610),
    ("user_id=user-3", 100, 610),
    ("device_id=device", 100, 610),
    ("device_id=device&cursor=50000", 100, 610),
    ("flag_key=flag", 100, 610),
    ("variant=on", 100, 610),
    ("event_type=Buy", 100, 610),
    ("event_type=Buy&cursor=50000", 100, 610),
    ("event_type=Rare", 1, 10),
    ("user_id=nobody&event_type=Buy", 0, 10),
    ("device_id=device&event_type=Rare&from=1&received_to=1000000", 1, OWN + 20),
];

#[test]
fn a_page_looks_at_no_rows_but_those_that_it_may_show() {
    let mut server = TestServer::on(Database::lasting(), &[]);
    if !server.database.is_postgres() {
        return;
    }
    server.store(json!([{ "user_id": "first", "event_type": "First", "user_properties": { "plan": "pro" } }]));
    for (query, ..) in PAGES {
        (0..TIMES).for_each(|_| drop(server.events(query)));
    }
    server.database.run(FILL);
    // With the plans that were made when there was one event.
    let most = PAGES.iter().map(|(.., most)| most).sum();
    looks_at(&mut server, &PAGES, most);
    server.database.run("ANALYZE");
    for page in PAGES {
        looks_at(&mut server, &[page], page.2);
    }
}

/// Asks for pages, and ends the server: what a connection has looked at is counted when it ends.
#[track_caller]
fn looks_at(server: &mut TestServer, pages: &[(&str, usize, i64)], most: i64) {
    server.database.run("SELECT pg_stat_reset()");
    for (query, shown, _) in pages {
        assert_eq!(server.events(query).len(), *shown, "{query}");
    }
    server.terminate();
    poll_until(|| (server.database.number(CONNECTIONS) == 0).then_some(()));
    let [rows, entries] = [ROWS, ENTRIES].map(|count| server.database.number(count));
    println!("{} pages from {:?}: {rows} rows, {entries} entries", pages.len(), pages[0].0);
    assert!(rows <= most && entries <= most, "{:?}: {rows} rows, {entries} entries, {most} at most", pages[0].0);
    server.restart();
}
