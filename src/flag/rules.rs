//! The rules for a flag to be written. They are stricter than reading, which skips what it does not understand: the author
//! would not learn that a condition is never met, or that a share of the users gets nothing.
//!
//! Whatever an evaluation would skip is refused. Accepted is what has a meaning: `null` for conditions, a bucket or a variant,
//! an empty list, ranges that overlap, versions that are compared as text, and unknown fields. Other flags and the server's
//! deployments are not checked here.

use std::collections::HashSet;

use super::fault::{Check, Fault, each, expected, optional, required};
use crate::dialect::{Dialect, plain};
use crate::json::{Object, Text, Value};
use crate::segment::{ComparisonKey, NONE, Operator, Test};

/// The upper bound of an allocation's range: users in percent.
const MAX_PERCENT: f64 = 100.0;

/// The upper bound of a distribution's range: what remains of 32 bits divided by 100, and one.
const MAX_REST: f64 = 42_949_673.0;

/// A field and its check.
type Rule = (&'static str, fn(&Value) -> Check);

/// The metadata that clients and the server read.
const METADATA: [Rule; 9] = [
    ("evaluationMode", evaluation_mode),
    ("flagVersion", version),
    ("flagType", text),
    ("experimentKey", text),
    ("segmentName", text),
    ("deliveryMethod", text),
    ("deployed", boolean),
    ("trackExposure", boolean),
    ("default", boolean),
];

/// Checks whether a flag may be written.
///
/// # Errors
/// The first fault.
pub fn check<D: Dialect>(flag: &Object, dialect: &D) -> Check {
    if let Some((name, _)) = flag.iter().find(|(_, value)| is_deep(value)) {
        return Err(Fault::new("deep", "is nested too deep for other readers of JSON").of(&name.to_str()));
    }
    required(flag, "key", text)?;
    required(flag, "variants", variants)?;
    optional(flag, "dependencies", |keys| each(keys, text))?;
    optional(flag, "metadata", metadata)?;
    let names = flag.get("variants").and_then(Value::as_object);
    let variants = names.map(|names| names.iter().map(|(name, _)| name).collect()).unwrap_or_default();
    let dependencies = dependencies(flag);
    if let Some(index) = dependencies.iter().position(|key| Some(*key) == flag.get("key").and_then(Value::as_str)) {
        return Err(Fault::cycle().at(index).of("dependencies"));
    }
    let rules = Rules { variants, dependencies: dependencies.into_iter().collect(), dialect };
    required(flag, "segments", |segments| each(segments, |segment| rules.segment(segment)))
}

/// Whether anything is nested deeper than is parsed: clients and the admin's programs receive the flag as it was written.
fn is_deep(value: &Value) -> bool {
    match value {
        Value::Raw(_) => true,
        Value::Array(items) => items.iter().any(is_deep),
        Value::Object(fields) => fields.iter().any(|(_, value)| is_deep(value)),
        _ => false,
    }
}

/// The keys of the flags that a flag depends on, in their order.
pub fn dependencies(flag: &Object) -> Vec<&Text> {
    let keys = flag.get("dependencies").and_then(Value::as_array).unwrap_or_default();
    keys.iter().filter_map(Value::as_str).collect()
}

/// What the parts of a flag are checked against.
struct Rules<'a, D> {
    variants: HashSet<&'a Text>,
    dependencies: HashSet<&'a Text>,
    dialect: &'a D,
}

impl<D: Dialect> Rules<'_, D> {
    fn segment(&self, segment: &Value) -> Check {
        let segment = object(segment)?;
        optional(segment, "conditions", |list| each(list, |all| each(all, |condition| self.condition(condition))))?;
        optional(segment, "bucket", |bucket| self.bucket(bucket))?;
        optional(segment, "variant", |name| self.variant(name))?;
        optional(segment, "metadata", metadata)
    }

    fn condition(&self, condition: &Value) -> Check {
        let condition = object(condition)?;
        required(condition, "selector", |selector| self.selector(selector))?;
        required(condition, "op", operator)?;
        let name = condition.get("op").and_then(Value::as_str).map(Text::as_bytes);
        let operator = Operator::named(name.unwrap_or_default());
        required(condition, "values", |values| each(values, |value| self.value(value, operator)))
    }

    /// A value must have the comparison key of its operator.
    fn value(&self, value: &Value, operator: &Operator) -> Check {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(digits) => plain::print(self.dialect, digits),
            Value::Bool(_) => Text::default(),
            _ => return Err(expected("must be a text")),
        };
        let is_none = text == NONE;
        if operator.test == Test::Pattern && self.dialect.compile_pattern(&text).is_none() {
            return Err(Fault::new("pattern", "is no regular expression that is read here"));
        }
        let is_number = || !plain::number(self.dialect, &text).is_nan() && !matches!(value, Value::Bool(_));
        if operator.key == ComparisonKey::Number && !is_none && !is_number() {
            return Err(Fault::new("not_a_number", "must be a number for its operator"));
        }
        Ok(())
    }

    /// A selector must be a path that can lead to a property.
    fn selector(&self, selector: &Value) -> Check {
        each(selector, step)?;
        let mut steps = selector.as_array().unwrap_or_default().iter().filter_map(Value::as_str);
        match steps.next().map(Text::as_bytes) {
            Some(b"context") => Ok(()),
            Some(b"result") if steps.next().is_none_or(|flag| self.dependencies.contains(flag)) => Ok(()),
            Some(b"result") => {
                Err(Fault::new("undeclared_dependency", "names a flag that `dependencies` does not name").at(1))
            }
            _ => Err(expected("must be a list that begins with \"context\" or \"result\"")),
        }
    }

    fn bucket(&self, bucket: &Value) -> Check {
        let bucket = object(bucket)?;
        required(bucket, "selector", |selector| self.selector(selector))?;
        required(bucket, "salt", scalar)?;
        required(bucket, "allocations", |allocations| each(allocations, |allocation| self.allocation(allocation)))
    }

    fn allocation(&self, allocation: &Value) -> Check {
        let allocation = object(allocation)?;
        required(allocation, "range", |range| self.range(range, MAX_PERCENT))?;
        required(allocation, "distributions", |all| each(all, |distribution| self.distribution(distribution)))
    }

    fn distribution(&self, distribution: &Value) -> Check {
        let distribution = object(distribution)?;
        required(distribution, "range", |range| self.range(range, MAX_REST))?;
        required(distribution, "variant", |name| if name.is_null() { Ok(()) } else { self.variant(name) })
    }

    /// A range must be two numbers in ascending order, neither below zero nor over the bound.
    fn range(&self, range: &Value, max: f64) -> Check {
        let number = |value: &Value| match value {
            Value::Number(digits) => Some(plain::number(self.dialect, digits)),
            _ => None,
        };
        let Some([start, end]) = range.as_array() else { return Err(expected("must be a list of two numbers")) };
        let (Some(start), Some(end)) = (number(start), number(end)) else {
            return Err(expected("must be a list of two numbers"));
        };
        if 0.0 <= start && start <= end && end <= max {
            Ok(())
        } else {
            Err(Fault::new("range", "must be two ascending numbers within the bounds"))
        }
    }

    fn variant(&self, name: &Value) -> Check {
        let name = name.as_str().ok_or_else(|| expected("must be a text"))?;
        if self.variants.contains(name) {
            Ok(())
        } else {
            Err(Fault::new("unknown_variant", "names a variant that the flag does not have"))
        }
    }
}

fn variants(variants: &Value) -> Check {
    for (name, variant) in object(variants)?.iter() {
        variant_of(variant).map_err(|fault| fault.of(&name.to_str()))?;
    }
    Ok(())
}

fn variant_of(variant: &Value) -> Check {
    let variant = object(variant)?;
    optional(variant, "key", text)?;
    optional(variant, "metadata", metadata)
}

fn metadata(value: &Value) -> Check {
    let metadata = object(value)?;
    METADATA.iter().try_for_each(|(name, check)| optional(metadata, name, check))
}

fn evaluation_mode(mode: &Value) -> Check {
    let is_known = mode.as_str().is_some_and(|mode| *mode == "local" || *mode == "remote");
    if is_known { Ok(()) } else { Err(expected("must be \"local\" or \"remote\"")) }
}

fn operator(name: &Value) -> Check {
    let name = name.as_str().ok_or_else(|| expected("must be a text"))?;
    if Operator::named(name).test == Test::Never {
        Err(Fault::new("unknown_operator", "is no known operator"))
    } else {
        Ok(())
    }
}

/// An element that JavaScript takes for false makes a path invalid.
fn step(element: &Value) -> Check {
    let is_valid = match element {
        Value::String(name) => !name.is_empty(),
        Value::Number(index) => *index != "0",
        _ => false,
    };
    if is_valid { Ok(()) } else { Err(expected("must be a text that is not empty")) }
}

fn version(value: &Value) -> Check {
    if matches!(value, Value::Number(_) | Value::String(_)) {
        Ok(())
    } else {
        Err(expected("must be a number or a text"))
    }
}

fn scalar(value: &Value) -> Check {
    let is_scalar = matches!(value, Value::Number(_) | Value::String(_) | Value::Bool(_));
    if is_scalar { Ok(()) } else { Err(expected("must be a text, a number or a boolean")) }
}

fn text(value: &Value) -> Check {
    value.as_str().map(drop).ok_or_else(|| expected("must be a text"))
}

fn boolean(value: &Value) -> Check {
    value.as_bool().map(drop).ok_or_else(|| expected("must be true or false"))
}

fn object(value: &Value) -> Check<&Object> {
    value.as_object().ok_or_else(|| expected("must be an object"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::NativeDialect;
    use crate::json::parse;

    const GOOD: &str = r#"{
        "key": "f", "new": {"unknown": [1]}, "dependencies": ["d"],
        "metadata": {"evaluationMode": "local", "flagVersion": 4, "deployed": true, "experimentKey": null},
        "variants": {"on": {"key": "on", "value": {"any": 3}, "payload": [1e400]}, "off": {"metadata": {"default": true}}},
        "segments": [
            {"conditions": [[{"selector": ["result", "d", "key"], "op": "is", "values": ["on"]}],
                            [{"selector": ["context", "user", "age"], "op": "less", "values": ["18", "(none)", 5]}],
                            [{"selector": ["context", "user", "name"], "op": "regex match", "values": ["^a"]}]],
             "bucket": {"selector": ["context", "user", "device_id"], "salt": "s", "allocations": [
                {"range": [0, 50], "distributions": [{"variant": "on", "range": [0, 42949673]}]}]},
             "variant": "off", "metadata": {"segmentName": "some"}},
            {"conditions": null, "bucket": null, "variant": null, "metadata": null}
        ]
    }"#;

    fn checked(text: &str) -> Check {
        check(parse(text.as_bytes()).unwrap().as_object().unwrap(), &NativeDialect)
    }

    /// The code and field of the fault of a flag after a replacement.
    fn fault(of: &str, instead: &str) -> (&'static str, String) {
        let changed = GOOD.replacen(of, instead, 1);
        assert_ne!(changed, GOOD, "{of}");
        let fault = checked(&changed).expect_err(instead);
        (fault.code, fault.field)
    }

    /// Each case is what is replaced, by what, and the code and field of the fault.
    fn assert_faults<const N: usize>(cases: [(&str, &str, &'static str, String); N]) {
        for (of, instead, code, field) in cases {
            assert_eq!(fault(of, instead), (code, field), "{instead}");
        }
    }

    #[test]
    fn known_and_unknown_fields_may_be_written() {
        assert_eq!(checked(GOOD), Ok(()));
        assert_eq!(checked(r#"{"key":"f","variants":{},"segments":[]}"#), Ok(()));
    }

    #[test]
    fn what_an_evaluation_would_skip_is_refused_by_its_field() {
        let condition = "segments[0].conditions[0][0]";
        let allocation = "segments[0].bucket.allocations[0]";
        let cases = [
            (r#""op": "is""#, r#""op": "isnt""#, "unknown_operator", format!("{condition}.op")),
            (r#""op": "is", "#, "", "missing", format!("{condition}.op")),
            (r#""op": "is""#, r#""op": 5"#, "shape", format!("{condition}.op")),
            (r#"["result", "d", "key"]"#, "[]", "shape", format!("{condition}.selector")),
            (r#"["result", "d", "key"]"#, r#"["user", "x"]"#, "shape", format!("{condition}.selector")),
            (r#"["result", "d", "key"]"#, r#"["context", ""]"#, "shape", format!("{condition}.selector[1]")),
            (r#"["result", "d""#, r#"["result", "e""#, "undeclared_dependency", format!("{condition}.selector[1]")),
            (r#""values": ["on"]"#, r#""values": "on""#, "shape", format!("{condition}.values")),
            (r#""values": ["on"]"#, r#""values": [null]"#, "shape", format!("{condition}.values[0]")),
            (r#"["18", "#, r#"["x", "#, "not_a_number", "segments[0].conditions[1][0].values[0]".into()),
            (r#"["^a"]"#, r#"["(a"]"#, "pattern", "segments[0].conditions[2][0].values[0]".into()),
            (
                r#""variant": "on", "#,
                r#""variant": "in", "#,
                "unknown_variant",
                format!("{allocation}.distributions[0].variant"),
            ),
        ];
        assert_faults(cases);
    }

    #[test]
    fn what_a_segment_or_a_flag_cannot_have_is_refused_by_its_field() {
        let allocation = "segments[0].bucket.allocations[0]";
        let cases = [
            (r#""variant": "off""#, r#""variant": "of""#, "unknown_variant", "segments[0].variant".into()),
            ("[0, 50]", "[50, 0]", "range", format!("{allocation}.range")),
            ("[0, 50]", "[0, 101]", "range", format!("{allocation}.range")),
            ("[0, 50]", "[-1, 50]", "range", format!("{allocation}.range")),
            ("[0, 50]", "[0]", "shape", format!("{allocation}.range")),
            ("[0, 50]", "[0, 50, 100]", "shape", format!("{allocation}.range")),
            ("[0, 50]", r#"[0, "50"]"#, "shape", format!("{allocation}.range")),
            ("[0, 42949673]", "[0, 42949674]", "range", format!("{allocation}.distributions[0].range")),
            (r#""selector": ["context", "user", "device_id"], "#, "", "missing", "segments[0].bucket.selector".into()),
            (r#""salt": "s""#, r#""salt": null"#, "shape", "segments[0].bucket.salt".into()),
            (r#"{"segmentName": "some"}"#, r#""some""#, "shape", "segments[0].metadata".into()),
            (r#""evaluationMode": "local""#, r#""evaluationMode": "Local""#, "shape", "metadata.evaluationMode".into()),
            (r#""deployed": true"#, r#""deployed": "true""#, "shape", "metadata.deployed".into()),
            (r#"{"key": "on", "#, r#"{"key": 1, "#, "shape", "variants.on.key".into()),
            (r#""default": true"#, r#""default": 1"#, "shape", "variants.off.metadata.default".into()),
            (r#""dependencies": ["d"]"#, r#""dependencies": "d""#, "shape", "dependencies".into()),
            (r#""dependencies": ["d"]"#, r#""dependencies": ["d", "f"]"#, "cycle", "dependencies[1]".into()),
            (r#""key": "f", "#, "", "missing", "key".into()),
        ];
        assert_faults(cases);
    }

    #[test]
    fn a_flag_that_other_readers_would_stumble_over_is_refused() {
        let nested = |depth: usize, instead: fn(&str) -> String| {
            let lists = "[".repeat(depth) + &"]".repeat(depth);
            checked(&GOOD.replacen('{', &instead(&lists), 1)).map_err(|fault| (fault.code, fault.field))
        };
        let own: fn(&str) -> String = |lists| format!(r#"{{"later": {lists}, "#);
        let inner: fn(&str) -> String = |lists| format!(r#"{{"later": {{"x": {lists}}}, "#);
        let deep = || Err(("deep", "later".to_owned()));
        assert_eq!((nested(63, own), nested(64, own)), (Ok(()), deep()));
        assert_eq!((nested(62, inner), nested(63, inner), nested(100_000, inner)), (Ok(()), deep(), deep()));
    }

    #[test]
    fn a_fault_says_where_it_is_and_nothing_of_what_stands_there() {
        let fault = checked(&GOOD.replacen(r#""variant": "off""#, r#""variant": "secret""#, 1)).unwrap_err();
        assert_eq!(fault.to_string(), "`segments[0].variant` names a variant that the flag does not have");
    }
}
