//! The client as JavaScript sees it: text in, text out, promises for what takes time.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Object as JsObject, Promise};
use wasm_bindgen::prelude::*;

use super::clock::now;
use super::dialect::JsDialect;
use super::driver::{Driver, Machine};
use super::error::js_error;
use super::field::{call_method, field, global, set_field, text_field};
use super::provider::{JsProvider, Verdict};
use super::seed::Seed;
use super::storage::PageStorage;
use super::text::{object, stringify, unquoted};
use crate::api::{FetchOptions, Response};
use crate::client::{Answer, Client, Config, Window, read_options};
use crate::effect::{Change, Effect, FetchId, RequestId, TrackId};
use crate::error::Error;
use crate::exposure::{ExposureEvent, Tracking, hand_over};
use crate::json::{Text, Value, parse};
use crate::time::{Now, day};

impl Machine for Client<JsDialect> {
    fn poll_effect(&mut self) -> Option<Effect> {
        self.poll_effect()
    }

    fn next_timeout(&self) -> Option<u64> {
        self.next_timeout()
    }

    fn handle_timeout(&mut self, now: Now) {
        self.handle_timeout(now);
    }

    fn handle_response(&mut self, id: RequestId, result: Result<Response, Error>, now: Now) {
        self.handle_response(id, result, now);
    }
}

/// The field of a seed with the page's exposure tracking provider.
const PROVIDER: &str = "exposureTrackingProvider";

type Shared = Rc<RefCell<Client<JsDialect>>>;

/// A client of one deployment, on one page.
#[wasm_bindgen]
pub struct CoreClient {
    client: Shared,
    driver: Rc<Driver>,
    seed: Rc<Seed>,
    /// What answers are made from beside the client's own state, as one text.
    surroundings: RefCell<Text>,
}

#[wasm_bindgen]
impl CoreClient {
    /// Builds a client from what the page keeps: at page load, and again after a trap. Promises that are open in the
    /// seed are taken up again.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: Seed) -> CoreClient {
        let storage = Rc::new(PageStorage::new(seed.map("kept")));
        let options = read_options(&seed.text("config"));
        let config = Config::new(seed.text("apiKey"), &options, window_of(&seed.get(PROVIDER)));
        let client = Rc::new(RefCell::new(Client::new(config, JsDialect, &*storage, now())));
        let seed = Rc::new(seed);
        let driver = drive(&client, storage, &seed);
        let core = CoreClient { client, driver, seed, surroundings: RefCell::default() };
        core.refresh();
        core.take_up();
        core.driver.drain();
        core
    }

    /// Sets the user, gets flags and variants, and polls flags from then on.
    pub fn start(&self, user: Option<String>) -> Promise {
        self.asked("start", user, None)
    }

    /// Fetches variants, for this user or the one there is. `options`: JSON of `{flagKeys?}`.
    pub fn fetch(&self, user: Option<String>, options: Option<String>) -> Promise {
        self.asked("fetch", user, options)
    }

    /// Stops polling.
    pub fn stop(&self) {
        self.with(|client| client.stop());
    }

    /// Stops everything and leaves no timer behind.
    pub fn close(&self) {
        self.with(|client| client.close(now()));
    }

    /// Asks the user provider and looks at the page's address and at the day, which exposures count by. True when answers
    /// may differ from now on. To be called before the first `variant()` of a synchronous run.
    pub fn refresh(&self) -> bool {
        let provided = Text::from(provided_user(&self.seed.get("userProvider")).unwrap_or_default());
        let url = page_url().map(Text::from);
        let today = Text::from_u64(day(now().wall));
        let surroundings = today.then(url.as_deref().unwrap_or_default()).then(b"\n").then(&provided);
        if *self.surroundings.borrow() == surroundings {
            return false;
        }
        self.surroundings.replace(surroundings);
        let provided = parse(&provided).ok().and_then(Value::into_object).unwrap_or_default();
        self.with(|client| client.set_context(provided, url));
        true
    }

    /// The variant of a flag as JSON: `{"variant", "source", "keep"}`. `keep`: another fallback would change nothing.
    pub fn variant(&self, flag_key: &str, fallback: Option<String>, expose: bool) -> String {
        let fallback = fallback.and_then(|json| parse(json.as_bytes()).ok()).filter(|value| !value.is_null());
        let answer = self.with(|client| client.variant(&key(flag_key), fallback.as_ref(), expose, now()));
        answer.as_ref().map(answer_json).unwrap_or_default()
    }

    /// Tells the provider that the user met the flag's variant.
    pub fn exposure(&self, flag_key: &str) {
        self.with(|client| client.exposure(&key(flag_key), now()));
    }

    /// All variants, as JSON by flag key.
    pub fn all(&self) -> String {
        self.with(|client| client.all().to_json()).unwrap_or_default()
    }

    /// Forgets the stored variants.
    pub fn clear(&self) {
        self.with(|client| client.clear());
    }

    /// Sets the user. It stands in the seed's `kept` under `user`, where it can be read.
    #[wasm_bindgen(js_name = setUser)]
    pub fn set_user(&self, user: Option<String>) {
        let user = user.as_deref().and_then(object);
        self.with(|client| client.set_user(user));
    }

    /// Whether fetches track an assignment at the server.
    #[wasm_bindgen(js_name = setTracksAssignment)]
    pub fn set_tracks_assignment(&self, tracks: bool) {
        self.with(|client| client.set_tracks_assignment(tracks));
    }

    /// Lets the client think, then performs what it wants done.
    fn with<T>(&self, use_client: impl FnOnce(&mut Client<JsDialect>) -> T) -> Option<T> {
        let result = self.client.try_borrow_mut().ok().map(|mut client| use_client(&mut client));
        self.driver.drain();
        result
    }

    /// Opens a promise, keeps it where a trap cannot reach it, and asks.
    fn asked(&self, call: &str, user: Option<String>, options: Option<String>) -> Promise {
        Promise::new(&mut |resolve, reject| {
            let entry = JsObject::new();
            set_field(&entry, "resolve", &resolve);
            set_field(&entry, "reject", &reject);
            set_field(&entry, "call", &call.into());
            set_field(&entry, "user", &user.clone().into());
            set_field(&entry, "options", &options.clone().into());
            self.ask(&entry, false);
        })
    }

    /// Makes the request of an open promise. The promise stands in the map before any effect is performed. Asking
    /// `again`, after a trap, goes by the user there is now.
    fn ask(&self, entry: &JsValue, again: bool) {
        self.refresh();
        let read = |name| text_field(entry, name).as_deref().and_then(object);
        let user = read("user").filter(|_| !again);
        let options = FetchOptions::from_object(&read("options").unwrap_or_default());
        let starts = text_field(entry, "call").as_deref() == Some("start");
        let asked = self.client.try_borrow_mut().map(|mut client| match (starts, again) {
            (true, false) => client.start(user, now()),
            (true, true) => client.resume(now()),
            (false, _) => client.fetch(user, options, now()),
        });
        if let Ok(FetchId(id)) = asked {
            self.seed.map("open").set(&id.into(), entry);
        }
        self.driver.drain();
    }

    /// Takes up the promises that a lost instance left open.
    fn take_up(&self) {
        let open = self.seed.map("open");
        let mut entries = Vec::new();
        open.for_each(&mut |entry, id| entries.push((entry, id)));
        for (_, id) in &entries {
            open.delete(id);
        }
        entries.iter().for_each(|(entry, _)| self.ask(entry, true));
    }
}

fn drive(client: &Shared, storage: Rc<PageStorage>, seed: &Rc<Seed>) -> Rc<Driver> {
    let (own, seed) = (client.clone(), seed.clone());
    let http_client = seed.get("httpClient");
    let driver: Rc<RefCell<std::rc::Weak<Driver>>> = Rc::default();
    let me = driver.clone();
    let perform = Box::new(move |effect| match effect {
        Effect::Track(id, event) => track(&own, &me, &seed, id, &event),
        Effect::Settle(id, result) => settle(&seed, id, result),
        Effect::Notify(change) => notify(&seed, change),
        Effect::Log(level, message) => seed.log(level, message),
        _ => {}
    });
    let driven = Driver::new(client.clone(), storage, http_client, perform);
    driver.replace(Rc::downgrade(&driven));
    driven
}

/// Hands an exposure to the page's provider. What it answers, now or later, goes back to the client.
fn track(
    client: &Shared,
    driver: &Rc<RefCell<std::rc::Weak<Driver>>>,
    seed: &Seed,
    id: TrackId,
    event: &ExposureEvent,
) {
    let (own, driver) = (client.clone(), driver.clone());
    let later: Verdict = Rc::new(move |tracking| {
        if let Ok(mut client) = own.try_borrow_mut() {
            client.handle_tracked(id, tracking, now());
        }
        if let Some(driver) = driver.borrow().upgrade() {
            driver.drain();
        }
    });
    let provider = seed.get(PROVIDER);
    let tracking = hand_over(&JsProvider { provider: &provider, later: later.clone() }, event);
    if tracking != Tracking::Pending {
        later(tracking);
    }
}

fn settle(seed: &Seed, FetchId(id): FetchId, result: Result<(), Error>) {
    let open = seed.map("open");
    let entry = open.get(&id.into());
    open.delete(&id.into());
    let (name, value) = match result {
        Ok(()) => ("resolve", JsValue::UNDEFINED),
        Err(error) => ("reject", js_error(error)),
    };
    let _thrown = call_method(&entry, name, &[&value]);
}

fn notify(seed: &Seed, change: Change) {
    match change {
        Change::Variants => seed.notify("variants", None),
        Change::Flags => seed.notify("flags", None),
        Change::User => seed.notify("user", None),
        Change::Exposure => seed.notify("exposure", None),
        Change::Dropped(reason) => seed.notify("error", Some(reason.code())),
    }
}

/// A flag key as it crosses: plain, or JSON-quoted when it is not well formed or starts with a quote.
fn key(key: &str) -> Text {
    if key.starts_with('"') { unquoted(key) } else { key.into() }
}

fn answer_json(answer: &Answer) -> String {
    let keep: &[u8] = if answer.is_kept() { b"true" } else { b"false" };
    let variant = Text::from("{\"variant\":").then(&answer.variant.as_object().to_text());
    let source = variant.then(b",\"source\":\"").then(answer.source.name().as_bytes());
    source.then(b"\",\"keep\":").then(keep).then(b"}").into_string()
}

/// A provider of ours says over how long it wants each exposure once; any other is told once a page.
fn window_of(provider: &JsValue) -> Window {
    if !provider.is_object() && !provider.is_function() {
        return Window::None;
    }
    let says = text_field(provider, "exposureWindow");
    if says.as_deref() == Some("day") { Window::Day } else { Window::Page }
}

fn provided_user(provider: &JsValue) -> Option<String> {
    stringify(&call_method(provider, "getUser", &[]).ok()?)
}

fn page_url() -> Option<String> {
    text_field(&field(&global(), "location"), "href")
}
