//! Time, as an argument: two clocks in milliseconds, and the UTC day that events are counted by.

use crate::json::Text;

/// One moment on both clocks, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since 1970-01-01T00:00Z. Events and days run on it; people can set it back.
    pub wall: u64,
    /// Since some fixed moment, never going back. Deadlines run on it.
    pub mono: u64,
}

/// The deadline that never comes.
pub const NEVER: u64 = u64::MAX;

/// A deadline; `None` for [`NEVER`].
pub(crate) fn unless_never(deadline: u64) -> Option<u64> {
    (deadline < NEVER).then_some(deadline)
}

/// Milliseconds of a UTC day; JavaScript's time has no leap seconds.
pub const DAY_MILLIS: u64 = 86_400_000;

/// The UTC day of a wall time, counted from 1970-01-01.
pub fn day(wall: u64) -> u64 {
    wall / DAY_MILLIS
}

/// A wall time as `Date.prototype.toISOString` writes it: what Amplitude's clients send. In the browser JavaScript writes it.
pub fn to_iso(wall: u64) -> Text {
    let (seconds, millis) = (wall / 1_000, wall % 1_000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3_600 % 24);
    let digits = ((date(day(wall)) * 100 + hours) * 100 + minutes) * 100 + seconds % 60;
    let digits = Text::from_u64(digits * 1_000 + millis);
    let mut digits = digits.iter();
    let mut iso = b"0000-00-00T00:00:00.000Z".to_vec();
    for digit in iso.iter_mut().filter(|mark| **mark == b'0') {
        *digit = digits.next().copied().unwrap_or(b'0');
    }
    iso.into()
}

/// A day since 1970 as the number YYYYMMDD of the Gregorian calendar, with March as first month so that the leap day is the
/// year's last.
fn date(day: u64) -> u64 {
    // 719,468 days lie between 0000-03-01 and 1970-01-01; 146,097 days are 400 years.
    let days = day + 719_468;
    let of_era = days % 146_097;
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    // January and February are the next year's: 10,000 - 1,200 further on.
    let wrap = if month > 9 { 8_800 } else { 0 };
    (days / 146_097 * 400 + years) * 10_000 + (month + 3) * 100 + wrap + of_year - (153 * month + 2) / 5 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_javascript_writes_them() {
        for (wall, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_868_799_000, "2000-02-29T23:59:59.000Z"),
            (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
            (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
            (1_795_393_500_001, "2026-11-23T00:25:00.001Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(to_iso(wall), text);
        }
    }
}
