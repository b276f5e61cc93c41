//! The vectors: JSON files that say what must come of what, for any language. Natively, in Node and in browsers by this runner.
//!
//! Each file has a module beside it that knows what this library makes of a case's input. See `vectors/README.md`.
#![cfg(all(feature = "client", any(feature = "native", target_arch = "wasm32")))]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "vectors/bucketing.rs"]
mod bucketing;
#[path = "vectors/conditions.rs"]
mod conditions;
#[path = "vectors/evaluation.rs"]
mod evaluation;
#[path = "vectors/exposure.rs"]
mod exposure;
#[path = "vectors/insert_id.rs"]
mod insert_id;
#[path = "vectors/runner.rs"]
mod runner;

use runner::{Answer, fields, run};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(not(target_arch = "wasm32"))]
type Dialect = experiment_wasm::dialect::NativeDialect;
#[cfg(target_arch = "wasm32")]
type Dialect = experiment_wasm::wasm::dialect::JsDialect;

/// The text rules of where this runs.
const DIALECT: Dialect = Dialect {};

const FILES: [(&str, &str, Answer); 5] = [
    ("bucketing", include_str!("vectors/bucketing.json"), bucketing::answer),
    ("conditions", include_str!("vectors/conditions.json"), conditions::answer),
    ("evaluation", include_str!("vectors/evaluation.json"), evaluation::answer),
    ("exposure", include_str!("vectors/exposure.json"), exposure::answer),
    ("insert_id", include_str!("vectors/insert_id.json"), insert_id::answer),
];

#[test]
fn every_case_of_every_file_holds() {
    let ran: usize = FILES.iter().map(|(name, text, answer)| run(name, text, *answer)).sum();
    say(&format!("vectors: {ran} cases"));
}

fn say(line: &str) {
    #[cfg(target_arch = "wasm32")]
    wasm_bindgen_test::console_log!("{line}");
    #[cfg(not(target_arch = "wasm32"))]
    println!("{line}");
}
