//! The open connections. When all places are taken, the connection on which nothing moved for longest gives up its own, so
//! that nobody who holds connections and does not use them keeps others out. A request takes milliseconds: who sends a byte
//! a second, waits for nothing or does not read is always the first to go.

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

/// Who is here, by number: the lower came first.
pub struct Crowd {
    places: Arc<Semaphore>,
    present: Mutex<(u64, BTreeMap<u64, Arc<Guest>>)>,
    /// How many places are taken.
    open: Gauge,
}

/// A connection as the crowd sees it.
struct Guest {
    /// When a byte last came or left, on the monotonic clock.
    moved: AtomicU64,
    go: Notify,
}

/// A place, free again when this is dropped.
pub struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    guest: Arc<Guest>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// A socket that notes when a byte moves.
pub struct Noted {
    socket: TcpStream,
    guest: Arc<Guest>,
}

impl Crowd {
    /// Nobody yet. How many places are taken is told to the gauge.
    pub fn new(places: usize, open: Gauge) -> Arc<Self> {
        Arc::new(Self { places: Arc::new(Semaphore::new(places)), present: Mutex::default(), open })
    }

    /// A place; where none is free, the one of whom nothing was heard for longest.
    pub async fn enter(self: &Arc<Self>) -> Place {
        if self.places.available_permits() == 0 {
            self.dismiss();
        }
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        let guest = Arc::new(Guest { moved: AtomicU64::new(clock::mono()), go: Notify::new() });
        let mut present = self.present();
        present.0 += 1;
        let number = present.0;
        present.1.insert(number, Arc::clone(&guest));
        drop(present);
        self.open.inc();
        Place { crowd: Arc::clone(self), number, guest, _permit: permit }
    }

    /// Sends away whoever was silent for longest.
    pub fn dismiss(&self) {
        let mut present = self.present();
        let silent = present.1.iter().min_by_key(|(_, guest)| guest.moved.load(Ordering::Relaxed));
        let Some(number) = silent.map(|(number, _)| *number) else { return };
        if let Some(guest) = present.1.remove(&number) {
            guest.go.notify_one();
        }
    }

    fn present(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Guest>>)> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Notes from now on when a byte moves on this socket.
    pub fn of(&self, socket: TcpStream) -> Noted {
        Noted { socket, guest: Arc::clone(&self.guest) }
    }

    /// Ready when somebody else needs the place.
    pub async fn dismissed(&self) {
        self.guest.go.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.present().1.remove(&self.number);
        self.crowd.open.dec();
    }
}

impl Noted {
    fn note<T>(&self, moved: Poll<T>) -> Poll<T> {
        if moved.is_ready() {
            self.guest.moved.store(clock::mono(), Ordering::Relaxed);
        }
        moved
    }
}

impl AsyncRead for Noted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let moved = Pin::new(&mut self.socket).poll_read(context, buffer);
        self.note(moved)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let moved = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.note(moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let moved = Pin::new(&mut self.socket).poll_write_vectored(context, parts);
        self.note(moved)
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

    async fn is_sent_away(place: &Place) -> bool {
        timeout(Duration::from_millis(1), place.dismissed()).await.is_ok()
    }

    #[tokio::test]
    async fn who_was_silent_for_longest_makes_room() {
        let crowd = Crowd::new(2, Gauge::default());
        let (first, second) = (crowd.enter().await, crowd.enter().await);
        first.guest.moved.store(20, Ordering::Relaxed);
        second.guest.moved.store(10, Ordering::Relaxed);
        let waiting = tokio::spawn({
            let crowd = Arc::clone(&crowd);
            async move { crowd.enter().await }
        });
        assert!(timeout(Duration::from_secs(9), second.dismissed()).await.is_ok());
        assert!(!waiting.is_finished(), "the place is still taken");
        drop(second);
        let third = waiting.await.unwrap();
        assert!(!is_sent_away(&first).await && !is_sent_away(&third).await);
        drop((first, third));
        assert!(crowd.present().1.is_empty());
        assert_eq!(crowd.open.get(), 0);
    }
}
