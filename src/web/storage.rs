//! Storage of a page: `localStorage` and `sessionStorage` where they can be had, and always the map that outlives the
//! instance.
//!
//! It never fails. Blocked, full or forbidden storage means that texts live as long as the page does.
//!
//! The map is read first: it has what the client alone writes, and of what others write too only what storage did not take.

use js_sys::{Array, JsString, Map, Object};
use wasm_bindgen::prelude::*;

use super::field::{field, global};
use super::text::{from_js, to_js};
use crate::json::Text;
use crate::storage::{Area, Storage};

/// A page's storage.
pub(super) struct PageStorage {
    kept: Map,
    local: Option<web_sys::Storage>,
    session: Option<web_sys::Storage>,
}

impl PageStorage {
    /// Storage over the page's map, and with `persists` over what browsers have. Merely touching that can throw.
    pub(super) fn new(kept: Map, persists: bool) -> Self {
        let shelf = |name| {
            let shelf = field(&global(), name);
            (persists && shelf.is_object()).then(|| shelf.unchecked_into())
        };
        Self { kept, local: shelf("localStorage"), session: shelf("sessionStorage") }
    }

    /// Keeps what is the client's own: on the page too, so that it is there after a trap, whatever others write.
    pub(super) fn keep(&self, area: Area, key: &Text, text: &Text) {
        self.save(area, key, text);
        self.kept.set(&to_js(key), &to_js(text));
    }

    /// Whether a text is as safe as it can be here: in the browser's storage, if there is any.
    pub(super) fn is_safe(&self, area: Area, key: &Text) -> bool {
        self.shelf(area).is_none() || self.stored(area, &to_js(key)).is_some()
    }

    fn shelf(&self, area: Area) -> Option<&web_sys::Storage> {
        match area {
            Area::Local => self.local.as_ref(),
            Area::Session => self.session.as_ref(),
            Area::Page => None,
        }
    }

    /// The keys of the map, then those of the browser's storage; some stand in both.
    fn keys(&self, area: Area) -> Array {
        let keys = Array::from(&self.kept.keys());
        match self.shelf(area) {
            Some(shelf) => keys.concat(&Object::keys(shelf.unchecked_ref::<Object>())),
            None => keys,
        }
    }

    fn text(&self, area: Area, key: &JsString) -> Option<Text> {
        let kept = self.kept.get(key).dyn_into().ok().map(|text| from_js(&text));
        kept.or_else(|| self.stored(area, key))
    }

    fn stored(&self, area: Area, key: &JsString) -> Option<Text> {
        self.shelf(area)?.get_item(&String::from(key)).ok().flatten().map(Text::from)
    }
}

impl Storage for PageStorage {
    fn write(&self, area: Area, key: &[u8], text: Option<&Text>) -> bool {
        let key = to_js(key);
        let name = String::from(&key);
        let is_taken = self.shelf(area).is_some_and(|shelf| match text {
            Some(text) => shelf.set_item(&name, &String::from(to_js(text))).is_ok(),
            None => shelf.remove_item(&name).is_ok(),
        });
        match text.filter(|_| !is_taken) {
            Some(text) => drop(self.kept.set(&key, &to_js(text))),
            None => drop(self.kept.delete(&key)),
        }
        is_taken || area == Area::Page
    }

    fn read(&self, area: Area, key: &[u8]) -> Option<Text> {
        self.text(area, &to_js(key))
    }

    fn entries(&self, area: Area, prefix: &[u8]) -> Vec<(Text, Text)> {
        let mut entries: Vec<(Text, Text)> = Vec::new();
        for key in self.keys(area) {
            let key = key.unchecked_into();
            let name = from_js(&key);
            if name.starts_with(prefix) && entries.iter().all(|(known, _)| *known != name) {
                entries.extend(self.text(area, &key).map(|text| (name, text)));
            }
        }
        entries
    }
}
