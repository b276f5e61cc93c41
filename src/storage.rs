//! The client's storage: areas of text, lent through a trait.
//!
//! Texts of one client are read at its start and written by effects. Texts that other clients and tabs write too are read,
//! changed and written at once, so that none overwrites another's change.

pub(crate) mod keys;

use crate::json::{Object, Text};

/// An area that stores texts under keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Shared by all tabs of the origin, and kept between visits: `localStorage`.
    Local,
    /// Of one tab, and kept over its pages: `sessionStorage`.
    Session,
    /// Of one page, outside the wasm instance, so that a trap loses nothing.
    Page,
}

/// Storage. It cannot fail: what cannot be read counts as absent.
pub trait Storage {
    /// The text under a key.
    fn read(&self, area: Area, key: &[u8]) -> Option<Text>;

    /// Every key with this prefix, and its text.
    fn entries(&self, area: Area, prefix: &[u8]) -> Object;

    /// Writes a text at once, or with `None` removes it. Returns whether the area took it. What it did not take is in
    /// [`Area::Page`] under the same key, where [`read`](Self::read) finds it; read-only storage takes nothing.
    fn write(&self, _area: Area, _key: &[u8], _text: Option<&Text>) -> bool {
        false
    }

    /// Writes a text that has a mark, or its mark. Where the area does not take one of the two, the text moves to
    /// [`Area::Page`]: without its mark it would belong to any identity.
    fn save(&self, area: Area, key: &[u8], text: &Text) {
        if !self.write(area, key, Some(text)) {
            let key = key.strip_suffix(keys::MARK).unwrap_or(key);
            let text = self.read(area, key);
            self.write(area, key, None);
            self.write(Area::Page, key, text.as_ref());
        }
    }
}
