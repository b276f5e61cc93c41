//! Storage of a page: `localStorage` where it can be had, and beside it always the map that outlives the instance.
//!
//! It never fails. Blocked, full or forbidden storage means that texts live as long as the page does.

use js_sys::{JsString, Map};
use wasm_bindgen::prelude::*;

use super::field::{field, global};
use super::text::{from_js, to_js};
use crate::json::Text;
use crate::storage::{Area, Storage};

/// A page's storage.
pub(super) struct PageStorage {
    kept: Map,
    local: Option<web_sys::Storage>,
}

impl PageStorage {
    /// Storage over the page's map. Merely touching `localStorage` can throw.
    pub(super) fn new(kept: Map) -> Self {
        let local = field(&global(), "localStorage");
        Self { kept, local: local.is_object().then(|| local.unchecked_into()) }
    }

    pub(super) fn save(&self, area: Area, key: &Text, text: &Text) {
        let (key, text) = (to_js(key), to_js(text));
        self.kept.set(&key, &text);
        if let (Area::Local, Some(local)) = (area, &self.local) {
            // Full storage is not our reader's problem; the map has the text.
            let _full = local.set_item(&String::from(key), &String::from(text));
        }
    }

    pub(super) fn remove(&self, area: Area, key: &Text) {
        let key = to_js(key);
        self.kept.delete(&key);
        if let (Area::Local, Some(local)) = (area, &self.local) {
            let _blocked = local.remove_item(&String::from(key));
        }
    }

    fn local_item(&self, key: &JsString) -> Option<Text> {
        self.local.as_ref()?.get_item(&String::from(key)).ok().flatten().map(Text::from)
    }

    /// The keys of the map, then the keys that only `localStorage` has.
    fn keys(&self, area: Area) -> Vec<JsString> {
        let mut keys: Vec<JsString> = Vec::new();
        self.kept.for_each(&mut |_, key| keys.push(key.unchecked_into()));
        if let (Area::Local, Some(local)) = (area, &self.local) {
            for index in 0..local.length().unwrap_or(0) {
                let key = local.key(index).ok().flatten().map(JsString::from);
                keys.extend(key.filter(|key| self.kept.get(key).is_undefined()));
            }
        }
        keys
    }

    fn text(&self, area: Area, key: &JsString) -> Option<Text> {
        let kept = self.kept.get(key).dyn_into().ok().map(|text| from_js(&text));
        kept.or_else(|| self.local_item(key).filter(|_| area == Area::Local))
    }
}

impl Storage for PageStorage {
    fn read(&self, area: Area, key: &[u8]) -> Option<Text> {
        self.text(area, &to_js(key))
    }

    fn entries(&self, area: Area, prefix: &[u8]) -> Vec<(Text, Text)> {
        let mut entries = Vec::new();
        for key in self.keys(area) {
            let name = from_js(&key);
            if name.starts_with(prefix) {
                entries.extend(self.text(area, &key).map(|text| (name, text)));
            }
        }
        entries
    }
}
