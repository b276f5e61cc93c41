//! From when a change counts: the sender's clock set right by ours, and a total order over changes.

use super::MAX_TIME;
use crate::dialect::{Dialect, plain};
use crate::json::{Object, Text, Value};
use crate::time::DAY_MILLIS;

/// What decides between two changes of one property; the greater wins, in whatever order they arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The corrected time of the event, in milliseconds.
    pub time: u64,
    /// Its place in the request.
    pub place: u64,
    /// Its insert id, so that no two events are equal.
    pub insert_id: Text,
}

impl Stamp {
    /// Into an object, as `t`, `p` and `i`.
    pub(super) fn write(&self, object: &mut Object) {
        object.push("t".into(), self.time.into());
        object.push("p".into(), self.place.into());
        object.push("i".into(), (&self.insert_id).into());
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(super) fn read(object: &Object) -> Option<Self> {
        let number = |name: &str| object.get(name).and_then(Value::as_u64);
        Some(Self { time: number("t")?, place: number("p")?, insert_id: object.get("i")?.as_str()?.clone() })
    }
}

/// How far a sender's clock may seem off and still be taken as it is, in milliseconds. So long may an upload be under way:
/// were that taken for the clock's, what is sent slowly would count as later than what the same sender did after it.
const UNDER_WAY: u64 = 60_000;

/// The time of an event on our clock: what the sender's clock is off by between its upload and our receipt is taken away,
/// if it is more than an upload takes. An event cannot have happened after it was received, so a clock that runs ahead
/// wins nothing.
pub fn corrected(time: Option<u64>, uploaded: Option<u64>, received: u64) -> u64 {
    let Some(time) = time else { return received };
    let corrected = match uploaded {
        Some(uploaded) if uploaded.abs_diff(received) > UNDER_WAY => {
            time.saturating_add(received).saturating_sub(uploaded)
        }
        _ => time,
    };
    corrected.min(received)
}

/// The milliseconds in a number of JSON, in whatever form it is written: `1795824708133.0` and `1.795824708133e12` are whole.
pub fn whole<D: Dialect>(digits: &[u8], dialect: &D) -> Option<u64> {
    let number = plain::number(dialect, digits);
    // Up to here every whole number is exact.
    ((0.0..=MAX_TIME as f64).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// Reads `YYYY-MM-DDTHH:MM:SS.mmmZ`, as `Date.prototype.toISOString` writes it; other forms are `None`.
pub fn from_iso(text: &[u8]) -> Option<u64> {
    let digits = |from: usize, to: usize| Text::from(text.get(from..to)?).to_u64();
    let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if text.len() != 24 || punctuation.iter().any(|(at, mark)| text.get(*at) != Some(mark)) {
        return None;
    }
    let (month, day) = (digits(5, 7)?, digits(8, 10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = digits(11, 13)? * 3_600 + digits(14, 16)? * 60 + digits(17, 19)?;
    Some(days_since_1970(digits(0, 4)?, month, day)? * DAY_MILLIS + seconds * 1_000 + digits(20, 23)?)
}

/// Days since 1970-01-01 in the Gregorian calendar, with March as first month so that the leap day is the year's last.
pub(crate) fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    days.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_javascript_writes_them() {
        assert_eq!(from_iso(b"1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(from_iso(b"2024-02-29T12:34:56.789Z"), Some(1_709_210_096_789));
        assert_eq!(from_iso(b"2026-11-23T00:25:00.001Z"), Some(1_795_393_500_001));
        assert_eq!(from_iso(b"1969-12-31T23:59:59.999Z"), None);
        assert_eq!(from_iso(b"2024-02-29 12:34:56.789Z"), None);
    }

    #[test]
    fn a_clock_that_is_off_is_set_right_and_never_ahead() {
        assert_eq!(corrected(None, None, 500), 500);
        assert_eq!(corrected(Some(400), None, 500), 400);
        assert_eq!(corrected(Some(900), None, 500), 500);
        assert_eq!(corrected(Some(90_900), Some(91_000), 500), 400);
        assert_eq!(corrected(Some(90), Some(100), 90_500), 90_490);
    }

    #[test]
    fn of_one_senders_requests_the_slow_one_does_not_come_later_for_it() {
        let slow = corrected(Some(1_000), Some(1_010), 31_000);
        let quick = corrected(Some(1_050), Some(1_060), 1_062);
        assert!(slow < quick);
        // Neither if the clock runs ahead of ours.
        assert!(corrected(Some(6_000), Some(6_010), 1_300) <= corrected(Some(6_050), Some(6_060), 1_302));
    }
}
