//! Accounting: which events count to a project's volume and to its tracked users, and in which calendar month.
//!
//! The seed keeps exposures and assignments out of both; whatever is used in their place counts. An event counts in the
//! month it was received in, as Amplitude bills what is added later: a month that is over gets no events any more.

use std::fmt;
use std::ops::Range;

use crate::assignment::ASSIGNMENT_EVENT;
use crate::ingestion::moment::days_since_1970;
use crate::json::Text;
use crate::time::{DAY_MILLIS, day};

/// The event types that count to nothing, as they are stored: what experiments send, and what only changes properties,
/// which Amplitude does not take for events.
pub const NOT_COUNTED: [&str; 5] =
    ["[Experiment] Exposure", "[Experiment] Impression", ASSIGNMENT_EVENT, "$identify", "$groupidentify"];

/// A calendar month in UTC, from January 1970 to December 9999. Its text is `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    year: u64,
    /// 1 is January.
    month: u64,
}

impl Month {
    /// The month of a wall time in milliseconds.
    pub fn of(wall: u64) -> Self {
        // March is the first month, so that the leap day is the year's last: as in `moment::days_since_1970`.
        let days = day(wall) + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let year = era * 400 + year_of_era;
        if from_march < 10 {
            Self { year, month: from_march + 3 }
        } else {
            Self { year: year + 1, month: from_march - 9 }
        }
    }

    /// Reads `YYYY-MM`; other forms are `None`.
    pub fn read(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let (year, month) = (Text::from(year).to_u64()?, Text::from(month).to_u64()?);
        (year >= 1970 && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// Its milliseconds since 1970-01-01T00:00Z, the end excluded.
    pub fn millis(self) -> Range<u64> {
        let next = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        let first = |(year, month)| days_since_1970(year, month, 1).unwrap_or_default() * DAY_MILLIS;
        first((self.year, self.month))..first(next)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(all(test, feature = "native"))]
mod tests {
    use super::*;
    use crate::dialect::NativeDialect;
    use crate::ingestion::moment::from_iso;
    use crate::ingestion::{Rules, transform};
    use crate::json::parse;

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
