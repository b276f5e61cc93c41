//! Sets of flags: read, merged, stored, and evaluated one after the other.

use super::*;
use crate::dialect::NativeDialect;
use crate::evaluation::{NoopVisitor, Target, evaluate};
use crate::json::parse;

fn flags(text: &str) -> Flags<<NativeDialect as Dialect>::Pattern> {
    let (flags, errors) = Flags::parse(text.as_bytes(), &NativeDialect);
    assert_eq!(errors, []);
    flags
}

fn on(key: &str, property: &str, pattern: &str) -> String {
    format!(
        r#"{{"key":"{key}","segments":[{{"conditions":[[{{"selector":["context","{property}"],"op":"regex match","values":["{pattern}"]}}]],"variant":"on"}}],"variants":{{"on":{{}}}},"dependencies":["a"]}}"#
    )
}

fn decided<D: Dialect>(flags: &Flags<D::Pattern>, target: &mut Target, dialect: &D) -> Vec<String> {
    let decisions = evaluate(flags, target, None, dialect, &mut NoopVisitor);
    decisions.iter().map(|decision| flags.key_of(decision).to_string()).collect()
}

#[test]
fn flags_of_two_texts_work_as_one_and_the_first_text_wins() {
    let mut all = flags(&format!("[{},{}]", on("b", "x", "^1$"), on("c", "y", "^2$")));
    let more =
        format!("[{},{},{}]", on("d", "y", "^1$"), on("b", "z", "."), on("a", "y", "^2$").replace(r#"["a"]"#, "[]"));
    all.add_missing(more.as_bytes(), &NativeDialect);
    let mut target = Target::new(parse(br#"{"x":"1","y":"2"}"#).unwrap());
    assert_eq!(decided(&all, &mut target, &NativeDialect), ["a", "b", "c"]);
    assert_eq!(all.keys().map(Text::to_string).collect::<Vec<_>>(), ["b", "c", "d", "a"]);
}

#[test]
fn a_target_is_good_for_flags_that_came_later() {
    let mut target = Target::new(parse(br#"{"x":"1","y":"2"}"#).unwrap());
    assert_eq!(decided(&flags(&format!("[{}]", on("c", "y", "1"))), &mut target, &NativeDialect), [""; 0]);
    assert_eq!(decided(&flags(&format!("[{}]", on("b", "x", "1"))), &mut target, &NativeDialect), ["b"]);
    assert_eq!(decided(&Flags::default(), &mut target, &NativeDialect), [""; 0]);
}

#[test]
fn a_flag_is_kept_as_it_was_received() {
    let text = "{ \"key\" : \"a\\u00e9\", \"segments\":[],\"more\":[1.50] }";
    let read = flags(&format!("[ {text} ,{}]", on("b", "x", "1")));
    assert_eq!(read.text("aé".as_bytes()), Some(text.as_bytes()));
    let stored = flags(std::str::from_utf8(&read.to_stored()).unwrap());
    assert_eq!(stored.to_stored(), read.to_stored());
    assert_eq!(stored.len(), 2);
}

#[test]
fn a_selector_that_is_not_understood_harms_every_flag_that_has_it() {
    let broken = |key: &str| on(key, "x", "1").replace(r#""context""#, "[]");
    let (read, errors) =
        Flags::parse(format!("[{},{},{}]", broken("b"), broken("c"), on("d", "x", "1")).as_bytes(), &NativeDialect);
    assert_eq!(read.keys().map(Text::to_string).collect::<Vec<_>>(), ["d"]);
    let error = |key: &str| FlagError { key: Some(key.into()), code: FlagCode::Shape("selector") };
    assert_eq!(errors, [error("b"), error("c")]);
}

#[test]
fn a_text_that_is_no_flag_harms_only_itself_where_each_has_its_own() {
    let (good, other) = (on("b", "x", "1"), on("c", "x", "1"));
    let texts =
        [("b", good.as_str()), ("cut", r#"{"key":"cut","#), ("", ""), ("two", "{}{}"), ("bare", "[]"), ("c", &other)];
    let (read, errors) = Flags::read_each(texts, &NativeDialect);
    assert_eq!(read.keys().map(Text::to_string).collect::<Vec<_>>(), ["b", "c"]);
    let error = |key: &str, code| FlagError { key: Some(key.into()), code };
    let no_flag = |key| error(key, FlagCode::NotFlags);
    assert_eq!(errors, [no_flag("cut"), no_flag(""), no_flag("two"), error("bare", FlagCode::Shape("flag"))]);
}

#[test]
fn a_circle_of_flags_that_are_read_one_by_one_is_found() {
    let flag = |key: &str, parent: &str| {
        format!(r#"{{"key":"{key}","segments":[],"variants":{{}},"dependencies":["{parent}"]}}"#)
    };
    let (a, b) = (flag("a", "b"), flag("b", "a"));
    let (_, mut errors) = Flags::read_each([("a", a.as_str()), ("b", &b)], &NativeDialect);
    errors.sort_by(|one, other| one.key.cmp(&other.key));
    let cycle = |key: &str| FlagError { key: Some(key.into()), code: FlagCode::Cycle };
    assert_eq!(errors, [cycle("a"), cycle("b")]);
}

#[test]
fn a_long_chain_is_evaluated_without_recursion() {
    let link = |number: u32| {
        format!(
            r#"{{"key":"{number}","segments":[{{"conditions":[[{{"selector":["result","{0}","key"],"op":"is","values":["k","(none)"]}}]],"variant":"v"}}],"variants":{{"v":{{"key":"k"}}}},"dependencies":["{0}"]}}"#,
            number + 1
        )
    };
    let mut text = String::from("[");
    text.extend((0..30_000).map(|number| link(number) + ","));
    text.push_str(r#"{"key":"30000","segments":[]}]"#);
    let chain = flags(&text);
    let mut target = Target::new(Value::Object(Object::new()));
    let decisions = evaluate(&chain, &mut target, Some(&["0".into()]), &NativeDialect, &mut NoopVisitor);
    assert_eq!(decisions.len(), 30_000);
    assert!(decisions.last().is_some_and(|decision| *chain.key_of(decision) == "0"));
}
