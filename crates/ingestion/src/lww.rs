//! Last writer wins: a total order over the changes of a property, so that the order of arrival makes no difference.

use experiment_wasm::field_hasher::FieldHasher;
use experiment_wasm::json::{Object, Text, Value, parse};

/// What decides between two changes of one property; the greater wins, in whatever order they arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LwwTimestamp {
    /// The [corrected](crate::time::corrected) time of the event, in milliseconds.
    pub time: u64,
    /// Its index in the request.
    pub index: u64,
    /// Its insert id, so that no two events are equal; [shortened](shortened) where it is long.
    pub insert_id: Text,
}

/// How long an insert id may be to be kept with every property that its event changes.
const MAX_ID_BYTES: usize = 64;

/// An insert id, or of a long one its first bytes and a digest, so that both sort alike.
pub fn shortened(insert_id: &Text) -> Text {
    let Some(start) = insert_id.get(..MAX_ID_BYTES / 2).filter(|_| insert_id.len() > MAX_ID_BYTES) else {
        return insert_id.clone();
    };
    let digest = FieldHasher::new().field(insert_id).finish();
    Text::from(start).into_well_formed().then(digest.get(..MAX_ID_BYTES / 2).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_insert_id_is_shortened_and_stays_another_one() {
        let id = |start: &str, length: usize, end: &str| Text::from(format!("{start}{}{end}", "é".repeat(length / 2)));
        assert_eq!(shortened(&id("", 64, "")), id("", 64, ""));
        let long = [("a", "x"), ("a", "y"), ("b", "x")].map(|(start, end)| shortened(&id(start, 1_000, end)));
        assert!(long[0] != long[1] && long[1] < long[2] && long.iter().all(|id| id.len() < 70));
        assert!(long.iter().all(|id| std::str::from_utf8(id).is_ok()));
    }
}
