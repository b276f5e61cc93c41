//! States of a user's properties: each is stored once, whole or as the difference to the one before.

use std::collections::{BTreeMap, BTreeSet};

use experiment_wasm::json::{Object, Text, Value, parse};

use crate::list_difference::ListDifference;

/// Properties as an event or an answer shows them: names and values, nothing of what was unset.
pub type Visible = BTreeMap<Text, Value>;

/// What one state changes in the one before. A whole state is the difference to no properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    set: Visible,
    lists: BTreeMap<Text, ListDifference>,
    unset: BTreeSet<Text>,
}

impl Difference {
    /// A whole state.
    pub fn whole(set: Visible) -> Self {
        Self { set, ..Self::default() }
    }

    /// The difference that leads from one state to another.
    pub fn between(before: &Visible, after: &Visible) -> Self {
        let mut difference = Self::default();
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        for name in after.keys().chain(gone) {
            difference.put(name.clone(), before.get(name), after.get(name).cloned());
        }
        difference
    }

    /// Adds a name whose value changes.
    pub fn put(&mut self, name: Text, before: Option<&Value>, after: Option<Value>) {
        match (before, after) {
            (before, after) if before == after.as_ref() => {}
            (_, None) => drop(self.unset.insert(name)),
            (Some(Value::Array(before)), Some(Value::Array(after))) => {
                let difference = ListDifference::between(before, &after);
                let whole = Value::Array(after);
                if json_bytes(&difference.to_value()) < json_bytes(&whole) {
                    self.lists.insert(name, difference);
                } else {
                    self.set.insert(name, whole);
                }
            }
            (_, Some(after)) => drop(self.set.insert(name, after)),
        }
    }

    /// Whether both states are the same.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty() && self.lists.is_empty()
    }

    /// Turns the state before into the one after; `None` where it is no difference to this state.
    pub fn apply(self, state: &mut Visible) -> Option<()> {
        for (name, difference) in self.lists {
            let list = state.get_mut(&name)?;
            let Value::Array(before) = list else { return None };
            *list = Value::Array(difference.apply(before)?);
        }
        self.unset.iter().for_each(|name| drop(state.remove(name)));
        state.extend(self.set);
        Some(())
    }

    /// `{"s"?: {name: value}, "l"?: {name: list difference}, "u"?: [name]}`
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        if !self.set.is_empty() {
            object.push("s".into(), to_object(self.set.clone()).into());
        }
        if !self.lists.is_empty() {
            let lists = self.lists.iter().map(|(name, difference)| (name.clone(), difference.to_value()));
            object.push("l".into(), lists.collect::<Object>().into());
        }
        if !self.unset.is_empty() {
            object.push("u".into(), self.unset.iter().map(Value::from).collect::<Vec<_>>().into());
        }
        object.to_json()
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None` where any of it is something else.
    pub fn from_json(text: &[u8]) -> Option<Self> {
        let mut object = parse(text).ok()?.into_object()?;
        let mut named = |name: &str| object.remove(name).map_or(Some(Object::new()), Value::into_object);
        let (set, lists) = (named("s")?, named("l")?);
        let unset = object.remove("u").map_or(Some(Vec::new()), Value::into_array)?;
        let unset = unset.into_iter().map(|name| name.as_str().cloned()).collect::<Option<_>>()?;
        let list = |(name, value)| Some((name, ListDifference::from_value(value)?));
        let lists = lists.into_iter().map(list).collect::<Option<_>>()?;
        object.is_empty().then(|| Self { set: set.into_iter().collect(), lists, unset })
    }
}

/// The state that a whole state and the differences since lead to; `None` where one of them cannot be read.
pub fn state<'a>(differences: impl IntoIterator<Item = &'a str>) -> Option<Visible> {
    let mut state = Visible::new();
    for difference in differences {
        Difference::from_json(difference.as_bytes())?.apply(&mut state)?;
    }
    Some(state)
}

/// Properties as a JSON object.
pub fn to_object(visible: Visible) -> Object {
    visible.into_iter().collect()
}

/// About how many bytes the JSON of a value has.
pub(crate) fn json_bytes(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(text) | Value::Raw(text) => text.len() as u64,
        Value::String(text) => text.len() as u64 + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_bytes(item) + 1).sum::<u64>(),
        Value::Object(object) => {
            2 + object.iter().map(|(name, value)| name.len() as u64 + json_bytes(value) + 4).sum::<u64>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(json: &str) -> Visible {
        parse(json.as_bytes()).unwrap().into_object().unwrap().into_iter().collect()
    }

    #[test]
    fn a_difference_leads_from_one_state_to_the_other_also_when_it_was_stored() {
        let states = [
            r#"{}"#,
            r#"{"a":1}"#,
            r#"{"a":null,"b":[1]}"#,
            r#"{"b":["a text that is long",2],"\u0000":"x"}"#,
            r#"{"b":["a text that is long",2,3]}"#,
        ];
        let states = states.map(visible);
        for (before, after) in states.iter().flat_map(|before| states.iter().map(move |after| (before, after))) {
            let difference = Difference::between(before, after);
            assert_eq!(difference.is_empty(), before == after);
            let mut reached = before.clone();
            Difference::from_json(difference.to_json().as_bytes()).unwrap().apply(&mut reached).unwrap();
            assert_eq!(&reached, after);
        }
        assert_eq!(
            Difference::between(&states[3], &states[4]).to_json(),
            "{\"l\":{\"b\":[[0,2],{\"v\":[3]}]},\"u\":[\"\\u0000\"]}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_empty_difference() {
        for text in ["", "nonsense", "[]", "null", r#"{"s":1}"#, r#"{"u":{}}"#, r#"{"u":[1]}"#, r#"{"x":1}"#] {
            assert_eq!(Difference::from_json(text.as_bytes()), None, "{text}");
        }
        assert_eq!(state([r#"{"s":{"a":1}}"#, r#"{"l":{"a":[]}}"#]), None);
    }
}
