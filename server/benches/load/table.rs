//! How results are printed: as a table of Markdown.

use crate::pace::Measured;

pub struct Row<'a> {
    pub name: String,
    pub connections: usize,
    /// Requests per second that were due; none is flat out.
    pub asked: Option<f64>,
    /// Durable events per second.
    pub events: f64,
    pub measured: &'a Measured,
    /// Seconds of the processor that server and load took, and the server's memory in bytes.
    pub process: Option<(f64, f64, u64)>,
    /// By how many bytes the database grew for each event.
    pub bytes: Option<f64>,
}

pub fn head() {
    println!(
        "| case | connections | due/s | requests/s | events/s | p50 ms | p99 ms | max ms | CPU s server | load | MiB | bytes/event |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
}

pub fn row(row: &Row<'_>) {
    let measured = row.measured;
    let asked = row.asked.map_or("flat out".into(), grouped);
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| measured.within(share));
    let requests = grouped(measured.requests() as f64 / measured.seconds);
    let process = row
        .process
        .map_or(" | | ".into(), |(server, load, memory)| format!("{server:.1} | {load:.1} | {}", memory >> 20));
    let bytes = row.bytes.map_or(String::new(), grouped);
    let (name, connections, events) = (&row.name, row.connections, grouped(row.events));
    println!(
        "| {name} | {connections} | {asked} | {requests} | {events} | {p50:.1} | {p99:.1} | {max:.1} | {process} | {bytes} |"
    );
}

fn grouped(number: f64) -> String {
    if number > 0.0 && number < 1.0 {
        return number.to_string();
    }
    let number = number.round() as u64;
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}
