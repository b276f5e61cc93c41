//! The server of the seed: remote evaluation with assignments, flags, ingestion of events, reading.
//!
//! Decisions about flags and events are the domain's (`experiment-wasm`); this program gives it a clock, sockets and a
//! database. It stops on SIGTERM and SIGINT only, after every request under way and every queued assignment.
#![forbid(unsafe_code)]

mod app;
mod arrival;
mod assignments;
mod cache;
mod catalog;
mod clock;
mod config;
mod crowd;
mod key;
mod listen;
mod metrics;
mod options;
mod refusal;
mod routes;
mod store;
mod throttles;
mod writer;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use app::App;
use assignments::Assignments;
use metrics::Metrics;
use options::{Command, Options, USAGE};
use store::{Failure, Store};
use writer::Writer;

/// How often changes of flags by other replicas are looked for.
const FLAGS_CHECK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    // What a panic says may quote a request: only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(place = panic.location().map(ToString::to_string), "a panic");
    }));
    match options::read(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Command::Serve(options)) => finished(run(options)),
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn finished(outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read(&options.config).map_err(|error| format!("{}: {error}", options.config.display()))?;
    let config = config::read(&text)?;
    let store = Store::open(&options.database).await?;
    let metrics = Arc::new(Metrics::new());
    let (writer, writing) = Writer::start(store.clone(), Arc::clone(&metrics));
    let (assignments, tracking) = Assignments::start(writer.clone(), Arc::clone(&metrics));
    let app = Arc::new(App::new(store.clone(), writer, assignments, Arc::clone(&metrics), config).await?);
    let listener = TcpListener::bind((options.host, options.port)).await?;
    let mut said = format!("listening on http://{}", listener.local_addr()?);
    let showing = show(&options, &metrics, &mut said).await?;
    // In one write: whoever reads the first line may close the pipe before a second.
    println!("{said}");
    let checking = tokio::spawn(check_flags(Arc::clone(&app)));
    let router = routes::router(app, options.www.as_deref());
    listen::serve(listener, router, metrics.connections_open.clone(), stop_signal()?).await;
    checking.abort();
    let _aborted = checking.await;
    // Every handle of the queues is gone now: what waits in them is stored, then they end.
    tracking.await?;
    writing.await?;
    showing.await?;
    store.close().await;
    Ok(())
}

/// Shows the metrics where it was asked for, and says so, until the process is asked to stop.
async fn show(options: &Options, metrics: &Arc<Metrics>, said: &mut String) -> Result<JoinHandle<()>, std::io::Error> {
    let Some(port) = options.metrics_port else { return Ok(tokio::spawn(async {})) };
    let listener = TcpListener::bind((options.host, port)).await?;
    *said += &format!("\nmetrics on http://{}", listener.local_addr()?);
    let router = metrics::router(Arc::clone(metrics));
    Ok(tokio::spawn(listen::serve(listener, router, Gauge::default(), stop_signal()?)))
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

/// Ready when the process is asked to stop.
fn stop_signal() -> Result<impl Future<Output = ()>, std::io::Error> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
