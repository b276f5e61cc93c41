//! How much of all bodies, and of the answers that are made for one reader, is in memory at once. Who finds no room waits; nobody is refused for it.
//!
//! Bodies are divided by size, and users from events, so that many large ones never stand in the way of small ones, nor a
//! store that is held up in the way of evaluation. Room is taken for a whole body before it is read, never piece by piece:
//! nobody holds some of it and waits for more. Bodies that turn out to come slowly move to a share of their own, so that
//! others go on; who finds that share full has come too slowly.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest body that counts as small, in bytes: the limit of every route but `/batch`.
pub const SMALL_BYTES: usize = 1 << 20;

/// The largest user in a body, in bytes; the largest in a header is a sixteenth of it.
pub const USER_BYTES: usize = 256 << 10;

/// How many values of changes a request may bring: 65 for each of 2,000 events. All other values are kept as text.
pub const MOST_CHANGED: usize = 1 << 17;

/// What a value takes beside its text, in bytes: a name and a value of 24 each, and two allocations of 32.
const VALUE_BYTES: usize = 112;

/// How often a body's bytes are held: as it came, as the text of its events, and as arguments of statements.
const COPIES: usize = 3;

/// Room of one kind, in KiB.
pub struct Room {
    read: Semaphore,
    work: Semaphore,
    slow: Semaphore,
    most: Shares,
}

/// How much there is of each kind, in KiB.
struct Shares {
    read: usize,
    work: usize,
    slow: usize,
}

/// Some room, free again when this is dropped.
pub type Held = SemaphorePermit<'static>;

static USERS: Room = Room::new(Shares { read: 3 << 10, work: 24 << 10, slow: 1 << 10 });
static SMALL: Room = Room::new(Shares { read: 8 << 10, work: 48 << 10, slow: 8 << 10 });
/// One of the largest is read while another is worked on, and a third comes slowly.
static LARGE: Room = Room::new(Shares { read: 20 << 10, work: 75 << 10, slow: 20 << 10 });

/// Ten times the largest set of flags seen in the field, in KiB.
const MOST_ANSWERS: usize = 40 << 10;
static ANSWERS: Semaphore = Semaphore::const_new(MOST_ANSWERS);

impl Room {
    const fn new(most: Shares) -> Self {
        let [read, work, slow] = [most.read, most.work, most.slow];
        Self {
            read: Semaphore::const_new(read),
            work: Semaphore::const_new(work),
            slow: Semaphore::const_new(slow),
            most,
        }
    }

    /// The room for a body of so many bytes on a route with this limit.
    pub fn of(bytes: usize, limit: usize) -> &'static Self {
        match bytes {
            _ if limit <= USER_BYTES => &USERS,
            0..=SMALL_BYTES => &SMALL,
            _ => &LARGE,
        }
    }

    /// Waits until so many bytes may be read.
    pub async fn to_read(&'static self, bytes: usize) -> Option<Held> {
        take(&self.read, bytes, self.most.read).await
    }

    /// Room for the rest of the time that a slow body of so many bytes takes, if there is some now.
    pub fn for_slow(&'static self, bytes: usize) -> Option<Held> {
        self.slow.try_acquire_many(kibibytes(bytes, self.most.slow)).ok()
    }

    /// Waits until a body of so many bytes may be taken apart.
    pub async fn to_work(&'static self, bytes: usize) -> Option<Held> {
        let values = (bytes / 2).min(MOST_CHANGED);
        take(&self.work, bytes * COPIES + values * VALUE_BYTES, self.most.work).await
    }
}

/// Waits until an answer of so many bytes may be made. It is for those that are not kept for others too.
pub async fn to_answer(bytes: usize) -> Option<Held> {
    take(&ANSWERS, bytes, MOST_ANSWERS).await
}

/// What takes more than there is has all of it to itself.
async fn take(room: &'static Semaphore, bytes: usize, most: usize) -> Option<Held> {
    // It is never closed.
    room.acquire_many(kibibytes(bytes, most)).await.ok()
}

fn kibibytes(bytes: usize, most: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10).min(most)).unwrap_or(u32::MAX)
}
