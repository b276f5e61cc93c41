//! The server: remote evaluation with assignments, flags, ingestion of events, reading.
//!
//! Decisions about flags and events are the domain's (`experiment-wasm`); this program gives it a clock, sockets and a
//! database. It stops when a signal asks it to, after every request under way and every queued assignment.
#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "a program has no public API: `pub` is for its other modules")]

mod allocator;
mod app;
mod check;
mod clock;
mod compression;
mod config;
mod database_address;
mod evaluation;
mod http;
mod in_flight;
mod key;
mod logging;
mod metrics;
mod options;
mod output;
mod position;
mod project;
mod reload;
mod routes;
mod shared_answer;
mod stop;
mod store;
mod throttles;
mod wrong_keys;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::task::JoinHandle;

use app::App;
use database_address::DatabaseAddress;
use evaluation::tracking_queue::TrackingQueue;
use http::listeners::Listeners;
use http::server;
use metrics::Metrics;
use options::{Command, Options, USAGE, VERSION};
use output::{complain, say};
use reload::Reloads;
use stop::Stop;
use store::retention::Expiry;
use store::writer::Writer;
use store::{Failure, Location, Store, conversion, deletion, experiment_names, free_pages, freeing, retention};

/// How often changes of flags by other replicas are looked for.
const FLAGS_CHECK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // The message of a panic may quote a request: only its location is logged.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(place = panic.location().map(ToString::to_string), "a panic");
    }));
    match options::read(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            say(USAGE);
            ExitCode::SUCCESS
        }
        Ok(Command::Version) => {
            say(format_args!("experiment-server {VERSION}"));
            ExitCode::SUCCESS
        }
        Ok(Command::Check(file)) => match check::check(&file) {
            Ok(described) => {
                say(described);
                ExitCode::SUCCESS
            }
            Err(wrong) => finished(Err(wrong.into())),
        },
        Ok(Command::Copy { from, to }) => finished(copy(&from, &to)),
        Ok(Command::Serve(options)) => {
            let started = logging::start().map(|()| allocator::bound());
            finished(started.map_err(Into::into).and_then(|()| run(options)))
        }
        Err(error) => {
            complain(format_args!("{error}\n\n{USAGE}"));
            ExitCode::FAILURE
        }
    }
}

fn finished(outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

/// Copies a database, and says the number of rows of each table when they are written.
#[tokio::main(flavor = "current_thread")]
async fn copy(from: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let from = Location::of(from).map_err(|wrong| format!("FROM {wrong}"))?;
    let to = Location::of(to).map_err(|wrong| format!("TO {wrong}"))?;
    store::copy::copy(&from, &to, |table, rows| say(format_args!("{table}: {rows} rows"))).await?;
    say(format_args!("copied {from} to {to}"));
    Ok(())
}

/// A server that listens.
struct Started {
    app: Arc<App>,
    listeners: Listeners,
    metrics_listeners: Option<Listeners>,
    /// What stores what waits, until every handle of the queues is gone.
    storing: [JoinHandle<()>; 2],
    /// The database, without its password.
    database: String,
}

#[tokio::main]
async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let (stop, reloads) = (Stop::listen()?, Reloads::listen()?);
    let started = tokio::select! {
        started = start(&options) => started?,
        // No event has been acknowledged yet.
        () = stop.clone().asked() => return Ok(()),
    };
    serve(started, &options, &stop, reloads).await
}

async fn start(options: &Options) -> Result<Started, Box<dyn Error>> {
    let config = config::load(&options.config)?;
    if let Some(www) = options.www.as_deref() {
        std::fs::read_dir(www).map_err(|error| format!("--www {}: {error}", www.display()))?;
    }
    let address = DatabaseAddress::find(options.database.as_ref(), std::env::var_os(database_address::VARIABLE))?;
    let database = Location::of(&address.url).map_err(|wrong| format!("{} {wrong}", address.source))?.to_string();
    let store = Store::open(&address.url).await?;
    if store.forgets() {
        tracing::warn!("the database is in memory: when the server ends, everything is forgotten (see --database)");
    }
    let metrics = Arc::new(Metrics::new());
    let (writer, writing) = Writer::start(store.clone(), Arc::clone(&metrics));
    let (tracking_queue, tracking) = TrackingQueue::start(writer.clone(), Arc::clone(&metrics));
    let opened = store.clone();
    let app = App::new(store, writer, tracking_queue, metrics, config).await;
    let app = Arc::new(app.map_err(|error| config::located(&options.config, opened.named(error)))?);
    let listeners = Listeners::bind("--port", &options.host, options.port).await?;
    let metrics_listeners = match options.metrics_port {
        Some(port) => Some(Listeners::bind("--metrics-port", &options.host, port).await?),
        None => None,
    };
    Ok(Started { app, listeners, metrics_listeners, storing: [tracking, writing], database })
}

async fn serve(started: Started, options: &Options, stop: &Stop, reloads: Reloads) -> Result<(), Box<dyn Error>> {
    let Started { app, listeners, metrics_listeners, storing, database } = started;
    let said = said(&listeners, metrics_listeners.as_ref())?;
    let addresses: Vec<_> = listeners.addresses()?.iter().map(ToString::to_string).collect();
    tracing::info!(version = VERSION, address = addresses.join(", "), database, "started");
    let (store, connections) = (app.store.clone(), app.metrics.connections_open.clone());
    let showing = metrics_listeners.map(|listeners| {
        let router = routes::metrics::router(Arc::clone(&app.metrics));
        tokio::spawn(server::serve(listeners, router, Gauge::default(), stop.clone().asked()))
    });
    // In one write: a reader of the first line may close the pipe before a second.
    say(said);
    let background = [
        tokio::spawn(check_flags(Arc::clone(&app))),
        tokio::spawn(conversion::run(store.clone(), Arc::clone(&app.metrics))),
        tokio::spawn(reloads.follow(Arc::clone(&app), options.config.clone())),
        tokio::spawn(freeing::run(store.clone())),
        tokio::spawn(deletion::run(store.clone())),
        tokio::spawn(retention::run(store.clone(), expiries(Arc::clone(&app)))),
        tokio::spawn(free_pages::run(store.clone())),
        tokio::spawn(experiment_names::watch(store.clone(), Arc::clone(&app.metrics))),
    ];
    let router = routes::router(app, options.www.as_deref(), options.access_log);
    server::serve(listeners, router, connections, stop.clone().asked()).await;
    for task in background {
        task.abort();
        let _aborted = task.await;
    }
    // Every handle of the queues is gone now: what waits in them is stored, then they end.
    for storing in storing {
        storing.await?;
    }
    if let Some(showing) = showing {
        showing.await?;
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What is said of where the server listens.
fn said(listeners: &Listeners, metrics: Option<&Listeners>) -> Result<String, std::io::Error> {
    let mut lines: Vec<_> = listeners.addresses()?.iter().map(|at| format!("listening on http://{at}")).collect();
    for at in metrics.map_or(Ok(Vec::new()), Listeners::addresses)? {
        lines.push(format!("metrics on http://{at}"));
    }
    Ok(lines.join("\n"))
}

/// What expires now, by the configuration that is in force.
fn expiries(app: Arc<App>) -> impl Fn() -> Vec<Expiry> {
    move || app.expiries(clock::now())
}

async fn check_flags(app: Arc<App>) {
    let mut ticks = tokio::time::interval(FLAGS_CHECK);
    loop {
        ticks.tick().await;
        if let Err(error) = app.refresh().await {
            tracing::warn!(error = %Failure(&error), "the flags could not be looked at");
            app.metrics.flag_check_failures.inc();
        }
    }
}
