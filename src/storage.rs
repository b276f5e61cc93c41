//! Where the client remembers: two areas, read through a trait at the start, written by effects ever after.

use crate::json::Text;

/// A place that texts are kept in under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Shared by all tabs of the origin and kept between visits: `localStorage`.
    Local,
    /// The tab's, kept over its pages: `sessionStorage`.
    Session,
    /// Kept by the page outside the wasm instance, so that a trap loses nothing. Gone with the page.
    Page,
}

/// Storage, lent for reading. It cannot fail: what cannot be read is not there.
pub trait Storage {
    /// The text under a key.
    fn read(&self, area: Area, key: &[u8]) -> Option<Text>;

    /// Every key that starts so, with its text.
    fn entries(&self, area: Area, prefix: &[u8]) -> Vec<(Text, Text)>;
}
