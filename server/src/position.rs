//! A position in a text, for people: the byte, and the line and column of an editor.

use std::fmt;

/// A position in a text. Lines and columns begin at 1; a column is a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    byte: usize,
    line: usize,
    column: usize,
}

impl Position {
    /// The position of a byte. What stands before it should be UTF-8; columns are counted in bytes where it is not.
    pub fn of(text: &[u8], byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let characters = std::str::from_utf8(line).map_or(line.len(), |line| line.chars().count());
        Self { byte, line: 1 + before.iter().filter(|byte| **byte == b'\n').count(), column: 1 + characters }
    }

    /// The line and the column.
    pub fn line_and_column(self) -> (usize, usize) {
        (self.line, self.column)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "byte {} (line {}, column {})", self.byte, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_where_an_editor_shows_it() {
        let text = "{\n  \"é\": Z\n}".as_bytes();
        assert_eq!(Position::of(text, 0).to_string(), "byte 0 (line 1, column 1)");
        let byte = text.iter().position(|byte| *byte == b'Z').unwrap();
        assert_eq!(Position::of(text, byte).to_string(), format!("byte {byte} (line 2, column 8)"));
        assert_eq!(Position::of(text, text.len()).to_string(), format!("byte {} (line 3, column 2)", text.len()));
    }
}
