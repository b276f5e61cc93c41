//! The difference between two lists: what is appended to a long list, or removed from it, is stored, not the list.

use std::collections::HashMap;

use experiment_wasm::json::{Object, Value};

/// How a list is put together from an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListDifference(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Items of the earlier list, from an index on.
    Kept {
        start: usize,
        count: usize,
    },
    New(Vec<Value>),
}

impl ListDifference {
    /// Each item of the later list is taken from the earlier one where that has it.
    pub(crate) fn between(before: &[Value], after: &[Value]) -> Self {
        let texts: Vec<_> = before.iter().map(Value::to_json).collect();
        let mut indices: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, text) in texts.iter().enumerate() {
            indices.entry(text).or_default().push(index);
        }
        let mut parts = Vec::new();
        let mut next = 0;
        for item in after {
            let found = indices.get(item.to_json().as_str()).and_then(|all| from(all, next));
            match (found, parts.last_mut()) {
                (Some(index), Some(Part::Kept { start, count })) if *start + *count == index => *count += 1,
                (Some(index), _) => parts.push(Part::Kept { start: index, count: 1 }),
                (None, Some(Part::New(items))) => items.push(item.clone()),
                (None, _) => parts.push(Part::New(vec![item.clone()])),
            }
            next = found.map_or(next, |index| index + 1);
        }
        Self(parts)
    }

    /// The later list; `None` where the earlier one is too short.
    pub(crate) fn apply(&self, before: &[Value]) -> Option<Vec<Value>> {
        let mut after = Vec::new();
        for part in &self.0 {
            match part {
                Part::Kept { start, count } => after.extend_from_slice(before.get(*start..start.checked_add(*count)?)?),
                Part::New(items) => after.extend_from_slice(items),
            }
        }
        Some(after)
    }

    /// A list of `[start, count]`, and of `{"v": [items]}` for new ones.
    pub(crate) fn to_value(&self) -> Value {
        let part = |part: &Part| match part {
            Part::Kept { start, count } => Value::Array(vec![(*start as u64).into(), (*count as u64).into()]),
            Part::New(items) => {
                let mut object = Object::new();
                object.push("v".into(), items.clone().into());
                object.into()
            }
        };
        Value::Array(self.0.iter().map(part).collect())
    }

    /// Reads what [`to_value`](Self::to_value) wrote.
    pub(crate) fn from_value(value: Value) -> Option<Self> {
        let part = |part: Value| match part {
            Value::Array(range) => {
                let [start, count] = range.as_slice() else { return None };
                Some(Part::Kept { start: start.as_u64()?.try_into().ok()?, count: count.as_u64()?.try_into().ok()? })
            }
            other => Some(Part::New(other.into_object()?.remove("v")?.into_array()?)),
        };
        value.into_array()?.into_iter().map(part).collect::<Option<_>>().map(Self)
    }
}

/// The first of these indices that is not before another one, or else the first of all.
fn from(indices: &[usize], next: usize) -> Option<usize> {
    let after = indices.partition_point(|index| *index < next);
    indices.get(after).or(indices.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use experiment_wasm::json::parse;

    fn list(json: &str) -> Vec<Value> {
        parse(json.as_bytes()).unwrap().into_array().unwrap()
    }

    #[test]
    fn a_difference_leads_from_one_list_to_the_other_and_is_short() {
        let cases = [
            ("[]", "[1]", r#"[{"v":[1]}]"#),
            ("[1,2,3]", "[1,2,3,4]", r#"[[0,3],{"v":[4]}]"#),
            ("[1,2,3]", "[0,1,2,3]", r#"[{"v":[0]},[0,3]]"#),
            ("[1,2,3,4]", "[1,2,4]", "[[0,2],[3,1]]"),
            ("[1,1,2,1]", "[1,1,2,1,1]", "[[0,4],[0,1]]"),
            ("[1,2]", "[]", "[]"),
            (r#"["a",{"b":[1]}]"#, r#"[{"b":[1]},"a",{"b":[2]}]"#, r#"[[1,1],[0,1],{"v":[{"b":[2]}]}]"#),
        ];
        for (before, after, stored) in cases {
            let difference = ListDifference::between(&list(before), &list(after));
            assert_eq!(difference.to_value().to_json(), stored);
            let read = ListDifference::from_value(parse(stored.as_bytes()).unwrap()).unwrap();
            assert_eq!(read.apply(&list(before)).unwrap(), list(after));
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_list() {
        for text in ["{}", "[1]", "[[0]]", "[[0,1,2]]", r#"[{"w":[]}]"#, r#"[["a",1]]"#] {
            assert_eq!(ListDifference::from_value(parse(text.as_bytes()).unwrap()), None, "{text}");
        }
        let beyond = ListDifference::from_value(list("[[1,2]]").into()).unwrap();
        assert_eq!(beyond.apply(&list("[1,2]")), None);
        let huge = ListDifference::from_value(list("[[1,18446744073709551615]]").into());
        assert_eq!(huge.and_then(|huge| huge.apply(&list("[1,2]"))), None);
    }
}
