//! What both engines of the fuzz test speak: a line of two hexadecimal texts in, an answer out. Four digits are a code
//! unit.

use std::io::{BufRead, Write, stdin, stdout};

/// Answers each line: `1` for a match, `0` for none, `-` for a pattern that is refused.
pub fn answer_lines(is_match: impl Fn(&[u16], &[u16]) -> Option<bool>) {
    let mut out = stdout().lock();
    for line in stdin().lock().lines().map_while(Result::ok) {
        let (pattern, text) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match is_match(&units(pattern), &units(text)) {
            Some(true) => "1",
            Some(false) => "0",
            None => "-",
        };
        // Each answer leaves at once: the caller measures how long a pair takes.
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
}

fn units(hex: &str) -> Vec<u16> {
    hex.as_bytes()
        .chunks(4)
        .filter_map(|digits| u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
        .collect()
}
