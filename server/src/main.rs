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

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use app::App;
use assignments::Assignments;
use options::{Command, Options, USAGE};
use store::Store;
use writer::Writer;

/// How often changes of flags by other replicas are looked for.
const FLAGS_CHECK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
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
    let (writer, writing) = Writer::start(store.clone());
    let (assignments, tracking) = Assignments::start(writer.clone());
    let app = Arc::new(App::new(store.clone(), writer, assignments, config).await?);
    let listener = TcpListener::bind((options.host, options.port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let checking = tokio::spawn(check_flags(Arc::clone(&app)));
    listen::serve(listener, routes::router(app, options.www.as_deref()), stop_signal()?).await;
    checking.abort();
    let _aborted = checking.await;
    // Every handle of the queues is gone now: what waits in them is stored, then they end.
    tracking.await?;
    writing.await?;
    store.close().await;
    Ok(())
}

async fn check_flags(app: Arc<App>) {
    let mut ticks = tokio::time::interval(FLAGS_CHECK);
    loop {
        ticks.tick().await;
        if let Err(error) = app.refresh().await {
            tracing::warn!(%error, "the flags could not be looked at");
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
