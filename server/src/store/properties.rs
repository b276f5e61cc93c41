//! A person's properties as they are kept: one JSON text, each name with its value and from when it counts.

use std::collections::BTreeMap;

use experiment_wasm::ingestion::moment::Stamp;
use experiment_wasm::ingestion::property::Property;
use experiment_wasm::json::{Object, Text, Value, parse};

/// The properties of one person, by name.
pub type Properties = BTreeMap<Text, Property>;

/// `{name: {"v": value, "t": time, "p": place, "i": insert_id}}`; a name that was unset has no `v`.
pub fn write(properties: &Properties) -> String {
    let entries = properties.iter().map(|(name, property)| (name.clone(), Value::Object(entry(property))));
    entries.collect::<Object>().to_json()
}

/// Reads what [`write`] wrote.
pub fn read(text: &str) -> Properties {
    let stored = parse(text.as_bytes()).ok().and_then(Value::into_object).unwrap_or_default();
    stored.into_iter().filter_map(|(name, entry)| Some((name, property(entry.into_object()?)?))).collect()
}

fn entry(property: &Property) -> Object {
    let mut entry = Object::new();
    if let Some(value) = &property.value {
        entry.push("v".into(), value.clone());
    }
    entry.push("t".into(), property.stamp.time.into());
    entry.push("p".into(), property.stamp.place.into());
    entry.push("i".into(), (&property.stamp.insert_id).into());
    entry
}

fn property(mut entry: Object) -> Option<Property> {
    let number = |name: &str| entry.get(name).and_then(Value::as_u64);
    let (time, place) = (number("t")?, number("p")?);
    let insert_id = entry.get("i")?.as_str()?.clone();
    Some(Property { value: entry.remove("v"), stamp: Stamp { time, place, insert_id } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_unset_names_included() {
        let stamp = Stamp { time: 5, place: 1, insert_id: "i".into() };
        let set = Property { value: Some("on".into()), stamp: stamp.clone() };
        let properties = Properties::from([("a".into(), set), ("b\u{0}".into(), Property { value: None, stamp })]);
        assert_eq!(read(&write(&properties)), properties);
    }
}
