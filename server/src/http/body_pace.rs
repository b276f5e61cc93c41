//! The slowest pace of a body that is accepted: that of the slowest networks in use, and for a minute at most.

use std::time::Duration;

use tokio::time::Instant;

/// How long a body may take once it has room. A megabyte takes 20 seconds at 50 KB/s.
const LONGEST: Duration = Duration::from_secs(60);

/// How many bytes must come in a second, on average: a third of what 2G gives.
const BYTES_PER_SECOND: f64 = 10_000.0;

/// How long a body that was fast enough may stand still: a tunnel, a change of cells.
pub const STILL_WAIT: Duration = Duration::from_secs(2);

/// Until when more of a body must come.
pub struct Pace {
    end: Instant,
    due: Instant,
}

impl Pace {
    /// Nothing has come yet.
    pub fn new(now: Instant) -> Self {
        Self { end: now + LONGEST, due: now + STILL_WAIT }
    }

    /// Some bytes came: so much later must the next ones. What came quickly is no credit for standing still.
    pub fn came(&mut self, bytes: usize, now: Instant) {
        let earned = Duration::from_secs_f64(bytes as f64 / BYTES_PER_SECOND);
        self.due = (self.due + earned).min(now + STILL_WAIT);
    }

    /// When a body of which nothing more comes is too slow.
    pub fn deadline(&self) -> Instant {
        self.due.min(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many seconds a body is given up of which so many bytes come every so many milliseconds.
    fn given_up_after(bytes: usize, millis: u64) -> u64 {
        let start = Instant::now();
        let (mut pace, mut now) = (Pace::new(start), start);
        loop {
            now += Duration::from_millis(millis);
            if now >= pace.deadline() {
                return (pace.deadline() - start).as_secs();
            }
            pace.came(bytes, now);
        }
    }

    #[test]
    fn ten_kilobytes_a_second_may_come_for_a_minute_and_less_may_not() {
        for (bytes, millis) in [(10_000, 1_000), (50_000, 1_000), (500, 50), (18_000, 1_800), (1_000_000, 1_000)] {
            assert_eq!(given_up_after(bytes, millis), 60, "{bytes} bytes every {millis} ms");
        }
        assert_eq!(given_up_after(9_000, 1_000), 11);
        assert_eq!(given_up_after(5_000, 1_000), 3);
        assert_eq!(given_up_after(100, 100), 2);
    }

    #[test]
    fn what_came_quickly_is_no_credit() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.came(10_000_000, start);
        assert_eq!(pace.deadline(), start + STILL_WAIT);
    }
}
