//! A page without a browser: storage that is a map, a provider with set answers, a clock that the test moves.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use experiment_wasm::api::{FetchOptions, Response};
use experiment_wasm::client::{
    Change, Client, Config, DedupScope, Effect, Expose, Message, Receiver, RequestId, read_options,
};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::error::Error;
use experiment_wasm::exposure::{ExposureEvent, Tracking};
use experiment_wasm::json::{Object, Text, Value, parse};
use experiment_wasm::machine::Machine;
use experiment_wasm::storage::{Area, Storage};
use experiment_wasm::time::Now;

/// Where a client with the test's key stores variants.
pub const VARIANTS: &str = "amp-exp-$default_instance-client";

type Texts = Rc<RefCell<BTreeMap<String, String>>>;

/// The three areas of storage: shared by all tabs, by the pages of a tab, and of the page alone.
#[derive(Clone, Default)]
pub struct MemoryStorage {
    local: Texts,
    session: Texts,
    page: Texts,
    /// How many more characters there is room for in what all tabs share.
    room: Rc<Cell<Option<usize>>>,
}

impl MemoryStorage {
    fn of(&self, area: Area) -> &Texts {
        match area {
            Area::Local => &self.local,
            Area::Session => &self.session,
            Area::Page => &self.page,
        }
    }

    fn has_room(&self, area: Area, key: &str, text: &str) -> bool {
        let Some(room) = self.room.get().filter(|_| area == Area::Local) else { return true };
        let held = self.local.borrow().get(key).map_or(0, |text| key.len() + text.len());
        let left = (room + held).checked_sub(key.len() + text.len());
        self.room.set(Some(left.unwrap_or(room)));
        left.is_some()
    }
}

impl Storage for MemoryStorage {
    fn read(&self, area: Area, key: &[u8]) -> Option<Text> {
        let read = |texts: &Texts| texts.borrow().get(&string(key)).map(|text| text.as_str().into());
        read(&self.page).or_else(|| read(self.of(area)))
    }

    fn entries(&self, area: Area, prefix: &[u8]) -> Object {
        let mut keys: BTreeSet<String> = self.page.borrow().keys().cloned().collect();
        keys.extend(self.of(area).borrow().keys().cloned());
        let keys = keys.into_iter().filter(|key| key.as_bytes().starts_with(prefix));
        keys.filter_map(|key| Some((key.as_str().into(), self.read(area, key.as_bytes())?.into()))).collect()
    }

    fn write(&self, area: Area, key: &[u8], text: Option<&Text>) -> bool {
        let key = string(key);
        self.page.borrow_mut().remove(&key);
        let Some(text) = text.map(|text| string(text)) else {
            self.of(area).borrow_mut().remove(&key);
            return true;
        };
        let is_taken = self.has_room(area, &key, &text);
        let place = if is_taken { self.of(area) } else { &self.page };
        place.borrow_mut().insert(key, text);
        is_taken
    }
}

fn string(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

/// A page with one client.
pub struct Page {
    pub client: Client<NativeDialect, MemoryStorage>,
    pub now: Now,
    /// What the provider answers.
    pub provider: Tracking,
    /// What the plugin answers.
    pub plugin: Tracking,
    key: &'static str,
    options: String,
    scope: DedupScope,
    storage: MemoryStorage,
    log: Vec<String>,
    tracked: Vec<ExposureEvent>,
    notified: Vec<Change>,
    last: u32,
    headers: Vec<(&'static str, Text)>,
}

pub fn answer(id: u32) -> RequestId {
    RequestId(id)
}

fn object(json: &str) -> Object {
    parse(json.as_bytes()).ok().and_then(Value::into_object).expect("a JSON object")
}

impl Page {
    pub fn new(options: &str) -> Self {
        Self::with_scope(options, DedupScope::None)
    }

    pub fn with_scope(options: &str, scope: DedupScope) -> Self {
        Self::open("a-client", options, scope, MemoryStorage::default(), Now { wall: 1_700_000_000_000, mono: 5 })
    }

    pub fn without_key() -> Self {
        Self::open("", "{}", DedupScope::None, MemoryStorage::default(), Now::default())
    }

    fn open(key: &'static str, options: &str, scope: DedupScope, storage: MemoryStorage, now: Now) -> Self {
        let mut given = object(options);
        // No option of the reference: the TypeScript client sets it until the visitor consents.
        let awaits_consent = given.remove("awaitsConsent") == Some(Value::Bool(true));
        given.set("serverUrl", "http://h");
        given.set("flagsServerUrl", "http://f");
        let config =
            Config::new(key.into(), read_options(given.to_json().as_bytes()), scope).awaiting_consent(awaits_consent);
        let client = Client::new(config, NativeDialect, Rc::new(storage.clone()), now);
        let (log, tracked, notified) = Default::default();
        let (provider, plugin, options) = (Tracking::Taken, Tracking::Taken, options.into());
        Self {
            client,
            now,
            provider,
            plugin,
            key,
            options,
            scope,
            storage,
            log,
            tracked,
            notified,
            last: 0,
            headers: Vec::new(),
        }
    }

    /// The same visitor's next page: what the page kept is gone, what storage kept is there.
    pub fn reload(&mut self) -> Self {
        self.on(MemoryStorage { page: Texts::default(), ..self.storage.clone() })
    }

    /// The same visitor in another tab.
    pub fn tab(&mut self) -> Self {
        self.on(MemoryStorage { page: Texts::default(), session: Texts::default(), ..self.storage.clone() })
    }

    /// What storage holds under a key.
    pub fn in_storage(&self, key: &str) -> Option<Text> {
        self.storage.read(Area::Local, key.as_bytes())
    }

    /// A new instance on the same page.
    pub fn trap(&mut self) -> Self {
        self.on(self.storage.clone())
    }

    /// A client of the same name for another deployment, on the same page.
    pub fn beside(&mut self, key: &'static str) -> Self {
        let storage = MemoryStorage { page: Texts::default(), ..self.storage.clone() };
        Self::open(key, &self.options, self.scope, storage, self.now)
    }

    /// A client with other options for the same deployment, on the same page.
    pub fn named(&mut self, options: &str) -> Self {
        let storage = MemoryStorage { page: Texts::default(), ..self.storage.clone() };
        Self::open(self.key, options, self.scope, storage, self.now)
    }

    fn on(&self, storage: MemoryStorage) -> Self {
        Self::open(self.key, &self.options, self.scope, storage, self.now)
    }

    /// The visitor consented: what the page kept is stored, and a client made anew.
    pub fn granted(&mut self) -> Self {
        self.options = self.options.replace("\"awaitsConsent\":true", "\"awaitsConsent\":false");
        self.trap()
    }

    pub fn stored(&self, key: &str, text: &str) {
        self.storage.write(Area::Local, key.as_bytes(), Some(&text.into()));
    }

    /// Leaves room for so many characters in what all tabs share, or as many as there may be.
    pub fn leave_room(&self, characters: impl Into<Option<usize>>) {
        self.storage.room.set(characters.into());
    }

    /// What the tab's session has under a key.
    pub fn session(&self, key: &str) -> Option<String> {
        self.storage.session.borrow().get(key).cloned()
    }

    /// What storage has that all tabs share, under the keys that start so.
    pub fn shared(&self, prefix: &str) -> Vec<String> {
        let local = self.storage.local.borrow();
        local.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(_, text)| text.clone()).collect()
    }

    /// The keys that the page keeps and that start so.
    pub fn kept(&self, prefix: &str) -> Vec<Text> {
        self.storage.entries(Area::Page, prefix.as_bytes()).into_iter().map(|(key, _)| key).collect()
    }

    /// A plugin comes to the page.
    pub fn integrate(&mut self, is_ready: bool) {
        self.client.integrate(is_ready, self.now);
        self.perform();
    }

    /// How many entries the history of exposures has.
    pub fn history_entries(&self) -> usize {
        object(&self.storage.page.borrow()["amp-exp-$default_instance-client-exposed"]).len()
    }

    pub fn start(&mut self, user: &str) {
        let _id = self.client.start(Some(object(user)), self.now);
        self.perform();
    }

    pub fn fetch(&mut self, user: &str) {
        let _id = self.client.fetch(Some(object(user)), FetchOptions::default(), self.now);
        self.perform();
    }

    pub fn fetch_keys(&mut self, keys: &[&str]) {
        let options = FetchOptions { flag_keys: Some(keys.iter().map(|key| (*key).into()).collect()), tracking: None };
        let _id = self.client.fetch(None, options, self.now);
        self.perform();
    }

    /// What user providers return.
    pub fn provide(&mut self, user: &str) {
        self.client.set_context(object(user), None);
        self.perform();
    }

    pub fn set_user(&mut self, user: &str) {
        self.client.set_user(Some(object(user)));
        self.perform();
    }

    pub fn respond(&mut self, id: u32, status: u16, body: &str) {
        let response = Response { status, body: body.into(), retry_after: None };
        self.client.handle_response(answer(id), Ok(response), self.now);
        self.perform();
    }

    pub fn respond_after(&mut self, id: u32, status: u16, retry_after: u64) {
        let response = Response { status, body: "".into(), retry_after: Some(retry_after) };
        self.client.handle_response(answer(id), Ok(response), self.now);
        self.perform();
    }

    /// Answers the request that was sent last.
    pub fn answer_last(&mut self, body: &str) {
        self.respond(self.last, 200, body);
    }

    /// Key (or nothing) and source of a flag's variant.
    pub fn variant(&mut self, key: &str) -> (String, &'static str) {
        let answer = self.client.variant(&key.into(), None, Expose::Automatically, self.now);
        self.perform();
        let key = answer.variant.key().map(|key| key.to_str().into_owned()).unwrap_or_default();
        (key, answer.source.name())
    }

    /// Lets time pass, all at once.
    pub fn pass(&mut self, millis: u64) {
        self.now = Now { wall: self.now.wall + millis, mono: self.now.mono + millis };
        self.client.handle_timeout(self.now);
        self.perform();
    }

    /// The effects since the last call.
    pub fn log(&mut self) -> Vec<String> {
        self.perform();
        std::mem::take(&mut self.log)
    }

    /// Insert ids of the events handed over since the last call.
    pub fn tracked(&mut self) -> Vec<String> {
        let tracked = std::mem::take(&mut self.tracked);
        tracked.iter().map(|event| event.insert_id.to_str().into_owned()).collect()
    }

    /// Whom the events handed over since the last call are about.
    pub fn identities(&mut self) -> Vec<(Option<Text>, Option<Text>)> {
        let tracked = std::mem::take(&mut self.tracked);
        tracked.into_iter().map(|event| (event.identity.user_id, event.identity.device_id)).collect()
    }

    /// A header of the request that was sent last.
    pub fn last_header(&self, name: &str) -> Option<Text> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }

    /// The exposures handed over since the last call.
    pub fn exposures(&mut self) -> Vec<String> {
        std::mem::take(&mut self.tracked).iter().map(|event| event.exposure.to_object().to_json()).collect()
    }

    pub fn notified(&self) -> &[Change] {
        &self.notified
    }

    fn perform(&mut self) {
        while let Some(effect) = self.client.poll_effect() {
            let line = self.perform_one(effect);
            self.log.push(line);
        }
    }

    fn perform_one(&mut self, effect: Effect) -> String {
        match effect {
            Effect::Send(id, request) => {
                self.last = id.0;
                self.headers.clone_from(&request.headers);
                format!("send {} {} {}", id.0, request.method, request.url)
            }
            Effect::Abort(id) => format!("abort {}", id.0),
            Effect::Track(id, to, event) => {
                let to = if to == Receiver::Plugin { "plugin " } else { "" };
                let event =
                    Object::parse(&event).and_then(|event| ExposureEvent::from_event(&event)).expect("an exposure");
                let line = format!("track {to}{}", event.exposure.flag_key);
                self.tracked.push(event);
                let tracking = if to.is_empty() { self.provider } else { self.plugin };
                self.client.handle_tracked(id, tracking, self.now);
                line
            }
            Effect::Save(area, key, text) => {
                self.storage.save(area, &key, &text);
                format!("save {key}")
            }
            Effect::Remove(area, key) => {
                self.storage.write(area, &key, None);
                format!("remove {key}")
            }
            Effect::Settle(id, Ok(())) => format!("settle {} ok", id.0),
            Effect::Settle(id, Err(error)) => format!("settle {} {}", id.0, error.code()),
            Effect::Notify(change) => {
                let line = change_line(&change);
                self.notified.push(change);
                line
            }
            Effect::Log(_, Message { text, error: Some(Error::Argument) }) => {
                format!("log {}: {text}", Error::Argument.message())
            }
            Effect::Log(_, message) => format!("log {}", message.error.map_or(message.text, |error| error.message())),
        }
    }
}

fn change_line(change: &Change) -> String {
    match change {
        Change::Exposure(exposure) => {
            let exposure = Object::parse(exposure).expect("an exposure");
            format!("notify Exposure {}", exposure.get("flag_key").and_then(Value::as_str).expect("a flag"))
        }
        change => format!("notify {change:?}"),
    }
}
