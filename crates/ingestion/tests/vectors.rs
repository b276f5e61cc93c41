//! `tests/vectors/ingestion.json`: what an event becomes, why one is rejected, and which of several changes of a
//! property counts.
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "../../../tests/vectors/runner.rs"]
mod runner;

use experiment_ingestion::change::{Change, Operation};
use experiment_ingestion::lww::LwwTimestamp;
use experiment_ingestion::properties::Properties;
use experiment_ingestion::{NormalizedEvent, Rules, transform};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::json::{Object, Text, Value};

#[test]
fn every_case_holds() {
    runner::run("ingestion", include_str!("../../../tests/vectors/ingestion.json"), answer);
}

/// What this library makes of a case's input.
fn answer(input: &Value) -> Value {
    let input = input.as_object().unwrap();
    match input.get("stream") {
        Some(stream) => properties_after(stream.as_array().unwrap(), input.get("anyOrder").unwrap().as_bool().unwrap()),
        None => match transform(input.get("event").unwrap().clone(), rules(input), &NativeDialect) {
            Ok(event) => shown(&event, input.get("shows").and_then(Value::as_array).unwrap_or_default()),
            Err(rejection) => object([("rejected", rejection.reason().into())]),
        },
    }
}

fn rules(input: &Object) -> Rules {
    let rules = input.get("rules").and_then(Value::as_object);
    let asks = rules.and_then(|rules| rules.get("assignmentsSetProperties")).and_then(Value::as_bool);
    let length = rules.and_then(|rules| rules.get("minIdLength")).and_then(Value::as_u64);
    Rules {
        assignments_set_properties: asks.unwrap_or_default(),
        min_id_length: length.unwrap_or_default().try_into().unwrap(),
        ..Rules::default()
    }
}

/// What every case shows, and what this one asks for.
fn shown(event: &NormalizedEvent, more: &[Value]) -> Value {
    let mut shown = object([
        ("event_type", (&event.event_type).into()),
        ("event_properties", event.event_properties.clone().into()),
        ("changes", event.changes.iter().map(change).collect::<Vec<_>>().into()),
    ]);
    let fields = shown.as_object_mut().unwrap();
    if let Some(field) = event.removed {
        fields.set("removed", field);
    }
    let text = |text: &Option<Text>| text.as_ref().map_or(Value::Null, Value::from);
    for name in more {
        let value = match name.as_str().unwrap().as_bytes() {
            b"user_id" => text(&event.identity.user_id),
            b"device_id" => text(&event.identity.device_id),
            b"time" => event.time.map_or(Value::Null, Value::from),
            _ => panic!("{name:?} is not shown"),
        };
        fields.set(name.as_str().unwrap(), value);
    }
    shown
}

fn change(change: &Change) -> Value {
    let (operator, value) = match change.operation.clone() {
        Operation::Set(value) => ("set", value),
        Operation::SetOnce(value) => ("setOnce", value),
        Operation::Unset => ("unset", true.into()),
        Operation::Add(value) => ("add", value),
        Operation::Append { values, unique: false } => ("append", values.into()),
        Operation::Append { values, unique: true } => ("postInsert", values.into()),
        Operation::Prepend { values, unique: false } => ("prepend", values.into()),
        Operation::Prepend { values, unique: true } => ("preInsert", values.into()),
        Operation::Remove(values) => ("remove", values.into()),
        Operation::ClearAll => ("clearAll", true.into()),
    };
    object([("name", (&change.name).into()), (operator, value)])
}

/// Applies the stream as it stands and, where order must not matter, backwards too.
fn properties_after(stream: &[Value], any_order: bool) -> Value {
    let forwards = applied(stream.iter());
    if any_order {
        assert_eq!(forwards, applied(stream.iter().rev()), "the order of arrival made a difference");
    }
    forwards
}

fn applied<'a>(stream: impl Iterator<Item = &'a Value>) -> Value {
    let mut properties = Properties::default();
    for event in stream {
        let event = event.as_object().unwrap();
        let sent = object([
            ("event_type", "$identify".into()),
            ("user_id", "somebody".into()),
            ("user_properties", event.get("user_properties").unwrap().clone()),
        ]);
        for change in transform(sent, Rules::default(), &NativeDialect).unwrap().changes {
            properties.change(&change, &stamp(event));
        }
    }
    properties.visible().into()
}

fn stamp(event: &Object) -> LwwTimestamp {
    let number = |name: &str| event.get(name).unwrap().as_u64().unwrap();
    let insert_id = event.get("insertId").unwrap().as_str().unwrap().clone();
    LwwTimestamp { time: number("time"), index: number("place"), insert_id }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}
