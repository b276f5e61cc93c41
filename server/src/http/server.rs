//! Sockets: accepts connections, bounds what each may cost, and stops without breaking a request.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::gauge::Gauge;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

use super::connections::{ConnectionLimit, Slot};
use super::listeners::Listeners;

/// How many connections are open at once; for one more, the idlest is closed. Each costs at most its read buffer.
const MOST_CONNECTIONS: usize = 4_096;

/// How many files are open beside the connections, at most: the database's and those of the page.
const OTHER_FILES: u64 = 128;

/// The read buffer of a connection, in bytes, and with it the size of all headers: twice the largest header that is
/// read.
const BUFFER_BYTES: usize = 32 << 10;

/// How long headers may take, and how long a connection may be idle between requests.
const HEADER_WAIT: Duration = Duration::from_secs(10);

/// How long a client may read nothing of an answer that waits for it.
const READER_WAIT: Duration = Duration::from_secs(10);

/// How long requests under way may take when the server stops.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// How long accepting rests after the system refused a socket, which happens when it has no more of them.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Serves until `stop` is ready, then finishes what was begun. Connections are counted while they are open.
pub async fn serve(mut listeners: Listeners, router: Router, connections: Gauge, stop: impl Future<Output = ()>) {
    let limit = ConnectionLimit::new(most_connections(), connections);
    let graceful = GracefulShutdown::new();
    let (alive, stopped) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let socket = listeners.accept().await?;
            Ok::<_, std::io::Error>((socket, limit.acquire().await))
        };
        tokio::select! {
            () = &mut stop => break,
            accepted = accepted => match accepted {
                Ok((socket, slot)) => connect(socket, (slot, stopped.clone()), router.clone(), &graceful),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    limit.close_idlest();
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            },
        }
    }
    drop(listeners);
    if timeout(STOP_WAIT, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests took too long and were broken off");
    }
    drop(alive);
}

/// As many as the system gives files for, after it was asked for all that it may give.
fn most_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let files = match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    let slots = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES)).max(1);
    usize::try_from(slots).unwrap_or(usize::MAX).min(MOST_CONNECTIONS)
}

/// Serves a connection in the background, until it ends, `stopped` does, or its slot is needed.
fn connect(
    socket: TcpStream,
    (slot, mut stopped): (Slot, watch::Receiver<()>),
    router: Router,
    graceful: &GracefulShutdown,
) {
    // Answers are small and leave in one write; waiting for more to send only delays them.
    let _unsupported = socket.set_nodelay(true);
    let mut socket = TimeoutStream::new(slot.watch(socket));
    socket.set_write_timeout(Some(READER_WAIT));
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEADER_WAIT).max_buf_size(BUFFER_BYTES);
    let connection = protocol.serve_connection(TokioIo::new(Box::pin(socket)), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            // A client may break off in any way.
            _ = connection => {}
            _ = stopped.changed() => {}
            () = slot.closed() => {}
        }
    });
}
