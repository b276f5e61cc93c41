//! Usage: which events count to a project's volume and to its tracked users, and in which calendar month.
//!
//! Exposures and assignments count to neither; a custom event that is used instead does. An event counts in the
//! month it was received in, as Amplitude bills what is added later: a month that is over gets no events any more.

use std::fmt;
use std::ops::Range;

use experiment_wasm::assignment::ASSIGNMENT_EVENT;
use experiment_wasm::json::Text;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::time::MAX_TIME;

/// The event types that count to nothing, as they are stored: what experiments send, and what only changes properties,
/// which Amplitude does not take for events.
pub const NOT_COUNTED: [&str; 5] =
    ["[Experiment] Exposure", "[Experiment] Impression", ASSIGNMENT_EVENT, "$identify", "$groupidentify"];

/// A calendar month in UTC, from January 1970 to December 9999. Its text is `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    first_day: Date,
}

impl Month {
    /// The month of a wall time in milliseconds.
    pub fn of(wall: u64) -> Self {
        let time = i64::try_from(wall).ok().and_then(|wall| Timestamp::from_millisecond(wall).ok());
        Self { first_day: TimeZone::UTC.to_datetime(time.unwrap_or(Timestamp::MAX)).date().first_of_month() }
    }

    /// Reads `YYYY-MM`; other forms are `None`.
    pub fn read(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let (year, month) = (Text::from(year).to_u64()?, Text::from(month).to_u64()?);
        let first_day = Date::new(year.try_into().ok()?, month.try_into().ok()?, 1).ok()?;
        (year >= 1970).then_some(Self { first_day })
    }

    /// Its milliseconds since 1970-01-01T00:00Z, the end excluded.
    pub fn millis(self) -> Range<u64> {
        let end = self.first_day.last_of_month().tomorrow();
        start_of_day(self.first_day)..end.map_or(MAX_TIME, start_of_day)
    }
}

fn start_of_day(date: Date) -> u64 {
    let time = TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight()));
    time.ok().and_then(|time| u64::try_from(time.as_millisecond()).ok()).unwrap_or_default()
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.first_day.year(), self.first_day.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::from_iso;
    use crate::{Rules, transform};
    use experiment_wasm::dialect::NativeDialect;
    use experiment_wasm::json::parse;
    use experiment_wasm::time::DAY_MILLIS;

    #[test]
    fn what_experiments_send_counts_to_nothing_under_the_name_it_is_stored_by() {
        let stored = |sent: &str| {
            let event =
                format!(r#"{{"user_id":"mira.holt","event_type":"{sent}","event_properties":{{"flag_key":"f"}}}}"#);
            transform(parse(event.as_bytes()).unwrap(), Rules::default(), &NativeDialect).unwrap().event_type
        };
        for sent in [
            "$exposure",
            "$impression",
            "[Experiment] Exposure",
            "[Experiment] Impression",
            "[Experiment] Assignment",
            "$identify",
        ] {
            assert!(NOT_COUNTED.iter().any(|one| stored(sent) == *one), "{sent}");
        }
        assert!(!NOT_COUNTED.iter().any(|one| stored("my exposure") == *one));
    }

    #[test]
    fn a_month_holds_its_first_millisecond_and_ends_before_the_next() {
        let at = |text: &str| from_iso(text.as_bytes()).unwrap();
        let month = |text: &str| Month::read(text).unwrap().millis();
        assert_eq!(month("2026-11"), at("2026-11-01T00:00:00.000Z")..at("2026-12-01T00:00:00.000Z"));
        assert_eq!(month("2026-12"), at("2026-12-01T00:00:00.000Z")..at("2027-01-01T00:00:00.000Z"));
        assert_eq!(month("2024-02").end, at("2024-02-29T23:59:59.999Z") + 1);
        assert_eq!(month("1970-01").start, 0);
    }

    #[test]
    fn every_moment_lies_in_its_own_month() {
        for (start, month) in (0..3_000).map(|n| (n * 25 * DAY_MILLIS, Month::of(n * 25 * DAY_MILLIS))) {
            assert!(month.millis().contains(&start), "{start} in {month}");
            assert_eq!(Month::read(&month.to_string()), Some(month));
            assert_eq!(Month::of(month.millis().end - 1), month);
            assert_ne!(Month::of(month.millis().end), month);
        }
    }

    #[test]
    fn only_a_year_and_a_month_is_a_month() {
        for text in [
            "",
            "2026",
            "2026-",
            "2026-13",
            "2026-00",
            "2026-1",
            "26-11",
            "2026-11-01",
            "1969-12",
            "+026-01",
            "2026-1x",
        ] {
            assert_eq!(Month::read(text), None, "{text}");
        }
    }
}
