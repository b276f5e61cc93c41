//! Signals that stop the server. One listener for the whole process is installed before the server says that it
//! listens, so that no signal is missed and none stops only a part.
//!
//! SIGTERM, SIGINT and SIGHUP ask it to finish. A further signal a second later or more ends it at once: a person does
//! not want to wait. A sooner one is the same request twice, as when a terminal and a shell both signal their
//! processes.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// For how long a further signal belongs to the first.
const SAME_REQUEST: Duration = Duration::from_secs(1);

/// A process that was ended before it had finished. (The number of SIGINT over 128, as shells have it.)
const BROKEN_OFF: i32 = 130;

/// Says when the process was asked to stop.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Hears what is asked from now on.
    pub fn listen() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        let (ask, asked) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = heard(&mut hangup) => {}
            }
            ask.send_replace(true);
            end_when_asked_again(&mut terminate, &mut interrupt).await;
        });
        Ok(Self(asked))
    }

    /// Ready when the process was asked to stop, now or before.
    pub async fn asked(mut self) {
        // No signal arrives any more when the runtime ends.
        let _ended = self.0.wait_for(|asked| *asked).await;
    }
}

async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

async fn end_when_asked_again(terminate: &mut Signal, interrupt: &mut Signal) {
    let first = Instant::now();
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if first.elapsed() >= SAME_REQUEST {
            tracing::error!("asked to stop once more: requests under way and assignments that wait are broken off");
            std::process::exit(BROKEN_OFF);
        }
    }
}

/// `nohup` starts a program that is to outlive its terminal with SIGHUP ignored, and so it stays.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal 1.
    ignored.is_some_and(|mask| mask & 1 == 1)
}
