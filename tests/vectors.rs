//! The vectors: JSON files that say what must come of what, for any language. Natively, in Node and in browsers by this runner.
//!
//! Each file has a module beside it that knows what this library makes of a case's input. See `vectors/README.md`.
#![cfg(all(feature = "client", any(feature = "native", target_arch = "wasm32")))]

#[path = "vectors/bucketing.rs"]
mod bucketing;
#[path = "vectors/conditions.rs"]
mod conditions;
#[path = "vectors/evaluation.rs"]
mod evaluation;
#[path = "vectors/exposure.rs"]
mod exposure;
#[path = "vectors/ingestion.rs"]
mod ingestion;
#[path = "vectors/insert_id.rs"]
mod insert_id;

use experiment_wasm::json::{Object, Value, parse};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(not(target_arch = "wasm32"))]
type Dialect = experiment_wasm::dialect::NativeDialect;
#[cfg(target_arch = "wasm32")]
type Dialect = experiment_wasm::web::dialect::JsDialect;

/// The text rules of where this runs.
const DIALECT: Dialect = Dialect {};

/// What a module makes of a case's input.
type Answer = fn(&Value) -> Value;

const FILES: [(&str, &str, Answer); 6] = [
    ("bucketing", include_str!("vectors/bucketing.json"), bucketing::answer),
    ("conditions", include_str!("vectors/conditions.json"), conditions::answer),
    ("evaluation", include_str!("vectors/evaluation.json"), evaluation::answer),
    ("exposure", include_str!("vectors/exposure.json"), exposure::answer),
    ("ingestion", include_str!("vectors/ingestion.json"), ingestion::answer),
    ("insert_id", include_str!("vectors/insert_id.json"), insert_id::answer),
];

#[test]
fn every_case_of_every_file_holds() {
    let ran: usize = FILES.iter().map(|(name, text, answer)| run(name, text, *answer)).sum();
    say(&format!("vectors: {ran} cases"));
}

/// Runs a file and returns how many cases it had. It refuses a file without cases, and fields that it does not know.
fn run(file: &str, text: &str, answer: Answer) -> usize {
    let vectors = parse(text.as_bytes()).expect(file);
    let vectors = fields(&vectors, &["specVersion", "cases"]);
    assert_eq!(vectors.get("specVersion").and_then(Value::as_u64), Some(1), "{file}: specVersion");
    let cases = vectors.get("cases").and_then(Value::as_array).expect(file);
    assert!(!cases.is_empty(), "{file} has no cases");
    let failed: Vec<String> = cases.iter().filter_map(|case| failure(file, case, answer)).collect();
    assert!(failed.is_empty(), "{} of {} cases fail\n{}", failed.len(), cases.len(), failed.join("\n"));
    cases.len()
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
fn fields<'a>(value: &'a Value, known: &[&str]) -> &'a Object {
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

fn say(line: &str) {
    #[cfg(target_arch = "wasm32")]
    wasm_bindgen_test::console_log!("{line}");
    #[cfg(not(target_arch = "wasm32"))]
    println!("{line}");
}
