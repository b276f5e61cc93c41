//! Runs a case: a server, what must be there before, the load on time and then flat out, and the count afterwards.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::cases::{Case, Load};
use crate::connection::Connection;
use crate::flags::Material;
use crate::pace::{Measured, Stream, send};
use crate::pages;
use crate::process;
use crate::servers::Servers;
use crate::table::{self, Row};
use crate::traffic::{self, PEOPLE};

/// What the server shall take each second: requests of evaluation, events of ingestion.
const GOAL: f64 = 5_000.0;

/// Flat-out requests have numbers of their own, so that nothing in them was sent before.
const FLAT_OUT_FROM: u64 = 100_000_000;

/// How many of the stored events each of the others has.
const EVENTS_OF_OTHERS: u64 = 50;

/// How long queued assignments may take to become durable once nothing is sent any more.
const DRAINED: Duration = Duration::from_secs(30);

/// One kind of requests of a case.
struct Part {
    name: &'static str,
    stream: Stream,
    /// How many events a request becomes.
    events: u64,
}

/// Measures a case with this version of the server, or another one, and prints its rows.
pub fn case(case: &Case, material: &Material, time: Duration, other: Option<&Path>) {
    let server = Servers::start(case.replicas, &material.flags[..case.flags], other);
    let name = if other.is_some() { format!("(other) {}", case.name) } else { case.name.clone() };
    let case = &Case { name, ..case.clone() };
    let mut stored = prepare(case, material, &server);
    if matches!(case.load, Load::Pages) {
        return waiting(pages::measure(&server, stored));
    }
    for flat_out in [false, true] {
        // Of what a site does nobody knows what the most is.
        if flat_out && matches!(case.load, Load::Site) {
            continue;
        }
        stored = measure(case, &server, parts(case, material, flat_out), stored, time);
    }
}

fn parts(case: &Case, material: &Material, flat_out: bool) -> Vec<Part> {
    let part = |name, requests, per_second, events| {
        let (first, per_second) = if flat_out { (FLAT_OUT_FROM, None) } else { (0, Some(per_second)) };
        Part { name, stream: Stream { first, requests, connections: case.connections, per_second }, events }
    };
    let fresh = |per_second| part("fresh users", traffic::evaluation_of_fresh_users(material), per_second, 1);
    let known = |per_second| part("known users", traffic::evaluation_of_known_users(material), per_second, 0);
    let events = |per_request, per_second| {
        part("events", traffic::events(per_request, case.properties), per_second / per_request as f64, per_request)
    };
    match case.load {
        Load::FreshUsers => vec![fresh(GOAL)],
        Load::KnownUsers => vec![known(GOAL)],
        Load::Events(per_request) => vec![events(per_request, GOAL)],
        Load::Pages => Vec::new(),
        Load::Site => vec![
            fresh(GOAL * 0.1),
            known(GOAL * 0.4),
            events(5, GOAL * 0.5),
            part("reading", traffic::reading(case.properties), 50.0, 0),
            part("usage", traffic::usage(), 0.2, 0),
        ],
    }
}

fn measure(case: &Case, server: &Servers, parts: Vec<Part>, stored: u64, time: Duration) -> u64 {
    let cpu = || (server.cpu_seconds(), process::cpu_seconds(std::process::id()));
    // Nobody has sent anything in the last second, as the throttle sees it.
    std::thread::sleep(Duration::from_secs(1));
    let (before, bytes, start) = (cpu(), server.bytes(), Instant::now());
    let sent = parts.iter().map(|part| (part.stream.clone(), server.ports.clone()));
    let all: Vec<Measured> = waiting(async {
        let sent: Vec<_> = sent.map(|(stream, ports)| tokio::spawn(send(stream, ports, time))).collect();
        let mut all = Vec::new();
        for part in sent {
            all.push(part.await.unwrap());
        }
        all
    });
    let more: u64 = parts.iter().zip(&all).map(|(part, measured)| part.events * measured.requests()).sum();
    let durable = wait_for(server, stored + more, start);
    let after = cpu();
    let bytes = (server.bytes() as f64 - bytes as f64) / more as f64;
    for (number, (part, measured)) in parts.iter().zip(&all).enumerate() {
        let name = if parts.len() == 1 { case.name.clone() } else { format!("{}: {}", case.name, part.name) };
        table::row(&Row {
            name,
            connections: part.stream.connections,
            asked: part.stream.per_second,
            events: (part.events * measured.requests()) as f64
                / if parts.len() == 1 { durable } else { measured.seconds },
            measured,
            process: (number == 0).then(|| (after.0 - before.0, after.1 - before.1, server.most_memory())),
            bytes: (number == 0 && more > 0).then_some(bytes),
        });
    }
    stored + more
}

/// Waits until the database holds so many events, and says when that was, in seconds since the start. More of them is as
/// wrong as fewer.
fn wait_for(server: &Servers, events: u64, start: Instant) -> f64 {
    let stopped = Instant::now();
    loop {
        let (found, at) = (server.events(), start.elapsed().as_secs_f64());
        assert!(found <= events, "{found} events are stored, {events} were sent");
        if found == events {
            return at;
        }
        assert!(stopped.elapsed() < DRAINED, "{found} events are stored, {events} were acknowledged");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Stores what is there before; returns how many events that are.
fn prepare(case: &Case, material: &Material, server: &Servers) -> u64 {
    let others = case.stored / EVENTS_OF_OTHERS;
    let filling = chunks(case.stored, 2_000)
        .map(|numbers| traffic::batch(numbers.map(move |number| traffic::event_of_others(number, others))));
    let sends_events = matches!(case.load, Load::Events(_) | Load::Site);
    let people = if sends_events { PEOPLE } else { 0 };
    let properties = case.properties;
    let identifying = chunks(people, 50)
        .map(|numbers| traffic::batch(numbers.map(move |number| traffic::identify(number, properties))));
    let asks_again = matches!(case.load, Load::KnownUsers | Load::Site);
    let known = if asks_again { material.users.len() as u64 } else { 0 };
    let evaluation = traffic::evaluation_of_known_users(material);
    let request = (0..known).map(|number| evaluation(number));
    waiting(async {
        let mut connection = Connection::open(server.ports[0]).await;
        for request in filling.chain(identifying).chain(request) {
            connection.ask(&request).await;
        }
    });
    case.stored + people + known
}

fn chunks(count: u64, length: usize) -> impl Iterator<Item = std::ops::Range<u64>> {
    (0..count).step_by(length).map(move |start| start..(start + length as u64).min(count))
}

/// One thread: the load must not take more than one of the two cores.
fn waiting<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
