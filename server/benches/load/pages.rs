//! What an admin reads page by page: one reader, one request after the other, on a quiet server.

use std::time::Instant;

use crate::connection::Connection;
use crate::pace::Measured;
use crate::servers::Servers;
use crate::table::{self, Row};
use crate::traffic;

/// How often each page is asked for. The row's p50 is the median of these.
const TIMES: usize = 20;

/// The pages, by what they show.
const PAGES: [(&str, &str); 3] = [
    ("the newest 100", "limit=100"),
    ("the newest 100 of one type", "limit=100&event_type=Product%20Viewed"),
    ("100 of one type, after a cursor in the middle", "limit=100&event_type=Product%20Viewed&cursor=500000"),
];

/// Asks for each page and prints a row.
pub async fn measure(server: &Servers, stored: u64) {
    let mut connection = Connection::open(server.ports[0]).await;
    for (shown, query) in PAGES {
        let (start, mut latencies) = (Instant::now(), Vec::new());
        for _ in 0..TIMES {
            let asked = Instant::now();
            connection.ask(&traffic::page(query)).await;
            latencies.push(asked.elapsed().as_micros() as u32);
        }
        latencies.sort_unstable();
        let least = f64::from(latencies[0]) / 1_000.0;
        let measured = Measured { seconds: start.elapsed().as_secs_f64(), latencies };
        let name = format!("{shown}, of {stored} events (least {least:.1} ms)");
        table::row(&Row {
            name,
            connections: 1,
            asked: None,
            events: 0.0,
            measured: &measured,
            process: None,
            bytes: None,
        });
    }
}
