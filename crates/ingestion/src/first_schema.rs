//! The text in which the first schema kept all properties of a person. Only read: what is stored now is in
//! [buckets](crate::bucket).

use experiment_wasm::json::{Object, Value, parse};

use crate::change::Operation;
use crate::lww::LwwTimestamp;
use crate::properties::Properties;
use crate::property::Property;

/// Reads `{"p": {name: property}, "c"?: when all were cleared}`, where a property is `{"v"?, "t", "p", "i", "l"?}`: its
/// value, when it was set, and later operations as `{"o", "v", "t", "p", "i"}`. `None` where any of it is something else:
/// that is not the same as no properties.
pub fn properties(text: &[u8]) -> Option<Properties> {
    let mut object = parse(text).ok()?.into_object()?;
    let by_name = object.remove("p")?.into_object()?.into_iter();
    let by_name = by_name.map(|(name, one)| Some((name, property(one.into_object()?)?)));
    let cleared = match object.remove("c") {
        None => LwwTimestamp::default(),
        Some(timestamp) => LwwTimestamp::read(timestamp.as_object()?)?,
    };
    let mut properties = Properties::cleared_at(cleared);
    properties.load(by_name.collect::<Option<Vec<_>>>()?);
    Some(properties)
}

fn property(mut object: Object) -> Option<Property> {
    let later = object.remove("l").map_or(Some(Vec::new()), Value::into_array)?;
    let later = later.into_iter().map(operation).collect::<Option<_>>()?;
    Some(Property::new(object.remove("v"), LwwTimestamp::read(&object)?, later))
}

fn operation(value: Value) -> Option<(LwwTimestamp, Operation)> {
    let mut object = value.into_object()?;
    let timestamp = LwwTimestamp::read(&object)?;
    let argument = object.remove("v")?;
    Some((timestamp, Operation::of(object.get("o")?.as_str()?, argument)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"p":{"a":{"v":1,"t":1,"p":0,"i":"x","l":[{"o":"$add","v":2,"t":2,"p":0,"i":"y"}]}},"c":{"t":1,"p":0,"i":"x"}}"#;

    /// The text of an unset property, which has no value.
    const UNSET: &str = r#"{"p":{"gone":{"t":1,"p":0,"i":"x"}}}"#;

    #[test]
    fn what_was_kept_is_read() {
        assert_eq!(properties(GOOD.as_bytes()).unwrap().visible().to_json(), r#"{"a":3}"#);
        assert_eq!(properties(UNSET.as_bytes()).unwrap().visible(), Object::new());
        assert!(properties(UNSET.as_bytes()).unwrap().get(b"gone").is_some());
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_no_properties() {
        let broken = [
            (r#""l":["#, r#""l":5,"m":["#),
            (r#""l":["#, r#""l":[{},"#),
            (r#""t":1"#, r#""t":"1""#),
            (r#""p":{"#, r#""q":{"#),
            (r#""c":{"t":1"#, r#""c":{"x":1"#),
            ("}}", "}"),
        ];
        for (good_part, bad_part) in broken {
            assert_eq!(properties(GOOD.replacen(good_part, bad_part, 1).as_bytes()), None, "{bad_part}");
        }
        for text in ["", "nonsense", "{}", "null", "[]"] {
            assert_eq!(properties(text.as_bytes()), None, "{text}");
        }
        let long = "x".repeat(experiment_wasm::json::MAX_BYTES);
        assert_eq!(properties(format!(r#"{{"p":{{"a":{{"v":"{long}","t":1,"p":0,"i":"x"}}}}}}"#).as_bytes()), None);
    }
}
