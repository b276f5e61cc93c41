//! Signals that stop the server. One listener for the whole process is installed before the server says that it
//! listens, so that no signal is missed and none stops only a part.
//!
//! SIGTERM and SIGINT ask it to finish. A further signal a second later or more ends it at once: a person does
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
        let (ask, asked) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
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
