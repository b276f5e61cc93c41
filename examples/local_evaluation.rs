//! A program that evaluates flags itself, offline: `cargo run --features native --example local_evaluation`.
//!
//! Flags come from a text here. A service asks its server for them: it calls `start`, sends the request of
//! `Effect::Send` with the HTTP client it has, and brings the answer to `handle_response`.
#![allow(clippy::disallowed_methods, reason = "a program is where the clock comes in")]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::time::{Instant, SystemTime, SystemTimeError, UNIX_EPOCH};

use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::effect::Effect;
use experiment_wasm::exposure::Tracking;
use experiment_wasm::json::{Object, Value, parse};
use experiment_wasm::local::{Config, LocalEvaluation};
use experiment_wasm::machine::Machine;
use experiment_wasm::time::Now;

const FLAGS: &str = r#"[{
  "key": "checkout-button",
  "metadata": { "flagVersion": 4, "experimentKey": "exp-1" },
  "variants": {
    "off": { "key": "off", "metadata": { "default": true } },
    "control": { "key": "control", "value": "control" },
    "treatment": { "key": "treatment", "value": "treatment", "payload": { "label": "Get it by Friday" } }
  },
  "segments": [{
    "metadata": { "segmentName": "Nine in ten" },
    "bucket": {
      "selector": ["context", "user", "user_id"],
      "salt": "e9ml9dxb",
      "allocations": [{ "range": [0, 90], "distributions": [
        { "variant": "control", "range": [0, 21474837] },
        { "variant": "treatment", "range": [21474837, 42949673] }
      ] }]
    },
    "variant": "off"
  }]
}]"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Some("production".into());
    let config = Config { environment, ..Config::new("server-key", "https://experiment.example.com") };
    let mut local = LocalEvaluation::new(NativeDialect, config);
    for broken in local.set_flags(FLAGS.as_bytes())? {
        eprintln!("a flag is left out: {}", broken.code.name());
    }
    let clock = Instant::now();
    for name in ["mira", "jonas", "mira"] {
        let user: Object = [("user_id".into(), Value::from(name))].into_iter().collect();
        let variants = local.evaluate(&user, None, now(&clock)?);
        println!("{name} has {}", variants.to_json());
        perform(&mut local, now(&clock)?);
    }
    // A user as it came in a request, and only the flags that matter there.
    let user = parse(br#"{"device_id":"device-7","user_properties":{"plan":"pro"}}"#);
    let user = user.ok().and_then(Value::into_object).unwrap_or_default();
    let variants = local.evaluate(&user, Some(&["checkout-button".into()]), now(&clock)?);
    println!("device-7 has {}", variants.to_json());
    perform(&mut local, now(&clock)?);
    Ok(())
}

/// Does what the evaluation wants done. Nobody asked for flags here, so all there is are assignments.
fn perform(local: &mut LocalEvaluation<NativeDialect>, now: Now) {
    while let Some(effect) = local.poll_effect() {
        if let Effect::Track(id, _, event) = effect {
            // Send it to the events API, and say what came of it: refused, it comes again after a second.
            println!("assignment: {event}");
            local.handle_tracked(id, Tracking::Taken, now);
        }
    }
}

fn now(clock: &Instant) -> Result<Now, SystemTimeError> {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    Ok(Now { wall, mono: clock.elapsed().as_millis() as u64 })
}
