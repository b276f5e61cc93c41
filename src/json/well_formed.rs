//! Values that every reader of JSON can take: all text is Unicode, and nothing is nested too deep.

use super::{Object, Text, Value};

impl Value {
    /// This value with U+FFFD for lone surrogates and invalid bytes, as JavaScript's `toWellFormed` has it. `of_raw` replaces
    /// what is deeper than [`MAX_DEPTH`](super::MAX_DEPTH); where it returns `None`, so does this.
    pub fn into_well_formed(self, of_raw: fn(Text) -> Option<Value>) -> Option<Self> {
        Some(match self {
            Value::String(text) => Value::String(text.into_well_formed()),
            Value::Raw(text) => of_raw(text.into_well_formed())?,
            Value::Object(object) => Value::Object(object.into_well_formed(of_raw)?),
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| item.into_well_formed(of_raw)).collect::<Option<_>>()?)
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
        })
    }
}

impl Object {
    /// This object, names and values, like [`Value::into_well_formed`].
    pub fn into_well_formed(self, of_raw: fn(Text) -> Option<Value>) -> Option<Self> {
        let entries = self.into_iter();
        entries.map(|(name, value)| Some((name.into_well_formed(), value.into_well_formed(of_raw)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_DEPTH, parse};
    use super::*;

    fn well_formed(json: &[u8], of_raw: fn(Text) -> Option<Value>) -> Option<String> {
        parse(json).unwrap().into_well_formed(of_raw).map(|value| value.to_json())
    }

    #[test]
    fn names_and_values_are_unicode_wherever_they_stand() {
        let json = b"{\"a\\ud83d\":[\"\\udca9\",{\"Z\xFCrich\":\"\xED\xA0\xBD\"}],\"n\":[1e400,true,null]}";
        let expected = "{\"a\u{FFFD}\":[\"\u{FFFD}\",{\"Z\u{FFFD}rich\":\"\u{FFFD}\"}],\"n\":[1e400,true,null]}";
        assert_eq!(well_formed(json, |_| None).unwrap(), expected);
    }

    #[test]
    fn what_is_too_deep_is_what_the_caller_says() {
        let nested = |depth: u32| "[".repeat(depth as usize) + &"]".repeat(depth as usize);
        assert_eq!(well_formed(nested(MAX_DEPTH).as_bytes(), |_| None).unwrap(), nested(MAX_DEPTH));
        let deep = nested(MAX_DEPTH + 1);
        assert_eq!(well_formed(deep.as_bytes(), |_| None), None);
        assert_eq!(well_formed(deep.as_bytes(), |raw| Some(raw.into())).unwrap(), deep.replace("[]", "\"[]\""));
    }
}
