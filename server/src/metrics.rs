//! The metrics of the server, each with its name and its HELP sentence side by side.
//!
//! Labels are closed sets of words of this program, and names of projects. No key, id, event type, flag or property is
//! ever one.

mod labels;
mod requests;

use std::time::{Duration, SystemTime};

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use labels::{Answered, Route};
pub use labels::{OutcomeLabels, ProjectLabel};
pub use requests::{OTHER, known, measured};

/// Seconds: from a hit of the cache to what a body may take.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Events: from a lonely one to a full group and a full request after it.
const EVENTS: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_500.0];

/// Makes `Metrics` of a list. A name is exposed as `experiment_NAME`, counters as `experiment_NAME_total`; the sentence
/// above it is its HELP.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ty = $zero:expr,)+) => {
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $name: $kind,)+
        }

        impl Metrics {
            /// Everything at zero, from now on.
            pub fn new() -> Self {
                let mut registry = Registry::default();
                let own = registry.sub_registry_with_prefix("experiment");
                $(
                    let $name: $kind = $zero;
                    own.register(stringify!($name), sentence(concat!($($help),+)), $name.clone());
                )+
                own.register("build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
                let help = "When the process started, in seconds since 1970";
                registry.register("process_start_time_seconds", help, ConstGauge::new(seconds_now()));
                Self { registry, $($name),+ }
            }
        }
    };
}

metrics! {
    /// Requests that were answered, by the route's pattern, method and status.
    requests: Family<Answered, Counter> = Family::default(),
    /// Seconds from the end of a request's headers to its answer.
    request_duration_seconds: Family<Route, Histogram, fn() -> Histogram> = Family::new_with_constructor(seconds),
    /// Requests of which nothing was taken because a user or device sends too much.
    requests_throttled: Counter = Counter::default(),
    /// Connections that are open, those of this page aside.
    connections_open: Gauge = Gauge::default(),
    /// Events that were sent, by what became of them. What remote evaluation tracks is counted by itself.
    events: Family<OutcomeLabels, Counter> = OutcomeLabels::every(),
    /// Assignments and exposures of remote evaluation that were queued for the store.
    tracked_events: Counter = Counter::default(),
    /// Assignments and exposures that are queued and not stored yet.
    tracked_events_waiting: Gauge = Gauge::default(),
    /// Assignments and exposures that were lost because the server stopped while the store failed.
    tracked_events_lost: Counter = Counter::default(),
    /// Evaluations that were answered from the cache.
    cache_hits: Counter = Counter::default(),
    /// Evaluations that were not in the cache.
    cache_misses: Counter = Counter::default(),
    /// Bytes of answers that the cache keeps.
    cache_bytes: Gauge = Gauge::default(),
    /// Groups of events that were committed.
    writer_groups: Counter = Counter::default(),
    /// Events in each committed group.
    writer_group_events: Histogram = Histogram::new(EVENTS),
    /// Seconds that each commit of a group took, from its beginning to its end on the disk.
    writer_commit_duration_seconds: Histogram = seconds(),
    /// Groups, and requests of a group that failed, which the store did not take.
    writer_failures: Counter = Counter::default(),
    /// Experiment properties that a project has, by the project's name.
    property_names: Family<ProjectLabel, Gauge> = Family::default(),
    /// Experiment properties that are no flag's and can still be made, by the project's name.
    property_names_left: Family<ProjectLabel, Gauge> = Family::default(),
    /// Rows of an earlier version that are not converted yet.
    rows_to_convert: Gauge = Gauge::default(),
    /// Looks for changed flags that failed. While this grows, flags are as old as the last one that did not.
    flag_check_failures: Counter = Counter::default(),
    /// 1 while the stored flags could not be read when they were last looked at, and older ones are in force.
    flags_old: Gauge = Gauge::default(),
    /// Stored flags that are left out, or kept with a fault. The log names them.
    flags_faulty: Gauge = Gauge::default(),
}

impl Metrics {
    /// These events wait no longer and are not stored.
    pub fn lost(&self, events: usize) {
        self.tracked_events_waiting.dec_by(events as i64);
        self.tracked_events_lost.inc_by(events as u64);
    }

    /// A group came to its end.
    pub fn committed(&self, is_stored: bool, events: usize, took: Duration) {
        if is_stored {
            self.writer_groups.inc();
            self.writer_group_events.observe(events as f64);
            self.writer_commit_duration_seconds.observe(took.as_secs_f64());
        } else {
            self.writer_failures.inc();
        }
    }

    /// All of it in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail, and labels are words.
        let _never = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

fn seconds_now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |since| since.as_secs_f64())
}

/// A doc comment as HELP: the library sets the full stop.
fn sentence(doc: &str) -> &str {
    doc.trim().trim_end_matches('.')
}
