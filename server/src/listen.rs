//! Sockets: accepts connections, bounds what each may cost, and stops without breaking a request.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// How many connections are open at once; others wait in the listener's queue. Each costs at most its read buffer.
const MOST_CONNECTIONS: usize = 4_096;

/// The read buffer of a connection, in bytes, and with it the size of all headers: twice the largest header that is read.
const BUFFER_BYTES: usize = 32 << 10;

/// How long headers may take, and how long a connection may be idle between requests.
const HEADER_WAIT: Duration = Duration::from_secs(10);

/// How long requests under way may take when the server stops.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// How long accepting rests after the system refused a socket, which happens when it has no more of them.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// A connection that counts as open while this lives.
struct Counted(Gauge);

impl Counted {
    fn new(connections: &Gauge) -> Self {
        connections.inc();
        Self(connections.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Serves until `stop` is ready, then finishes what was begun. Connections are counted while they are open.
pub async fn serve(listener: TcpListener, router: Router, connections: Gauge, stop: impl Future<Output = ()>) {
    let open = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let (alive, stopped) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let permit = Arc::clone(&open).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = &mut stop => break,
            (socket, permit) = accepted => match socket {
                Ok((socket, _)) => {
                    let held = (permit, Counted::new(&connections));
                    connect(socket, (held, stopped.clone()), router.clone(), &graceful);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            },
        }
    }
    drop(listener);
    if timeout(STOP_WAIT, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests took too long and were broken off");
    }
    drop(alive);
}

/// Runs a connection in the background, until it ends or `stopped` does; the permit is given back then.
fn connect<P: Send + 'static>(
    socket: TcpStream,
    (permit, mut stopped): (P, watch::Receiver<()>),
    router: Router,
    graceful: &GracefulShutdown,
) {
    // Answers are small and leave in one write; waiting for more to send only delays them.
    let _unsupported = socket.set_nodelay(true);
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEADER_WAIT).max_buf_size(BUFFER_BYTES);
    let connection = protocol.serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            // How a client breaks off is its own business.
            _ = connection => {}
            _ = stopped.changed() => {}
        }
        drop(permit);
    });
}
