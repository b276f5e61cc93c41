//! Runs a file of vectors. It refuses a file without cases, and fields that it does not know.

use experiment_wasm::json::{Object, Value, parse};

/// What a module makes of a case's input.
pub type Answer = fn(&Value) -> Value;

/// Runs a file and returns how many cases it had.
pub fn run(file: &str, text: &str, answer: Answer) -> usize {
    let vectors = parse(text.as_bytes()).expect(file);
    let vectors = fields(&vectors, &["specVersion", "cases"]);
    assert_eq!(vectors.get("specVersion").and_then(Value::as_u64), Some(1), "{file}: specVersion");
    let cases = vectors.get("cases").and_then(Value::as_array).expect(file);
    assert!(!cases.is_empty(), "{file} has no cases");
    let cases: Vec<&Value> = cases.iter().filter(|case| is_wanted(case)).collect();
    let failed: Vec<String> = cases.iter().filter_map(|case| failure(file, case, answer)).collect();
    assert!(failed.is_empty(), "{} of {} cases fail\n{}", failed.len(), cases.len(), failed.join("\n"));
    cases.len()
}

/// Whether a case's name has the text that `VECTOR` of the environment had in the build, if it was set.
fn is_wanted(case: &Value) -> bool {
    let name = case.as_object().and_then(|case| case.get("name")).and_then(Value::as_str);
    option_env!("VECTOR").is_none_or(|part| name.is_some_and(|name| name.to_string().contains(part)))
}

fn failure(file: &str, case: &Value, answer: Answer) -> Option<String> {
    let case = fields(case, &["name", "input", "expected"]);
    let [name, input, expected] = ["name", "input", "expected"].map(|field| case.get(field).expect(field));
    let said = answer(input);
    let (said_text, expected_text) = (said.to_json(), expected.to_json());
    (!same(&said, expected))
        .then(|| format!("{file}: {}\n  expected {expected_text}\n  said     {said_text}", name.to_json()))
}

/// An object that has no other fields than these.
pub fn fields<'a>(value: &'a Value, known: &[&str]) -> &'a Object {
    let object = value.as_object().expect("an object");
    let unknown = object.iter().find(|(name, _)| !known.iter().any(|known| *name == known));
    assert!(unknown.is_none(), "unknown field {unknown:?}");
    object
}

/// Whether two values are the same JSON; the order of names is nothing.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}
