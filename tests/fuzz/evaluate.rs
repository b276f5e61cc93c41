//! The native engine of the fuzzer: a line `[flags, user, keys or null, page or null]` in, a line
//! `{"variants": …, "skipped": …}` out, as the `evaluate` of the package answers.
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, BufWriter, Write, stdin, stdout};

use experiment_wasm::dialect::{Dialect, NativeDialect};
use experiment_wasm::evaluation::{Decision, NoopVisitor, Target, Trace, evaluate};
use experiment_wasm::flag::Flags;
use experiment_wasm::json::{Object, Reader, Text, Value, parse};
use experiment_wasm::user::context;

type Compiled = Flags<<NativeDialect as Dialect>::Pattern>;

fn main() -> std::io::Result<()> {
    let mut lines = BufReader::new(stdin().lock());
    let mut out = BufWriter::new(stdout().lock());
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        writeln!(out, "{}", answer(&line).to_json())?;
        line.clear();
        // Whoever asks sends many at once and waits for all.
        if lines.buffer().is_empty() {
            out.flush()?;
        }
    }
    out.flush()
}

fn answer(line: &[u8]) -> Object {
    let [flags, user, keys, page] = parts(line);
    let (flags, errors) = Flags::parse(flags, &NativeDialect);
    let user = parse(user).unwrap().into_object().unwrap();
    let page = parse(page).unwrap();
    let mut target = Target::new(context(&user, page.as_str().map(Text::as_bytes)));
    let decisions = decide(&flags, &mut target, strings(keys).as_deref());
    let variant = |one: &Decision| (flags.key_of(one).clone(), Value::from(flags.variant_of(one)));
    let variants: Object = decisions.iter().map(variant).collect();
    let skipped = errors.into_iter().map(|error| (error.key.unwrap_or_default(), error.code.name().into()));
    let mut answer = Object::new();
    answer.put("variants", variants);
    answer.put("skipped", skipped.collect::<Object>());
    answer
}

/// The four parts of a line. Each is read from its own text, since depth is counted from there.
fn parts(line: &[u8]) -> [&[u8]; 4] {
    let mut reader = Reader::new(line).unwrap();
    reader.begin_list();
    let parts = std::array::from_fn(|_| {
        assert!(reader.next_item());
        reader.read_raw()
    });
    assert!(!reader.next_item());
    reader.finish().unwrap();
    parts
}

fn strings(json: &[u8]) -> Option<Vec<Text>> {
    let list = parse(json).unwrap();
    list.as_array().map(|items| items.iter().map(|item| item.as_str().unwrap().clone()).collect())
}

/// Decides three times: neither what a target remembers nor who looks on may make a difference.
fn decide(flags: &Compiled, target: &mut Target, keys: Option<&[Text]>) -> Vec<Decision> {
    let decisions = evaluate(flags, target, keys, &NativeDialect, &mut NoopVisitor);
    let again = evaluate(flags, target, keys, &NativeDialect, &mut NoopVisitor);
    let traced = evaluate(flags, target, keys, &NativeDialect, &mut Trace::default());
    assert!(decisions == again && decisions == traced, "asking again made a difference");
    decisions
}
