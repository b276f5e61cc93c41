//! Storage of a page: `localStorage` where it can be had, and beside it always the map that outlives the instance.
//!
//! It never fails. Blocked, full or forbidden storage means that texts live as long as the page does.

use js_sys::{Map, Reflect};
use wasm_bindgen::prelude::*;

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
        let local = Reflect::get(&js_sys::global(), &"localStorage".into()).ok();
        let local = local.filter(JsValue::is_object).map(JsCast::unchecked_into);
        Self { kept, local }
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

    fn local_item(&self, key: &str) -> Option<Text> {
        self.local.as_ref()?.get_item(key).ok().flatten().map(Text::from)
    }

    fn local_keys(&self) -> Vec<String> {
        let Some(local) = &self.local else { return Vec::new() };
        let length = local.length().unwrap_or(0);
        (0..length).filter_map(|index| local.key(index).ok().flatten()).collect()
    }

    fn kept_keys(&self) -> Vec<String> {
        self.kept.keys().into_iter().filter_map(|key| key.ok()?.as_string()).collect()
    }
}

impl Storage for PageStorage {
    fn read(&self, area: Area, key: &str) -> Option<Text> {
        let kept = self.kept.get(&key.into()).dyn_into().ok().map(|text| from_js(&text));
        kept.or_else(|| self.local_item(key).filter(|_| area == Area::Local))
    }

    fn entries(&self, area: Area, prefix: &str) -> Vec<(Text, Text)> {
        let mut keys = self.kept_keys();
        if area == Area::Local {
            keys.extend(self.local_keys());
        }
        keys.retain(|key| key.starts_with(prefix));
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().filter_map(|key| Some((key.as_str().into(), self.read(area, &key)?))).collect()
    }
}
