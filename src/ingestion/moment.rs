//! From when a change counts: the sender's clock set right by ours, and a total order over changes.

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

/// The time of an event on our clock: what the sender's clock is off by between its upload and our receipt is taken away.
/// An event cannot have happened after it was received, so a clock that runs ahead wins nothing.
pub fn corrected(time: Option<u64>, uploaded: Option<u64>, received: u64) -> u64 {
    let Some(time) = time else { return received };
    let corrected = match uploaded {
        Some(uploaded) => time.saturating_add(received).saturating_sub(uploaded),
        None => time,
    };
    corrected.min(received)
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
        assert_eq!(corrected(Some(900), Some(1_000), 500), 400);
        assert_eq!(corrected(Some(90), Some(100), 500), 490);
    }
}
