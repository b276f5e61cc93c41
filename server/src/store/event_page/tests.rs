//! What pages cost on SQLite, in steps of its virtual machine: in a database where the project is a hundredth of the
//! rows, and a type occurs once. What they cost on PostgreSQL is asserted by the server's tests, which have one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

const ROWS: i64 = 100_000;
const OWN: i64 = ROWS / 100;

/// For a row that is found, checked, measured and read.
const STEPS: u64 = 150;

/// What a statement takes by itself.
const START: u64 = 500;

/// Every hundredth event is of project 1, one of them has another type.
async fn filled() -> Store {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let fill = format!(
        "INSERT INTO event (id, project, insert_id, unique_key, person, user_id, device_id, event_type, time, received, \
         flag_key, variant, event_properties, user_properties) \
         WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < {ROWS}) \
         SELECT n, CASE WHEN n % 100 = 0 THEN 1 ELSE 2 END, CAST(n AS TEXT), n, 1, 'user-' || (n / 100 % 7), \
         'device', CASE WHEN n = 100 THEN 'Rare' ELSE 'Buy' END, n, n, CASE WHEN n / 100 % 2 = 0 THEN 'flag' END, \
         CASE WHEN n / 100 % 2 = 0 THEN 'on' END, '{{}}', '' FROM one"
    );
    store.engine.rows(composed(fill), Vec::new()).await.unwrap();
    store
}

/// What a page shows, and the steps that it takes to find it and to read it.
async fn counted(store: &Store, filter: EventFilter) -> (EventPage, u64) {
    let Engine::Sqlite(pools, _) = &store.engine else { panic!("it is SQLite") };
    let steps = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&steps);
    // In memory there is one connection.
    let mut connection = pools.writer.acquire().await.unwrap();
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        true
    };
    connection.lock_handle().await.unwrap().set_progress_handler(1, count);
    drop(connection);
    let page = store.event_page(1, &filter).await.unwrap();
    assert_eq!(store.event_sizes(1, &page.ids).await.unwrap().len(), page.ids.len());
    assert_eq!(store.event_texts(1, &page.ids).await.unwrap().len(), page.ids.len());
    pools.writer.acquire().await.unwrap().lock_handle().await.unwrap().remove_progress_handler();
    (page, steps.load(Ordering::Relaxed))
}

fn equal(name: &str, value: &str) -> EventFilter {
    let mut filter = EventFilter { limit: 100, ..EventFilter::default() };
    let value = Some(value.to_owned());
    match name {
        "user_id" => filter.user_id = value,
        "device_id" => filter.device_id = value,
        "flag_key" => filter.flag_key = value,
        "variant" => filter.variant = value,
        "event_type" => filter.event_type = value,
        _ => {}
    }
    filter
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_looks_at_the_rows_that_it_shows() {
    let store = filled().await;
    let filters = [
        ("user_id", "user-3"),
        ("device_id", "device"),
        ("flag_key", "flag"),
        ("variant", "on"),
        ("event_type", "Buy"),
        ("", ""),
    ];
    for (name, value) in filters {
        for cursor in [None, Some(75_000)] {
            let (page, steps) = counted(&store, EventFilter { cursor, ..equal(name, value) }).await;
            assert_eq!(page.ids.len(), 100, "{name}");
            assert!(page.ids.is_sorted() && page.next.is_some_and(|next| next <= page.ids[0]), "{name} {page:?}");
            assert!(steps < START + 101 * STEPS, "{name}: {steps} steps");
        }
    }
    for (name, value) in [("event_type", "Rare"), ("user_id", "nobody"), ("flag_key", "none")] {
        let (page, steps) = counted(&store, equal(name, value)).await;
        assert_eq!(page, EventPage { ids: if value == "Rare" { vec![100] } else { Vec::new() }, next: None });
        assert!(steps < START, "{name}: {steps} steps");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_checks_looks_at_ten_thousand_rows_and_no_more() {
    let store = filled().await;
    let checks: [fn(&mut EventFilter); 3] = [
        |filter| filter.time.to = Some(101),
        |filter| filter.received.to = Some(101),
        |filter| filter.event_type = Some("Rare".into()),
    ];
    let all = EventFilter { limit: 100, device_id: Some("device".into()), ..EventFilter::default() };
    for check in checks {
        let mut filter = EventFilter { ..all.clone() };
        check(&mut filter);
        let (page, steps) = counted(&store, filter).await;
        assert_eq!(page, EventPage { ids: vec![100], next: None });
        assert!(steps < 6 * START + OWN as u64 * STEPS, "{steps} steps");
    }
    // Where the project has more of them, the page ends with a cursor.
    store.engine.rows(super::super::bulk::sql("UPDATE event SET project = 1"), Vec::new()).await.unwrap();
    for check in checks {
        let mut filter = EventFilter { ..all.clone() };
        check(&mut filter);
        let (page, steps) = counted(&store, filter.clone()).await;
        let next = ROWS - MOST_LOOKED_AT as i64 + 1;
        assert_eq!(page, EventPage { ids: Vec::new(), next: Some(next) });
        assert!(steps < 12 * START + MOST_LOOKED_AT as u64 * STEPS, "{steps} steps");
        filter.cursor = Some(102);
        let ids = counted(&store, filter).await.0.ids;
        assert!(ids.contains(&100));
    }
}
