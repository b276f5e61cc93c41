//! Where the client remembers: areas of text, lent through a trait.
//!
//! What is a client's own it reads at the start and writes by effects. What other clients and tabs write too is read, changed
//! and written at once, so that nobody overwrites what another one wrote.

use crate::json::{Object, Text};

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

/// What the key of a text's mark ends in: who the text belongs to.
pub const MARK: &[u8] = b"-identity";

/// Storage, lent. It cannot fail: what cannot be read is not there.
pub trait Storage {
    /// The text under a key.
    fn read(&self, area: Area, key: &[u8]) -> Option<Text>;

    /// Every key that starts so, with its text.
    fn entries(&self, area: Area, prefix: &[u8]) -> Object;

    /// Keeps a text at once, or with `None` forgets it. Says whether the area took it. What it did not take lies on the page,
    /// under the same key, where [`read`](Self::read) finds it; storage that is lent for reading only takes nothing.
    fn write(&self, _area: Area, _key: &[u8], _text: Option<&Text>) -> bool {
        false
    }

    /// Keeps a text that has a mark, or the mark that says whose the text is. Where the area does not take one of the two, the
    /// text does not stay in it either: without its own mark it would be anybody's. It lies on the page then.
    fn save(&self, area: Area, key: &[u8], text: &Text) {
        if !self.write(area, key, Some(text)) {
            let whole = key.strip_suffix(MARK).unwrap_or(key);
            let text = self.read(area, whole);
            self.write(area, whole, None);
            self.write(Area::Page, whole, text.as_ref());
        }
    }
}
