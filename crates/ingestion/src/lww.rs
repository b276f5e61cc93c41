//! Last writer wins: a total order over the changes of a property, so that the order of arrival makes no difference.

use experiment_wasm::json::{Object, Text, Value, parse};

/// What decides between two changes of one property; the greater wins, in whatever order they arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LwwTimestamp {
    /// The [corrected](crate::time::corrected) time of the event, in milliseconds.
    pub time: u64,
    /// Its index in the request.
    pub index: u64,
    /// Its insert id, so that no two events are equal.
    pub insert_id: Text,
}

impl LwwTimestamp {
    /// `{"t", "p", "i"}`: the time, the index and the insert id.
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.push("t".into(), self.time.into());
        object.push("p".into(), self.index.into());
        object.push("i".into(), (&self.insert_id).into());
        object.to_json()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    pub fn from_json(text: &[u8]) -> Option<Self> {
        Self::read(&parse(text).ok()?.into_object()?)
    }

    pub(super) fn read(object: &Object) -> Option<Self> {
        let number = |name: &str| object.get(name).and_then(Value::as_u64);
        Some(Self { time: number("t")?, index: number("p")?, insert_id: object.get("i")?.as_str()?.clone() })
    }
}
