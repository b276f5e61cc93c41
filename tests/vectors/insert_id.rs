//! `insert_id.json`: the ids of exposures and assignments, which other languages must be able to make too.

use experiment_wasm::assignment::{self, Assigned};
use experiment_wasm::exposure::{self, Exposure};
use experiment_wasm::json::{Object, Value};
use experiment_wasm::user::Identity;

/// What this library makes of a case's input.
pub fn answer(input: &Value) -> Value {
    let input = input.as_object().unwrap();
    let identity = Identity::of(input);
    let number = |name: &str| input.get(name).unwrap().as_u64().unwrap();
    match input.get("exposure") {
        Some(exposure) => {
            let exposure = Exposure::from_object(exposure.as_object().unwrap()).unwrap();
            exposure::insert_id(&identity, &exposure, number("day"), number("turn")).into()
        }
        None => assignment::insert_id(&identity, &assigned(input), number("day")).into(),
    }
}

fn assigned(input: &Object) -> Vec<Assigned> {
    let variant = |key: &Value| [("key".into(), key.clone())].into_iter().collect::<Object>();
    let pairs = input.get("assignment").unwrap().as_object().unwrap();
    pairs.iter().map(|(flag, key)| Assigned::of(flag, Some(&variant(key)))).collect()
}
