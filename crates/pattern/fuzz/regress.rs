//! The crate `regress` as an engine of `run.mjs`: it is why this crate exists.
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod protocol;

use regress::{Flags, Regex};

fn main() {
    protocol::answer_lines(|pattern, text| {
        let regex = Regex::from_unicode(pattern.iter().copied().map(u32::from), Flags::default()).ok()?;
        Some(regex.find_from_ucs2(text, 0).next().is_some())
    });
}
