//! Buckets: a person's properties are stored in pieces, by a hash of their names, so that a change loads and writes only
//! the pieces of the names that it is about, however many properties the person has.
//!
//! Few events change many properties and many change a few of them. A row for each property would cost ten times the
//! bytes that a short one was sent with; a text with all of them is written anew for each change.

use std::collections::{BTreeMap, HashMap};

use experiment_wasm::bucketing::murmur3;
use experiment_wasm::json::{Object, Text, Value, parse};

use crate::change::Operation;
use crate::lww::LwwTimestamp;
use crate::property::Property;

/// How many bytes of properties a bucket has on average, at most.
const BUCKET_BYTES: u64 = 512;

/// The bucket of a name; `buckets` is a power of two.
pub fn bucket_of(name: &Text, buckets: u32) -> u32 {
    murmur3(name) & buckets.saturating_sub(1)
}

/// How many buckets properties of so many bytes need: a power of two.
pub fn buckets_for(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(BUCKET_BYTES).max(1).next_power_of_two()).unwrap_or(1 << 31)
}

/// The text of a bucket: `{"t": [[time, index, insert id]], "p": {name: [timestamp, value?]}, "l"?: {name: [[timestamp,
/// operator, argument]]}}`. A timestamp is its number in `t`: one event often changes many properties. `name: value`, of a
/// value that is no list, is short for `name: [0, value]`.
pub fn to_json<'a>(properties: impl Iterator<Item = (&'a Text, &'a Property)>) -> String {
    let mut timestamps = Timestamps::default();
    let (mut values, mut later) = (Object::new(), Object::new());
    for (name, property) in properties {
        let since = timestamps.number(property.since());
        values.push(name.clone(), packed(since, property.base().cloned()));
        let operations: Vec<_> = property.later().filter_map(|(at, one)| operation(&mut timestamps, at, one)).collect();
        if !operations.is_empty() {
            later.push(name.clone(), operations.into());
        }
    }
    let mut object = Object::new();
    object.push("t".into(), timestamps.list.into());
    object.push("p".into(), values.into());
    if !later.is_empty() {
        object.push("l".into(), later.into());
    }
    object.to_json()
}

/// Reads what [`to_json`] wrote; `None` where any of it is something else. That is not the same as no properties: these
/// must not be written over it.
pub fn from_json(text: &[u8]) -> Option<BTreeMap<Text, Property>> {
    let mut object = parse(text).ok()?.into_object()?;
    let timestamps = object.remove("t")?.into_array()?;
    let timestamps = timestamps.iter().map(timestamp).collect::<Option<Vec<_>>>()?;
    let mut later = object.remove("l").map_or(Some(Object::new()), Value::into_object)?;
    let mut property = |(name, stored): (Text, Value)| {
        let (since, base) = unpacked(&timestamps, stored)?;
        let operations = later.remove(&name).map_or(Some(Vec::new()), Value::into_array)?;
        let operations = operations.into_iter().map(|one| read_operation(&timestamps, one)).collect::<Option<_>>()?;
        Some((name, Property::new(base, since, operations)))
    };
    let properties = object.remove("p")?.into_object()?.into_iter().map(&mut property).collect::<Option<_>>()?;
    (later.is_empty() && object.is_empty()).then_some(properties)
}

fn packed(since: u64, base: Option<Value>) -> Value {
    match base {
        Some(base) if since == 0 && !matches!(base, Value::Array(_)) => base,
        base => Value::Array([Some(since.into()), base].into_iter().flatten().collect()),
    }
}

fn unpacked(timestamps: &[LwwTimestamp], stored: Value) -> Option<(LwwTimestamp, Option<Value>)> {
    let Value::Array(stored) = stored else { return Some((timestamps.first()?.clone(), Some(stored))) };
    let mut stored = stored.into_iter();
    let (since, base) = (at(timestamps, &stored.next()?)?, stored.next());
    stored.next().is_none().then_some((since, base))
}

/// The timestamps of a bucket, each once.
#[derive(Default)]
struct Timestamps {
    numbers: HashMap<LwwTimestamp, u64>,
    list: Vec<Value>,
}

impl Timestamps {
    fn number(&mut self, timestamp: &LwwTimestamp) -> u64 {
        if let Some(known) = self.numbers.get(timestamp) {
            return *known;
        }
        let number = self.list.len() as u64;
        self.numbers.insert(timestamp.clone(), number);
        let fields = [timestamp.time.into(), timestamp.index.into(), (&timestamp.insert_id).into()];
        self.list.push(Value::Array(fields.into()));
        number
    }
}

fn operation(timestamps: &mut Timestamps, timestamp: &LwwTimestamp, operation: &Operation) -> Option<Value> {
    let (operator, argument) = operation.named()?;
    Some(Value::Array(vec![timestamps.number(timestamp).into(), operator.into(), argument]))
}

fn read_operation(timestamps: &[LwwTimestamp], stored: Value) -> Option<(LwwTimestamp, Operation)> {
    let [number, operator, argument] = <[Value; 3]>::try_from(stored.into_array()?).ok()?;
    Some((at(timestamps, &number)?, Operation::of(operator.as_str()?, argument)?))
}

fn at(timestamps: &[LwwTimestamp], number: &Value) -> Option<LwwTimestamp> {
    timestamps.get(usize::try_from(number.as_u64()?).ok()?).cloned()
}

fn timestamp(stored: &Value) -> Option<LwwTimestamp> {
    let [time, index, insert_id] = stored.as_array()? else { return None };
    Some(LwwTimestamp { time: time.as_u64()?, index: index.as_u64()?, insert_id: insert_id.as_str()?.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_taken_for_no_properties() {
        let good = r#"{"t":[[1,0,"x"]],"p":{"a":[0,1]},"l":{"a":[[0,"$add",1]]}}"#;
        let read = from_json(good.as_bytes()).unwrap();
        assert_eq!(to_json(read.iter()), good.replace("[0,1]", "1"));
        assert_eq!(from_json(to_json(read.iter()).as_bytes()), Some(read));
        let broken = [
            (r#""p":{"#, r#""q":{"#),
            (r#"[0,1]"#, r#"[1,1]"#),
            (r#"[0,1]"#, r#"[]"#),
            (r#"[0,1]"#, r#"[0,1,2]"#),
            (r#"[1,0,"x"]"#, r#"["1",0,"x"]"#),
            (r#"{"a":[["#, r#"{"b":[["#),
            (r#"$add"#, r#"$odd"#),
            ("}}", "}"),
        ];
        for (good_part, bad_part) in broken {
            assert_eq!(from_json(good.replacen(good_part, bad_part, 1).as_bytes()), None, "{bad_part}");
        }
        for text in ["", "nonsense", "{}", "null", "[]"] {
            assert_eq!(from_json(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn buckets_grow_with_the_bytes() {
        assert_eq!([0, 1, 512, 513, 1_024, 1_025, 65_536].map(buckets_for), [1, 1, 1, 2, 2, 4, 128]);
        let names: Vec<Text> = (0..1_000).map(|number| format!("name {number}").into()).collect();
        for buckets in [1, 2, 64] {
            let mut counts = vec![0; buckets as usize];
            names.iter().for_each(|name| counts[bucket_of(name, buckets) as usize] += 1);
            assert!(counts.iter().all(|count| *count < 3 * 1_000 / buckets), "{counts:?}");
        }
    }
}
