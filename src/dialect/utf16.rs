//! WTF-8 seen as the UTF-16 code units that JavaScript matches.

/// The code units of a WTF-8 text. Bytes that are no WTF-8 become U+FFFD each.
pub(super) fn units(text: &[u8]) -> Units<'_> {
    Units { rest: text, low: None }
}

/// What [`units`] yields.
#[derive(Clone, Debug)]
pub(super) struct Units<'a> {
    rest: &'a [u8],
    /// The second half of a pair whose first half was given out.
    low: Option<u16>,
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        let (code, rest) = match *self.rest {
            [] => return None,
            [a @ 0..0x80, ref rest @ ..] => (u32::from(a), rest),
            [a @ 0xC0..0xE0, b, ref rest @ ..] => (tail(u32::from(a & 0x1F), b), rest),
            [a @ 0xE0..0xF0, b, c, ref rest @ ..] => (tail(tail(u32::from(a & 0x0F), b), c), rest),
            [a @ 0xF0..0xF8, b, c, d, ref rest @ ..] => (tail(tail(tail(u32::from(a & 0x07), b), c), d), rest),
            [_, ref rest @ ..] => (0xFFFD, rest),
        };
        self.rest = rest;
        let Some(above) = code.checked_sub(0x10000) else { return Some(code as u16) };
        self.low = Some(0xDC00 | (above & 0x3FF) as u16);
        Some(0xD800 | (above >> 10) as u16)
    }
}

fn tail(code: u32, byte: u8) -> u32 {
    code << 6 | u32::from(byte & 0x3F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_bytes_end_no_loop() {
        assert_eq!(units(&[0xFF, 0xE2, 0x82]).count(), 3);
    }
}
