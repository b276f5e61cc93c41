//! This crate as an engine of `run.mjs`.

mod protocol;

use experiment_pattern::Pattern;

fn main() {
    protocol::answer_lines(|pattern, text| Some(Pattern::new(pattern)?.is_match(text.iter().copied())));
}
