//! This crate as an engine of `run.mjs`.
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod protocol;

use experiment_pattern::Pattern;

fn main() {
    protocol::answer_lines(|pattern, text| Some(Pattern::new(pattern)?.is_match(text.iter().copied())));
}
