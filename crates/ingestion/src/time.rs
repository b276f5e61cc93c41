//! The time of an event: the sender's time, corrected by the server's clock.

use experiment_wasm::dialect::{Dialect, plain};

/// The latest time an event can have: the last millisecond that a JavaScript `Date` can name.
pub const MAX_TIME: u64 = 8_640_000_000_000_000;

/// How long an upload may take, in milliseconds: a difference of the clocks up to here is taken for the upload, and not
/// corrected. Otherwise an event that is sent slowly would count as later than what the same sender did after it.
const UPLOAD_MILLIS: u64 = 60_000;

/// The time of an event on our clock: the difference between the sender's clock at its upload and ours at the receipt
/// is added, if it is more than an upload takes. An event cannot have happened after its receipt, so a clock that runs
/// ahead wins nothing.
pub fn corrected(time: Option<u64>, uploaded: Option<u64>, received: u64) -> u64 {
    let Some(time) = time else { return received };
    let corrected = match uploaded {
        Some(uploaded) if uploaded.abs_diff(received) > UPLOAD_MILLIS => {
            time.saturating_add(received).saturating_sub(uploaded)
        }
        _ => time,
    };
    corrected.min(received)
}

/// The milliseconds in a number of JSON, in whatever form it is written: `1795824708133.0` and `1.795824708133e12` are
/// whole.
pub fn whole<D: Dialect>(digits: &[u8], dialect: &D) -> Option<u64> {
    let number = plain::number(dialect, digits);
    // Up to here every whole number is exact.
    ((0.0..=MAX_TIME as f64).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// Reads `YYYY-MM-DDTHH:MM:SS.mmmZ`, as `Date.prototype.toISOString` writes it; other forms are `None`.
pub fn from_iso(text: &[u8]) -> Option<u64> {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000Z";
    let has_form = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    if text.len() != FORM.len() || !text.iter().zip(FORM).all(has_form) {
        return None;
    }
    let time: jiff::Timestamp = std::str::from_utf8(text).ok()?.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
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
        for text in
            ["2024-02-29 12:34:56.789Z", "2023-02-29T12:34:56.789Z", "2024-02-29T24:00:00.000Z", "2024-02-29T12:34:56Z"]
        {
            assert_eq!(from_iso(text.as_bytes()), None, "{text}");
        }
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
