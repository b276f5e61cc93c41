//! Text on which every dialect agrees, answered here so that it costs no call into JavaScript: short whole numbers.

use super::Dialect;
use crate::json::Text;

/// Whole numbers up to this many digits are exact in a double, and JavaScript prints them as they are written.
const EXACT_DIGITS: usize = 15;

/// `Number(text)`
pub fn number<D: Dialect>(dialect: &D, text: &[u8]) -> f64 {
    whole(text).unwrap_or_else(|| dialect.number(text))
}

/// `String(number)` of a number as JSON writes it.
pub fn print<D: Dialect>(dialect: &D, digits: &[u8]) -> Text {
    if is_canonical(digits) { digits.into() } else { dialect.print(dialect.number(digits)) }
}

/// The value of plain decimal digits, few enough to be exact.
pub fn whole(digits: &[u8]) -> Option<f64> {
    if digits.is_empty() || digits.len() > EXACT_DIGITS {
        return None;
    }
    digits.iter().try_fold(0.0, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        Some(number * 10.0 + f64::from(digit))
    })
}

fn is_canonical(digits: &[u8]) -> bool {
    match digits {
        b"0" => true,
        [b'-', rest @ ..] | rest => rest.first() != Some(&b'0') && whole(rest).is_some(),
    }
}
