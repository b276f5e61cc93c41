//! The length of a body as text: each invalid byte becomes a replacement character of three bytes, so that a body can
//! become three times as long. And how many values it has at most: two bytes of text can become fifty of memory.

use super::memory_budget::SMALL_BYTES;

/// The length, counted piece by piece.
#[derive(Default)]
pub struct TextLength {
    bytes: usize,
    /// Before each value of a JSON text, but for the first, is one of these: as it is, or escaped in a form.
    marks: usize,
    /// The end of a piece that may be the beginning of a character.
    cut: Vec<u8>,
}

impl TextLength {
    /// Counts the next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.marks = match self.bytes + piece.len() {
            0..=SMALL_BYTES => {
                self.marks.saturating_add(piece.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{' | b'%')).count())
            }
            _ => usize::MAX,
        };
        if self.cut.is_empty() {
            return self.count(piece);
        }
        let piece = [&std::mem::take(&mut self.cut), piece].concat();
        self.count(&piece);
    }

    fn count(&mut self, piece: &[u8]) {
        if piece.is_ascii() {
            self.bytes += piece.len();
            return;
        }
        for chunk in piece.utf8_chunks() {
            self.bytes += chunk.valid().len();
            let invalid = chunk.invalid();
            let is_last = invalid.as_ptr_range().end == piece.as_ptr_range().end;
            match invalid {
                [] => {}
                cut if is_last => self.cut = cut.to_vec(),
                _ => self.bytes += char::REPLACEMENT_CHARACTER.len_utf8(),
            }
        }
    }

    /// The length so far.
    pub fn bytes(&self) -> usize {
        self.bytes + if self.cut.is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() }
    }

    /// How many values it has at most so far. Those of a large body are not counted: there may be as many as can be.
    pub const fn values(&self) -> usize {
        self.marks.saturating_add(1)
    }

    /// Of a whole text.
    pub fn of(text: &[u8]) -> Self {
        let mut length = Self::default();
        length.add(text);
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_that_of_the_text_however_it_is_cut() {
        let texts: [&[u8]; 6] =
            [b"", b"abc", "Zürich 🐍".as_bytes(), b"Z\xFCrich", b"\xFF\xFF\xE2\x82", b"\xF0\x9F\x90a\xED\xA0\xBD"];
        for text in texts {
            let expected = String::from_utf8_lossy(text).len();
            assert_eq!(TextLength::of(text).bytes(), expected, "{text:?}");
            for size in 1..=text.len() {
                let mut length = TextLength::default();
                text.chunks(size).for_each(|piece| length.add(piece));
                assert_eq!(length.bytes(), expected, "{text:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn no_text_has_more_values_than_are_counted() {
        for text in [r#"{"a":[1,2],"b":{"c":0}}"#, "[[],[0,0]]", "%7B%22a%22%3A%5B1%2C2%5D%7D", "7"] {
            let mut pieces = TextLength::default();
            text.as_bytes().chunks(3).for_each(|piece| pieces.add(piece));
            assert_eq!(pieces.values(), TextLength::of(text.as_bytes()).values());
        }
        assert_eq!(TextLength::of(br#"{"a":[1,2],"b":{"c":0}}"#).values(), 6);
        assert!(TextLength::of(b"%5B1%2C2%5D").values() >= 3);
        assert_eq!(TextLength::of(&vec![b' '; SMALL_BYTES + 1]).values(), usize::MAX);
    }
}
