//! The client as JavaScript sees it: text in, text out, promises for what takes time.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::clock::now;
use super::dialect::JsDialect;
use super::driver::Driver;
use super::host::Host;
use super::text::{object, texts, to_js, unquoted};
use crate::api::FetchOptions;
use crate::client::{Answer, Client, Config, DedupScope, Expose, FetchId, read_options};
use crate::json::{Text, parse};

type Shared = Rc<RefCell<Client<JsDialect, Host>>>;

/// A client of one deployment, on one page.
#[wasm_bindgen]
pub struct CoreClient {
    client: Shared,
    driver: Driver,
}

#[wasm_bindgen]
impl CoreClient {
    /// Builds a client from what the page keeps: at page load, and again after a trap.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host) -> CoreClient {
        let host = Rc::new(host);
        let mut options = read_options(&host.text("config"));
        options.put("initialFlags", host.text("initialFlags"));
        let awaits_consent = host.get("awaitsConsent").is_truthy();
        let config = Config::new(host.text("apiKey"), options, dedup_scope_of(&host)).awaiting_consent(awaits_consent);
        let client = Rc::new(RefCell::new(Client::new(config, JsDialect, host.clone(), now())));
        let driver = Driver::new(client.clone(), host);
        driver.drain();
        CoreClient { client, driver }
    }

    /// Takes a callback: the number of its `CallbackKind` in `host.ts`, the id of the request or exposure, and of a response
    /// the status, the body, and the milliseconds that the server asks to wait, or no number.
    #[wasm_bindgen(js_name = handleCallback_)]
    pub fn handle_callback(&self, kind: u32, id: u32, status: u16, body: String, retry_after: f64) {
        self.driver.handle_callback(kind, id, status, body, retry_after);
    }

    /// Sets the user, gets flags and variants, and polls flags from then on. `pending` stays with the host until its `resolve()`
    /// or `reject(code, more)` was called; `again`: the call was made before, in an instance that was lost.
    pub fn start(&self, user: Option<String>, pending: &JsValue, again: bool) {
        let user = user.as_deref().and_then(object);
        self.request(pending, |client| if again { client.resume(now()) } else { client.start(user, now()) });
    }

    /// Fetches variants, for this user or the one there is. `options`: JSON of `{flagKeys?}`. `pending`: as for `start`.
    pub fn fetch(&self, user: Option<String>, options: Option<String>, pending: &JsValue) {
        let user = user.as_deref().and_then(object);
        let options = FetchOptions::from_object(&options.as_deref().and_then(object).unwrap_or_default());
        self.request(pending, |client| client.fetch(user, options, now()));
    }

    /// Stops polling.
    pub fn stop(&self) {
        self.call(|client| client.stop());
    }

    /// Stops everything and leaves no timer behind.
    pub fn close(&self) {
        self.call(|client| client.close());
    }

    /// What others say of the user (JSON of a user), and the page's address.
    #[wasm_bindgen(js_name = setContext)]
    pub fn set_context(&self, provided: &str, page_url: Option<String>) {
        let provided = object(provided).unwrap_or_default();
        self.call(|client| client.set_context(provided, page_url.map(Text::from)));
    }

    /// The host's `init` has an integration plugin, as `plugin`, in the form of a provider. Until it `is_ready`, fetches and its
    /// exposures wait.
    pub fn integrate(&self, is_ready: bool) {
        self.call(|client| client.integrate(is_ready, now()));
    }

    /// How each flag comes to its variant, as JSON by flag key. `keys`: JSON of an array of the flags wanted.
    pub fn traces(&self, keys: Option<String>) -> JsValue {
        let keys = keys.as_deref().and_then(texts);
        to_js(&self.call(|client| client.traces(keys.as_deref()).to_text()).unwrap_or_default())
    }

    /// The variant of a flag as JSON: `{"variant", "source", "isCacheable", "hasDefault"}`, the last two as in [`Answer`]. Whether
    /// it is met: `expose` 0 no, 1 unless `automaticExposureTracking` is off, 2 yes.
    pub fn variant(&self, flag_key: &str, fallback: Option<String>, expose: u32) -> JsValue {
        let fallback = fallback.and_then(|json| parse(json.as_bytes()).ok()).filter(|value| !value.is_null());
        let expose = match expose {
            0 => Expose::Never,
            1 => Expose::Automatically,
            _ => Expose::Always,
        };
        let answer = self.call(|client| client.variant(&key(flag_key), fallback.as_ref(), expose, now()));
        to_js(&answer.as_ref().map(answer_json).unwrap_or_default())
    }

    /// The variants of all flags, as the JSON of `[second, first, decided…]`: see [`Client::all`].
    pub fn all(&self) -> JsValue {
        to_js(&self.call(|client| client.all()).unwrap_or_default())
    }

    /// Forgets the stored variants.
    pub fn clear(&self) {
        self.call(|client| client.clear());
    }

    /// Sets the user. It stands in the page's memory under `user`, where it can be read.
    #[wasm_bindgen(js_name = setUser)]
    pub fn set_user(&self, user: Option<String>) {
        let user = user.as_deref().and_then(object);
        self.call(|client| client.set_user(user));
    }

    /// Whether fetches track an assignment at the server.
    #[wasm_bindgen(js_name = setTracksAssignment)]
    pub fn set_tracks_assignment(&self, tracks: bool) {
        self.call(|client| client.set_tracks_assignment(tracks));
    }

    /// Calls the client, then performs what it wants done.
    fn call<T>(&self, use_client: impl FnOnce(&mut Client<JsDialect, Host>) -> T) -> Option<T> {
        let result = self.borrow(use_client);
        self.driver.drain();
        result
    }

    /// Makes a request. The host has the promise before any effect is performed.
    fn request(&self, pending: &JsValue, request: impl FnOnce(&mut Client<JsDialect, Host>) -> FetchId) {
        if let Some(FetchId(id)) = self.borrow(request) {
            self.driver.host().add_pending(id, pending);
        }
        self.driver.drain();
    }

    fn borrow<T>(&self, use_client: impl FnOnce(&mut Client<JsDialect, Host>) -> T) -> Option<T> {
        self.client.try_borrow_mut().ok().map(|mut client| use_client(&mut client))
    }
}

/// A flag key as it crosses: plain, or JSON-quoted when it is not well formed or starts with a quote.
fn key(key: &str) -> Text {
    if key.starts_with('"') { unquoted(key) } else { key.into() }
}

fn answer_json(answer: &Answer) -> Text {
    let says = |is: bool| if is { "true" } else { "false" };
    let variant = Text::from("{\"variant\":").then(&answer.variant.as_object().to_text());
    let source = variant.then(b",\"source\":\"").then(answer.source.name().as_bytes());
    let cacheable = source.then(b"\",\"isCacheable\":").then(says(answer.is_cacheable).as_bytes());
    cacheable.then(b",\"hasDefault\":").then(says(answer.has_default).as_bytes()).then(b"}")
}

/// A provider of ours says over how long it wants each exposure once; any other gets it once a page.
fn dedup_scope_of(host: &Host) -> DedupScope {
    match host.dedup_scope() {
        0 => DedupScope::None,
        1 => DedupScope::Page,
        _ => DedupScope::Day,
    }
}
