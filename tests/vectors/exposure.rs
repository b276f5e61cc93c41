//! `exposure.json`: the variant a client answers, its source, and the exposure that the provider gets.

use std::rc::Rc;

use experiment_wasm::client::{Client, Config, DedupScope, Effect, Expose, Receiver};
use experiment_wasm::json::{Object, Text, Value, parse};
use experiment_wasm::machine::Machine;
use experiment_wasm::storage::{Area, Storage};
use experiment_wasm::time::Now;

use crate::{DIALECT, fields};

/// The storage of a client whose key ends in `client`, with the variants of the case in it.
struct Stored(Text);

impl Storage for Stored {
    fn read(&self, area: Area, key: &[u8]) -> Option<Text> {
        (area == Area::Local && key == b"amp-exp-$default_instance-client").then(|| self.0.clone())
    }

    fn entries(&self, _: Area, _: &[u8]) -> Object {
        Object::new()
    }
}

/// What this library makes of a case's input.
pub fn answer(input: &Value) -> Value {
    let input = fields(input, &["config", "stored", "flags", "user", "call", "key", "fallback"]);
    let object = |name: &str| input.get(name).unwrap().as_object().unwrap().clone();
    let mut options = object("config");
    options.set("initialFlags", input.get("flags").unwrap().to_json().as_str());
    let stored = Rc::new(Stored(object("stored").to_json().into()));
    let now = Now::default();
    let mut client = Client::new(Config::new("a-client".into(), options, DedupScope::Page), DIALECT, stored, now);
    client.set_user(Some(object("user")));
    let (key, fallback) = (input.get("key").unwrap().as_str().unwrap(), input.get("fallback"));
    let answered = client.variant(key, fallback, Expose::Never, now);
    match input.get("call").unwrap().as_str().unwrap().as_bytes() {
        b"variant" => drop(client.variant(key, fallback, Expose::Automatically, now)),
        b"exposure" => client.exposure(key, now),
        call => panic!("{call:?}"),
    }
    let mut answer = Object::new();
    answer.set("variant", answered.variant.into_object());
    answer.set("source", answered.source.name());
    answer.set("exposure", tracked(&mut client).map_or(Value::Null, Value::Object));
    answer.into()
}

/// The exposure that is tracked.
fn tracked(client: &mut impl Machine) -> Option<Object> {
    let mut tracked = None;
    while let Some(effect) = client.poll_effect() {
        if let Effect::Track(_, Receiver::Provider, event) = effect {
            assert!(tracked.is_none(), "tracked twice");
            let event = parse(&event).ok().and_then(Value::into_object).expect("an event");
            tracked = event.get("event_properties").and_then(Value::as_object).cloned();
        }
    }
    tracked
}
