//! Names and values of properties, of every kind, as JSON texts.

use serde_json::{Value, json};

use super::random::Random;

const NAMES: [&str; 38] = [
    "plan",
    "size",
    "n",
    "count",
    "list",
    "tags",
    "first",
    "PLAN",
    "with spaces",
    " ",
    "",
    "a.b",
    "a#b",
    "#",
    "'quotes\"s'",
    "back\\slash",
    "\u{0}",
    "nul\u{0}inside",
    "__proto__",
    "constructor",
    "toString",
    "0",
    "-1",
    "null",
    "[Experiment] x",
    "[Experiment] button",
    "[experiment] x",
    "[Experiment]",
    "ключ",
    "名前",
    "🙂",
    "\u{e9}",
    "e\u{301}",
    "\u{7f}",
    "\u{ffff}",
    "$1",
    "%s?",
    "LONG",
];

/// Names that only an operator can have, since they would be taken for one.
const UNDER_OPERATORS: [&str; 4] = ["$set", "$price", "$", "$clearAll"];

const OPERATORS: [&str; 9] =
    ["$set", "$setOnce", "$unset", "$add", "$append", "$prepend", "$preInsert", "$postInsert", "$remove"];

/// Flags, of which the first two are the project's.
pub const FLAGS: [&str; 8] = ["button", "banner", "x", "a#b", "__proto__", "флаг", "with \"quotes\"", "[Experiment] x"];

/// The changes of an event: an object of plain properties and operators, in any order, names twice included.
pub fn changes(random: &mut Random, numbered: usize) -> String {
    let parts = (0..1 + random.below(3)).map(|_| part(random, numbered)).collect::<Vec<_>>();
    format!("{{{}}}", parts.join(","))
}

fn part(random: &mut Random, numbered: usize) -> String {
    if random.percent(3) {
        return r#""$clearAll":"-""#.to_owned();
    }
    if random.percent(40) {
        let name = name(random, numbered);
        return format!("{}:{}", json!(name), value(random));
    }
    let operator = random.pick(&OPERATORS);
    let of = |random: &mut Random| {
        let name = if random.percent(5) { random.pick(&UNDER_OPERATORS).to_owned() } else { name(random, numbered) };
        format!("{}:{}", json!(name), argument(random, operator))
    };
    let pairs = (0..1 + random.below(2)).map(|_| of(random)).collect::<Vec<_>>();
    format!("{}:{{{}}}", json!(operator), pairs.join(","))
}

/// One of those above, or one of so many that a user has from the beginning.
fn name(random: &mut Random, numbered: usize) -> String {
    if numbered > 0 && random.percent(40) {
        return numbered_name(random.below(numbered));
    }
    match random.pick(&NAMES) {
        "LONG" => "long ".repeat(180),
        name => name.to_owned(),
    }
}

fn argument(random: &mut Random, operator: &str) -> String {
    match operator {
        "$add" if random.percent(80) => number(random),
        "$append" | "$prepend" | "$preInsert" | "$postInsert" | "$remove" if random.percent(80) => {
            let few = (0..random.below(4)).map(|_| random.below(5)).collect::<Vec<_>>();
            if few.len() == 1 { few[0].to_string() } else { json!(few).to_string() }
        }
        _ => value(random),
    }
}

fn number(random: &mut Random) -> String {
    let written = ["0", "1", "-1", "0.1", "3.0", "-0", "1e3", "9007199254740993", "1e400", "123456789012345678901"];
    if random.percent(50) { random.below(9).to_string() } else { random.pick(&written).to_owned() }
}

/// Texts are under 1,024 characters; what is longer may be cut one day.
fn value(random: &mut Random) -> String {
    match random.below(12) {
        0 => "null".to_owned(),
        1 => json!(random.percent(50)).to_string(),
        2..=4 => number(random),
        5 => json!("🙂é\u{0}\"".repeat(random.below(250))).to_string(),
        6 => r#""half \ud83d""#.to_owned(),
        7 => json!({ "a": [1, { "__proto__": null }], "b": "x".repeat(random.below(1_000)) }).to_string(),
        8 => list(random),
        _ => json!(format!("text-{}", random.below(6))).to_string(),
    }
}

/// Mostly a small one, now and then of twenty kilobytes.
fn list(random: &mut Random) -> String {
    if random.percent(90) {
        return json!([random.below(4), "x", null, random.below(4)]).to_string();
    }
    json!(vec!["y".repeat(1_000); 20]).to_string()
}

/// What a user has from the beginning.
pub fn many(random: &mut Random, count: usize) -> String {
    let pairs = (0..count).map(|number| format!("{}:{}", json!(numbered_name(number)), small(random)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

fn small(random: &mut Random) -> String {
    let values: [Value; 4] = [json!(random.below(1_000)), json!("some text"), json!([1, 2]), json!(true)];
    values[random.below(4)].to_string()
}

fn numbered_name(number: usize) -> String {
    format!("property {number}")
}
