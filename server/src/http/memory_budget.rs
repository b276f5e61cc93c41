//! The memory budget for request bodies, and for responses that are made for one reader. A request waits until there is
//! memory; it is not refused.
//!
//! Bodies of a page, small bodies, large bodies and users have budgets of their own, so that larger bodies never delay
//! smaller ones, and a slow store never delays evaluation. A permit covers the whole body and is taken before the body is read: no request
//! holds a part and waits for more. A slow body moves to the budget for slow bodies; when that is full, the request is
//! refused.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest body that counts as small, in bytes: the limit of every route but `/batch`.
pub const SMALL_BYTES: usize = 1 << 20;

/// The largest body that counts as a page's: what the SDKs send at once.
const PAGE_BYTES: usize = 16 << 10;

/// The largest user in a body, in bytes; the largest in a header is a sixteenth of it.
pub const USER_BYTES: usize = 256 << 10;

/// How many values of changes a request may bring: 65 for each of 2,000 events. All other values are kept as text.
pub const MOST_CHANGED: usize = 1 << 17;

/// What a value takes beside its text, in bytes: a name and a value of 24 each, and two allocations of 32.
const VALUE_BYTES: usize = 112;

/// How often a body's bytes are held: as it came, as the text of its events, and as arguments of statements.
const COPIES: usize = 3;

/// The budget of one kind of body, in KiB.
pub struct MemoryBudget {
    read: Semaphore,
    work: Semaphore,
    slow: Semaphore,
    sizes: Sizes,
}

/// The sizes of its parts, in KiB.
struct Sizes {
    read: usize,
    work: usize,
    slow: usize,
}

/// A part of a budget, free again when this is dropped.
pub type Permit = SemaphorePermit<'static>;

// Of each the work is what the largest body takes that is all values; of usual bodies it is many.
static USERS: MemoryBudget = MemoryBudget::new(Sizes { read: 2 << 10, work: 15 << 10, slow: 1 << 10 });
/// Nearly all of a page's body is read before a permit is asked for.
static PAGE: MemoryBudget = MemoryBudget::new(Sizes { read: 256, work: 8 << 10, slow: 256 });
static SMALL: MemoryBudget = MemoryBudget::new(Sizes { read: 4 << 10, work: 18 << 10, slow: 6 << 10 });
/// One of the largest is read while another is worked on, and a third comes slowly.
static LARGE: MemoryBudget = MemoryBudget::new(Sizes { read: 20 << 10, work: 75 << 10, slow: 20 << 10 });

/// Four times the largest set of flags seen in the field, in KiB.
const ANSWERS_KIB: usize = 16 << 10;
static ANSWERS: Semaphore = Semaphore::const_new(ANSWERS_KIB);

/// How much of stored events is held until its reader took it, by all readers together, in KiB: the largest event that
/// is read, and many of the usual pieces.
const HELD_KIB: usize = 16 << 10;
static HELD: Semaphore = Semaphore::const_new(HELD_KIB);

/// What is taken while pieces of stored events are read and written as JSON, in KiB: two of the usual size that are all
/// values. What is larger than a small body takes the budget of large ones.
const READING_KIB: usize = 18 << 10;
static READING: Semaphore = Semaphore::const_new(READING_KIB);

impl MemoryBudget {
    const fn new(sizes: Sizes) -> Self {
        let [read, work, slow] = [sizes.read, sizes.work, sizes.slow];
        Self {
            read: Semaphore::const_new(read),
            work: Semaphore::const_new(work),
            slow: Semaphore::const_new(slow),
            sizes,
        }
    }

    /// The budget for a body of so many bytes on a route with this limit.
    pub fn of(bytes: usize, limit: usize) -> &'static Self {
        match bytes {
            _ if limit <= USER_BYTES => &USERS,
            _ if bytes <= PAGE_BYTES => &PAGE,
            0..=SMALL_BYTES => &SMALL,
            _ => &LARGE,
        }
    }

    /// Waits until so many bytes may be read.
    pub async fn to_read(&'static self, bytes: usize) -> Option<Permit> {
        take(&self.read, bytes, self.sizes.read).await
    }

    /// A permit for the rest of the time that a slow body of so many bytes takes, if there is one now.
    pub fn for_slow(&'static self, bytes: usize) -> Option<Permit> {
        self.slow.try_acquire_many(kibibytes(bytes, self.sizes.slow)).ok()
    }

    /// Waits until a body of so many bytes and values may be taken apart.
    pub async fn to_work(&'static self, bytes: usize, values: usize) -> Option<Permit> {
        take(&self.work, taken(bytes, values), self.sizes.work).await
    }
}

/// Waits until an answer of so many bytes may be made. It is for those that are not kept for others too.
pub async fn to_answer(bytes: usize) -> Option<Permit> {
    take(&ANSWERS, bytes, ANSWERS_KIB).await
}

/// Waits until so many bytes of stored events may be held for a reader.
pub async fn to_hold_events(bytes: usize) -> Option<Permit> {
    take(&HELD, bytes, HELD_KIB).await
}

/// Waits until so many bytes of stored events may be read. A reader who waits for it may hold the permit above; one who
/// has it waits for the database only, or, where an event is large, for large bodies that are being stored.
pub async fn to_read_events(bytes: usize) -> Option<Permit> {
    let values = bytes / 2;
    if bytes > SMALL_BYTES {
        return LARGE.to_work(bytes, values).await;
    }
    take(&READING, taken(bytes, values), READING_KIB).await
}

/// What so many bytes with so many values take while they are worked on.
fn taken(bytes: usize, values: usize) -> usize {
    bytes * COPIES + values.min(MOST_CHANGED) * VALUE_BYTES
}

/// Takes a permit. More than the whole budget counts as the whole budget.
async fn take(budget: &'static Semaphore, bytes: usize, most: usize) -> Option<Permit> {
    // It is never closed.
    budget.acquire_many(kibibytes(bytes, most)).await.ok()
}

fn kibibytes(bytes: usize, most: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10).min(most)).unwrap_or(u32::MAX)
}
