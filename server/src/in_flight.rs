//! Work that is under way, so that one can wait for the end of all that was begun before a moment.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A kind of work.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Shared>);

#[derive(Default)]
struct Shared {
    numbers: Mutex<Numbers>,
    ended: Notify,
}

#[derive(Default)]
struct Numbers {
    next: u64,
    open: BTreeSet<u64>,
}

/// One piece of work, which ends when this is dropped.
pub struct Begun {
    shared: Arc<Shared>,
    number: u64,
}

impl InFlight {
    /// Begins a piece of work.
    pub fn begin(&self) -> Begun {
        let mut numbers = self.0.numbers();
        let number = numbers.next;
        numbers.next += 1;
        numbers.open.insert(number);
        Begun { shared: Arc::clone(&self.0), number }
    }

    /// Waits until everything has ended that was begun before.
    pub async fn ended(&self) {
        let before = self.0.numbers().next;
        loop {
            let mut ended = pin!(self.0.ended.notified());
            ended.as_mut().enable();
            if self.0.numbers().open.first().is_none_or(|first| *first >= before) {
                return;
            }
            ended.await;
        }
    }
}

impl Shared {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.shared.numbers().open.remove(&self.number);
        self.shared.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn what_was_begun_before_is_waited_for_and_nothing_else() {
        let work = InFlight::default();
        work.ended().await;
        let (first, second) = (work.begin(), work.begin());
        let mut ended = pin!(work.ended());
        assert!(ended.as_mut().now_or_never().is_none());
        let _later = work.begin();
        drop(second);
        assert!(ended.as_mut().now_or_never().is_none());
        drop(first);
        ended.await;
    }
}
