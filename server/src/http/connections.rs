//! The limit on open connections. When all slots are taken, the connection that was idle for longest is closed, so that
//! idle connections cannot keep others out. A request takes milliseconds: a client that sends a byte a second, or does
//! not read its answer, is always the first to be closed.

use std::collections::BTreeMap;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::clock;

/// The open connections, by number: a lower one was opened earlier.
pub struct ConnectionLimit {
    slots: Arc<Semaphore>,
    connections: Mutex<(u64, BTreeMap<u64, Arc<Connection>>)>,
    /// How many slots are taken.
    open: Gauge,
}

/// A connection as the limit sees it.
struct Connection {
    /// When a byte last came or left, on the monotonic clock.
    last_activity: AtomicU64,
    close: Notify,
}

/// A slot of the limit, free again when this is dropped.
pub struct Slot {
    limit: Arc<ConnectionLimit>,
    number: u64,
    connection: Arc<Connection>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// A socket that records when a byte comes or leaves.
pub struct ActivityStream {
    socket: TcpStream,
    connection: Arc<Connection>,
}

impl ConnectionLimit {
    /// No connections yet. The gauge shows how many slots are taken.
    pub fn new(slots: usize, open: Gauge) -> Arc<Self> {
        Arc::new(Self { slots: Arc::new(Semaphore::new(slots)), connections: Mutex::default(), open })
    }

    /// Takes a slot. When none is free, closes the idlest connection and waits for its slot.
    pub async fn acquire(self: &Arc<Self>) -> Slot {
        if self.slots.available_permits() == 0 {
            self.close_idlest();
        }
        let permit = Arc::clone(&self.slots).acquire_owned().await.ok();
        let connection = Arc::new(Connection { last_activity: AtomicU64::new(clock::mono()), close: Notify::new() });
        let mut connections = self.connections();
        connections.0 += 1;
        let number = connections.0;
        connections.1.insert(number, Arc::clone(&connection));
        drop(connections);
        self.open.inc();
        Slot { limit: Arc::clone(self), number, connection, _permit: permit }
    }

    /// Closes the connection that was idle for longest.
    pub fn close_idlest(&self) {
        let mut connections = self.connections();
        let idlest =
            connections.1.iter().min_by_key(|(_, connection)| connection.last_activity.load(Ordering::Relaxed));
        let Some(number) = idlest.map(|(number, _)| *number) else { return };
        if let Some(connection) = connections.1.remove(&number) {
            connection.close.notify_one();
        }
    }

    fn connections(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Connection>>)> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Records the activity on this socket from now on.
    pub fn watch(&self, socket: TcpStream) -> ActivityStream {
        ActivityStream { socket, connection: Arc::clone(&self.connection) }
    }

    /// Ready when the connection is to be closed.
    pub async fn closed(&self) {
        self.connection.close.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.limit.connections().1.remove(&self.number);
        self.limit.open.dec();
    }
}

impl ActivityStream {
    fn record_activity<T>(&self, poll: Poll<T>) -> Poll<T> {
        if poll.is_ready() {
            self.connection.last_activity.store(clock::mono(), Ordering::Relaxed);
        }
        poll
    }
}

impl AsyncRead for ActivityStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_read(context, buffer);
        self.record_activity(poll)
    }
}

impl AsyncWrite for ActivityStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.record_activity(poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(context, parts);
        self.record_activity(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn is_closed(slot: &Slot) -> bool {
        timeout(Duration::from_millis(1), slot.closed()).await.is_ok()
    }

    #[tokio::test]
    async fn the_idlest_connection_is_closed_for_a_new_one() {
        let limit = ConnectionLimit::new(2, Gauge::default());
        let (first, second) = (limit.acquire().await, limit.acquire().await);
        first.connection.last_activity.store(20, Ordering::Relaxed);
        second.connection.last_activity.store(10, Ordering::Relaxed);
        let waiting = tokio::spawn({
            let limit = Arc::clone(&limit);
            async move { limit.acquire().await }
        });
        assert!(timeout(Duration::from_secs(9), second.closed()).await.is_ok());
        assert!(!waiting.is_finished(), "the slot is still taken");
        drop(second);
        let third = waiting.await.unwrap();
        assert!(!is_closed(&first).await && !is_closed(&third).await);
        drop((first, third));
        assert!(limit.connections().1.is_empty());
        assert_eq!(limit.open.get(), 0);
    }
}
