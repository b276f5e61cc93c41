//! The length of a body as text: each invalid byte becomes a replacement character of three bytes, so that a body can
//! become three times as long.

/// The length, counted piece by piece.
#[derive(Default)]
pub struct TextLength {
    bytes: usize,
    /// The end of a piece that may be the beginning of a character.
    cut: Vec<u8>,
}

impl TextLength {
    /// Counts the next piece.
    pub fn add(&mut self, piece: &[u8]) {
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

    /// Of a whole text.
    pub fn of(text: &[u8]) -> usize {
        let mut length = Self::default();
        length.add(text);
        length.bytes()
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
            assert_eq!(TextLength::of(text), expected, "{text:?}");
            for size in 1..=text.len() {
                let mut length = TextLength::default();
                text.chunks(size).for_each(|piece| length.add(piece));
                assert_eq!(length.bytes(), expected, "{text:?} in pieces of {size}");
            }
        }
    }
}
