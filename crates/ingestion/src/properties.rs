//! All properties of one user, and their stored form.

use std::collections::BTreeMap;

use super::change::{Change, Operation};
use super::lww::LwwTimestamp;
use super::property::Property;
use experiment_wasm::assignment::PREFIX;
use experiment_wasm::json::{Object, Text, parse};

/// A user's properties. The same changes in any order make the same properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    by_name: BTreeMap<Text, Property>,
    /// When all were cleared last: older changes, also of names that are not known yet, come too late.
    cleared: LwwTimestamp,
}

impl Properties {
    /// Makes a change. Says whether it made a difference.
    pub fn change(&mut self, change: &Change, stamp: &LwwTimestamp) -> bool {
        if change.operation == Operation::ClearAll {
            return self.clear(stamp);
        }
        let next = match self.by_name.get(&change.name) {
            Some(property) => property.after(&change.operation, stamp),
            None => Property::unset(self.since(&change.name)).after(&change.operation, stamp),
        };
        next.is_some_and(|next| {
            self.by_name.insert(change.name.clone(), next);
            true
        })
    }

    /// From when changes of a name count that was never seen.
    fn since(&self, name: &Text) -> LwwTimestamp {
        if is_of_experiment(name) { LwwTimestamp::default() } else { self.cleared.clone() }
    }

    fn clear(&mut self, stamp: &LwwTimestamp) -> bool {
        if *stamp <= self.cleared {
            return false;
        }
        self.cleared = stamp.clone();
        for (name, property) in &mut self.by_name {
            if !is_of_experiment(name)
                && let Some(next) = property.after(&Operation::ClearAll, stamp)
            {
                *property = next;
            }
        }
        true
    }

    /// Takes in what turned out to be the same user's.
    pub fn merge(&mut self, other: Self) {
        for (name, theirs) in other.by_name {
            let merged = match self.by_name.remove(&name) {
                Some(mine) => mine.merged(theirs),
                None => theirs,
            };
            self.by_name.insert(name, merged);
        }
        let last = std::mem::take(&mut self.cleared).max(other.cleared);
        self.clear(&last);
    }

    /// What there is under a name, unset or not.
    pub fn get(&self, name: &[u8]) -> Option<&Property> {
        self.by_name.get(name)
    }

    /// The properties as an event or an answer shows them: names and values, nothing of what was unset.
    pub fn visible(&self) -> Object {
        self.by_name.iter().filter_map(|(name, property)| Some((name.clone(), property.value()?))).collect()
    }

    /// The text they are kept as: `{"p": {name: property}, "c"?: when all were cleared}`.
    pub fn to_text(&self) -> Text {
        let by_name = self.by_name.iter().map(|(name, property)| (name.clone(), property.to_object().into()));
        let mut object = Object::new();
        object.push("p".into(), by_name.collect::<Object>().into());
        if self.cleared != LwwTimestamp::default() {
            let mut cleared = Object::new();
            self.cleared.write(&mut cleared);
            object.push("c".into(), cleared.into());
        }
        object.to_text()
    }

    /// Reads what [`to_text`](Self::to_text) wrote; `None` where any of it is something else. That is not the same as no
    /// properties: these must not be written over it.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let mut object = parse(text).ok()?.into_object()?;
        let by_name = object.remove("p")?.into_object()?.into_iter();
        let by_name = by_name.map(|(name, one)| Some((name, Property::from_object(one.into_object()?)?)));
        let cleared = match object.remove("c") {
            None => LwwTimestamp::default(),
            Some(stamp) => LwwTimestamp::read(stamp.as_object()?)?,
        };
        Some(Self { by_name: by_name.collect::<Option<_>>()?, cleared })
    }
}

/// Whether a name is of an experiment: only exposures change those.
pub(super) fn is_of_experiment(name: &Text) -> bool {
    name.starts_with(PREFIX.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change;

    fn stamp(time: u64) -> LwwTimestamp {
        LwwTimestamp { time, index: 0, insert_id: time.to_string().as_str().into() }
    }

    /// Changes at 1, 2, 3 …
    fn changed(changes: &[&str], order: impl IntoIterator<Item = usize>) -> Properties {
        let mut properties = Properties::default();
        for index in order {
            let sent = parse(changes[index].as_bytes()).unwrap().into_object().unwrap();
            for change in change::read(sent).unwrap() {
                properties.change(&change, &stamp(index as u64 + 1));
            }
        }
        properties
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let all = [
            r#"{"$clearAll":"-"}"#,
            r#"{"a":1,"b\u0000":"\ud83d","$unset":{"gone":"-"}}"#,
            r#"{"$add":{"a":2},"$append":{"l":"x"},"$postInsert":{"l":["y"]},"$prepend":{"l":1},"$preInsert":{"l":2}}"#,
            r#"{"$remove":{"l":"x"},"$setOnce":{"o":"first"}}"#,
        ];
        let properties = changed(&all, 0..all.len());
        assert_eq!(Properties::from_text(&properties.to_text()).unwrap(), properties);
        assert_eq!(Properties::from_text(&Properties::default().to_text()).unwrap(), Properties::default());
        assert_eq!(properties.visible().to_json(), r#"{"a":3,"b\u0000":"\ud83d","l":[2,1,"y"],"o":"first"}"#);
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_no_properties() {
        let good = r#"{"p":{"a":{"v":1,"t":1,"p":0,"i":"x","l":[]}},"c":{"t":1,"p":0,"i":"x"}}"#;
        assert!(Properties::from_text(good.as_bytes()).is_some());
        let broken = [
            (r#""l":[]"#, r#""l":5"#),
            (r#""l":[]"#, r#""l":[{}]"#),
            (r#""t":1"#, r#""t":"1""#),
            (r#""p":{"#, r#""q":{"#),
            ("}}", "}"),
        ];
        for (good_part, bad_part) in broken {
            assert_eq!(Properties::from_text(good.replacen(good_part, bad_part, 1).as_bytes()), None, "{bad_part}");
        }
        let bad_clear = good.replace(r#""c":{"t":1"#, r#""c":{"x":1"#);
        for text in ["", "nonsense", "{}", "null", "[]", &bad_clear] {
            assert_eq!(Properties::from_text(text.as_bytes()), None, "{text}");
        }
        let long = format!(
            r#"{{"p":{{"a":{{"v":"{}","t":1,"p":0,"i":"x"}}}}}}"#,
            "x".repeat(experiment_wasm::json::MAX_BYTES)
        );
        assert_eq!(Properties::from_text(long.as_bytes()), None);
    }

    #[test]
    fn clearing_comes_late_or_early_and_spares_experiments() {
        let all = [r#"{"old":1,"[Experiment] f":"on"}"#, r#"{"$clearAll":"-"}"#, r#"{"new":1}"#];
        for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1]] {
            assert_eq!(changed(&all, order).visible().to_json(), r#"{"[Experiment] f":"on","new":1}"#, "{order:?}");
        }
    }

    #[test]
    fn two_histories_of_one_user_become_one() {
        let all = [
            r#"{"n":1,"m":1}"#,
            r#"{"$add":{"n":1}}"#,
            r#"{"$add":{"n":5,"m":5}}"#,
            r#"{"$clearAll":"-"}"#,
            r#"{"m":7}"#,
        ];
        for split in 0..32_usize {
            let (mine, theirs) = (0..5).partition::<Vec<_>, _>(|index| split & (1 << index) != 0);
            let mut merged = changed(&all[..3], mine.iter().copied().filter(|index| *index < 3));
            merged.merge(changed(&all[..3], theirs.iter().copied().filter(|index| *index < 3)));
            assert_eq!(merged.visible().to_json(), r#"{"m":6,"n":7}"#, "{split}");
            let mut merged = changed(&all, mine);
            merged.merge(changed(&all, theirs));
            assert_eq!(merged.visible().to_json(), r#"{"m":7}"#, "{split}");
        }
    }

    #[test]
    fn a_history_does_not_grow_without_end() {
        let all = vec![r#"{"$add":{"n":1}}"#; 1_000];
        let properties = changed(&all, 0..1_000);
        assert_eq!(properties.visible().to_json(), r#"{"n":1000}"#);
        assert!(properties.to_text().len() < 2_000);
        let all = vec![r#"{"$setOnce":{"initial_referrer":"EMPTY"}}"#; 1_000];
        assert!(changed(&all, 0..1_000).to_text().len() < 200);
    }
}
