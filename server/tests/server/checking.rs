//! `experiment-server check`: what is said of a good configuration and of a wrong one, without any database.

use std::process::Command;

use crate::config_file::ConfigFile;
use crate::process::output_of;

/// What is said on the output and of errors, and the exit code.
fn check(arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
    // An address that leads nowhere: nobody looks.
    let output =
        output_of(command.arg("check").args(arguments).env("DATABASE_URL", "postgres://nowhere.invalid/events"));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn a_good_configuration_is_described() {
    let file = ConfigFile::of_tests();
    let said = format!(
        "{}: 2 projects\nshop: 2 deployments (shop-web, shop-backend), 6 flags\nolder: 1 deployment (older-web), 1 flag\n",
        file.path()
    );
    assert_eq!(check(&[file.path()]), (said.clone(), String::new(), Some(0)));
    assert_eq!(check(&["--config", file.path()]), (said, String::new(), Some(0)));
}

/// `LINE:COLUMN` of where this begins in a text.
fn place(text: &str, what: &str) -> String {
    let before = text.split(what).next().unwrap();
    format!("{}:{}", before.matches('\n').count() + 1, before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1)
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_without_what_stands_there() {
    let file = ConfigFile::of_tests();
    // What is changed, into what, where it is wrong then, and what is said.
    for (what, instead, at, said) in [
        (r#""name": "older","#, r#""nome": "zq7x","#, r#""zq7x""#, "`projects[1].nome` is not known"),
        (r#""kind": "server""#, r#""kind": "zq7x""#, r#""zq7x""#, "`projects[0].deployments[1].kind` must be"),
        (
            r#""assignments_set_properties": true"#,
            r#""user_limits": { "names": 98765 }"#,
            "98765",
            "`projects[1].settings.user_limits.names` must be a whole number from 1 to 7000",
        ),
        (r#""older-api-key""#, r#"["zq7x", "shop-api-key"]"#, r#""shop-api-key"]"#, "`projects[1].api_key[1]` must be"),
        (r#""op": "is""#, r#""op": "zq7x""#, r#""zq7x""#, "`projects[0].flags[0].segments[0].conditions[0][0].op`"),
        (
            r#"["server-key"]"#,
            r#"["zq7x"]"#,
            r#""zq7x""#,
            "`projects[0].flags[5].deployments[0]` is the name or key of no",
        ),
        (r#""name": "older","#, r#""name" "zq7x","#, r#""zq7x""#, "no JSON at line 67"),
        (
            r#""name": "older","#,
            "",
            r#"{
      "api_key": "older"#,
            "`projects[1].name` must be a text",
        ),
    ] {
        let text = ConfigFile::text_of_tests().replacen(what, instead, 1).replace("{\n      \n", "{\n");
        file.write(&text);
        let (output, errors, code) = check(&[file.path()]);
        assert_eq!((output.as_str(), code), ("", Some(1)), "{errors}");
        let said = format!("{}:{}: the configuration is wrong: {said}", file.path(), place(&text, at));
        assert!(errors.starts_with(&said) && !errors.contains("zq7x"), "{said}\n{errors}");
    }
}

#[test]
fn every_flag_that_breaks_a_rule_is_named() {
    let file = ConfigFile::of_tests();
    let wrong = ConfigFile::text_of_tests().replace(r#""variant": "slot-1""#, r#""variant": "zq7x""#);
    file.write(&wrong.replace(r#"["server-key"]"#, r#"["zq7x"]"#));
    let (_, errors, code) = check(&[file.path()]);
    assert_eq!((errors.lines().count(), code), (2, Some(1)), "{errors}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (_, errors, code) = check(&["/nowhere/shop.json"]);
    assert!(errors.starts_with("/nowhere/shop.json: ") && code == Some(1), "{errors}");
}
