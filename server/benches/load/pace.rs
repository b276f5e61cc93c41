//! How requests are sent: on time, whether the server keeps up or not, or one after the other as fast as it can.
//!
//! On time is an open loop. Each request has a moment when it is due, and its latency counts from there, also when
//! every connection was still busy then: a server that stops for a second shows a second in all requests that were due
//! meanwhile. A loop that waits for its answer before it sends again would leave those out. Flat out is such a loop: it
//! tells what the most is, and its latencies are only the number of connections divided by that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::connection::Connection;

/// Makes the request of a number.
pub type Requests = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// One kind of request that is sent.
#[derive(Clone)]
pub struct Stream {
    /// The number of its first request.
    pub first: u64,
    pub requests: Requests,
    pub connections: usize,
    /// How many requests are due each second; none is flat out.
    pub per_second: Option<f64>,
}

/// What was measured of a stream.
#[derive(Default)]
pub struct Measured {
    pub seconds: f64,
    /// Of every request, in microseconds, ascending.
    pub latencies: Vec<u32>,
}

impl Measured {
    pub fn requests(&self) -> u64 {
        self.latencies.len() as u64
    }

    /// The latency that a share of the requests was answered within, in milliseconds.
    pub fn within(&self, share: f64) -> f64 {
        let last = self.latencies.len() - 1;
        f64::from(self.latencies[(last as f64 * share).ceil() as usize]) / 1_000.0
    }
}

/// Sends a stream to these ports for a time, and waits for every answer.
pub async fn send(stream: Stream, ports: Vec<u16>, time: Duration) -> Measured {
    let mut open = Vec::new();
    for number in 0..stream.connections {
        open.push(Connection::open(ports[number % ports.len()]).await);
    }
    let (next, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = JoinSet::new();
    for connection in open {
        tasks.spawn(send_on(connection, stream.clone(), Arc::clone(&next), start, time));
    }
    let mut latencies: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    latencies.sort_unstable();
    Measured { seconds: start.elapsed().max(time).as_secs_f64(), latencies }
}

async fn send_on(
    mut connection: Connection,
    stream: Stream,
    next: Arc<AtomicU64>,
    start: Instant,
    time: Duration,
) -> Vec<u32> {
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let due = stream.per_second.map(|per_second| start + Duration::from_secs_f64(number as f64 / per_second));
        if due.unwrap_or_else(Instant::now) >= start + time {
            return latencies;
        }
        let request = (stream.requests)(stream.first + number);
        // The runtime rounds up to milliseconds: up to one of them is part of each latency.
        if let Some(due) = due {
            sleep_until(due).await;
        }
        let since = due.unwrap_or_else(Instant::now);
        connection.ask(&request).await;
        latencies.push(since.elapsed().as_micros() as u32);
    }
}
