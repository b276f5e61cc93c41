//! Text on which every dialect agrees, answered here so that it costs no call into JavaScript: short whole numbers, indexes.

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

/// A name that JavaScript takes for an index of a list, which `07` is not; the largest is 2³² − 2.
pub fn array_index(name: &Text) -> Option<u32> {
    let is_canonical = name.len() == 1 || name.first() != Some(&b'0');
    let index = name.to_u64().filter(|_| is_canonical)?;
    u32::try_from(index).ok().filter(|index| *index < u32::MAX)
}

fn is_canonical(digits: &[u8]) -> bool {
    match digits {
        b"0" => true,
        [b'-', rest @ ..] | rest => rest.first() != Some(&b'0') && whole(rest).is_some(),
    }
}
