//! The configuration: what is refused, by which path, and that no error shows its contents.

use super::keys::{KEY, KEYS};
use super::*;
use experiment_ingestion::limits::UserLimits;

#[test]
fn a_project_is_read_with_everything_it_has() {
    let text =
        br#"{"projects":[{"name":"p","api_key":"a","admin_key":"b","settings":{"assignments_set_properties":true},
        "deployments":[{"key":"k","name":"n","kind":"server"}],"flags":[{"key":"f","deployments":["k"],"x":1e400}]}]}"#;
    let project = read(text).unwrap().remove(0);
    assert!(project.rules.assignments_set_properties);
    assert_eq!(project.deployments[0].kind, Kind::Server);
    let flag =
        StoredFlag { key: "f".into(), config: r#"{"key":"f","x":1e400}"#.into(), deployments: Some(r#"["k"]"#.into()) };
    assert_eq!(project.flags, [flag]);
}

fn refusal(text: &str) -> String {
    let error = read(text.as_bytes()).unwrap_err().to_string();
    error.strip_prefix("the configuration is wrong: ").unwrap().to_owned()
}

#[test]
fn an_error_names_the_place_and_not_what_stands_there() {
    let error = refusal(r#"{"projects":[{"name":"p","api_key":5,"admin_key":"secret"}]}"#);
    assert_eq!(error, "`projects[0].api_key` must be a text of visible ASCII characters, or a list of such texts");
}

const TWO: &str = r#"{"projects":[
    {"name":"p","api_key":"1","admin_key":"2","deployments":[{"key":"3","name":"n","kind":"client"}]},
    {"name":"q","api_key":"4","admin_key":"5","settings":{},"deployments":[{"key":"6","name":"m","kind":"server"}],
     "flags":[{"key":"f","variants":{},"segments":[]},{"key":"g","variants":{},"segments":[]}]}]}"#;

/// What is said of two projects in which one thing is another.
fn changed(what: &str, instead: &str) -> String {
    let changed = TWO.replacen(what, instead, 1);
    assert_ne!(changed, TWO);
    refusal(&changed)
}

#[test]
fn a_field_that_nobody_knows_is_refused_by_its_whole_path() {
    let cases = [
        (r#"{"projects""#, r#"{"project":1,"projects""#, "project"),
        (r#""admin_key":"5""#, r#""admin_kye":"secret""#, "projects[1].admin_kye"),
        (r#""settings":{}"#, r#""settings":{"assignments":true}"#, "projects[1].settings.assignments"),
        (r#""name":"m""#, r#""name":"m","nome":"secret""#, "projects[1].deployments[0].nome"),
    ];
    for (what, instead, path) in cases {
        assert_eq!(changed(what, instead), format!("`{path}` is not known"));
    }
}

#[test]
fn a_field_of_another_kind_is_refused_by_its_whole_path() {
    let cases = [
        (r#""admin_key":"5""#, r#""admin_key":{"secret":1}"#, "projects[1].admin_key", KEYS),
        (r#""admin_key":"5""#, r#""admin_key":["secret",5]"#, "projects[1].admin_key[1]", KEY),
        (r#""admin_key":"5""#, r#""admin_key":["secret",""]"#, "projects[1].admin_key[1]", KEY),
        (r#""admin_key":"5""#, r#""admin_key":[]"#, "projects[1].admin_key", KEYS),
        (r#""key":"6""#, r#""key":["secret key"]"#, "projects[1].deployments[0].key[0]", KEY),
        (r#""admin_key":"5","#, "", "projects[1].admin_key", KEYS),
        (r#""name":"m""#, r#""name":null"#, "projects[1].deployments[0].name", TEXT),
        (r#""name":"m""#, r#""name":"""#, "projects[1].deployments[0].name", TEXT),
        (r#""kind":"server""#, r#""kind":"secret""#, "projects[1].deployments[0].kind", KINDS),
        (r#""kind":"server""#, r#""kind":{"server":1}"#, "projects[1].deployments[0].kind", KINDS),
        (r#","kind":"server""#, "", "projects[1].deployments[0].kind", KINDS),
        (
            r#"{"key":"6","name":"m","kind":"server"}"#,
            r#"["6","m","server"]"#,
            "projects[1].deployments[0]",
            "an object",
        ),
        (r#""settings":{}"#, r#""settings":[]"#, "projects[1].settings", "an object"),
        (
            r#""settings":{}"#,
            r#""settings":{"assignments_set_properties":1}"#,
            "projects[1].settings.assignments_set_properties",
            "true or false",
        ),
        (r#""settings":{}"#, r#""settings":{"user_limits":[1000]}"#, "projects[1].settings.user_limits", "an object"),
        (r#"{"key":"g","variants":{},"segments":[]}"#, r#""secret""#, "projects[1].flags[1]", "an object"),
        (r#"{"key":"g""#, r#"{"key":5"#, "projects[1].flags[1].key", "a text that can be stored"),
        (r#"[{"key":"6","name":"m","kind":"server"}]"#, r#""secret""#, "projects[1].deployments", "a list"),
        (r#"{"key":"6","name":"m","kind":"server"}"#, r#""secret""#, "projects[1].deployments[0]", "an object"),
    ];
    for (what, instead, path, expected) in cases {
        assert_eq!(changed(what, instead), format!("`{path}` must be {expected}"), "{instead}");
    }
    assert_eq!(refusal(r#""secret""#), "`file` must be an object");
    assert_eq!(changed(r#""api_key":"4","#, r#""api_key":"4","api_key":"7","#), "`projects[1]` has a field twice");
}

#[test]
fn a_file_that_serves_nothing_is_refused() {
    for text in ["{}", r#"{"projects":[]}"#] {
        assert_eq!(refusal(text), "`projects` names no project, so there is nothing to serve");
    }
}

#[test]
fn a_byte_that_is_no_utf8_is_refused_by_its_place() {
    let latin1 = [&TWO.as_bytes()[..20], &b"\xFC"[..], &TWO.as_bytes()[20..]].concat();
    let error = read(&latin1).unwrap_err().to_string();
    assert_eq!(error, "the configuration is wrong: no UTF-8 at byte 20 (line 2, column 7)");
    assert_eq!(changed(r#""q","#, r#""q""#), "no JSON at line 3, column 16");
}

#[test]
fn flags_may_hold_what_other_readers_refuse() {
    let odd = r#"{"key":"g","x":[1e400,"\ud83d",-0],"variants":{},"segments":[]}"#;
    let text = TWO.replacen(r#"{"key":"g","variants":{},"segments":[]}"#, odd, 1);
    assert_eq!(read(text.as_bytes()).unwrap()[1].flags[1].config, odd);
    let deep = format!(r#""variants":{{"on":{{"payload":{}{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let text = TWO.replacen(r#"{"key":"g","variants":{}"#, &format!(r#"{{"key":"g",{deep}"#), 1);
    assert!(read(text.as_bytes()).unwrap()[1].flags[1].config.contains(&deep));
}

#[test]
fn no_two_flags_of_a_project_have_one_key() {
    let said = changed(r#"{"key":"g""#, r#"{"key":"f""#);
    assert_eq!(said, "`projects[1].flags[1].key` must be another key than `projects[1].flags[0].key`");
}

#[test]
fn a_flag_that_breaks_a_rule_may_not_be_stored() {
    let checked = |instead: &str| {
        let text = TWO.replacen(r#"{"key":"g","variants":{},"segments":[]}"#, instead, 1);
        read(text.as_bytes()).unwrap()[1].check_flags().map_err(|error| error.said)
    };
    assert_eq!(checked(r#"{"key":"g","variants":{},"segments":[],"deployments":["6","m"]}"#), Ok(()));
    let said = checked(r#"{"key":"g","variants":{},"segments":[{"variant":"on"}]}"#);
    assert_eq!(
        said,
        Err("`projects[1].flags[1].segments[0].variant` names a variant that the flag does not have".into())
    );
    let said = checked(r#"{"key":"g","variants":{},"segments":[],"deployments":["3"]}"#);
    assert_eq!(said, Err("`projects[1].flags[1].deployments[0]` is the name or key of no deployment".into()));
    let circle = r#"{"key":"g","variants":{},"segments":[],"dependencies":["h"]},{"key":"h","variants":{},"segments":[],"dependencies":["g"]}"#;
    assert!(
        checked(circle)
            .is_err_and(|said| said.ends_with("`projects[1].flags[2].dependencies` makes the flag depend on itself")
                || said.ends_with("`projects[1].flags[1].dependencies` makes the flag depend on itself"))
    );
}

/// Two projects, with this in the path of what stands there.
fn error(path: &str, instead: &str) -> String {
    let changed = TWO.replacen(&format!("\"{path}\""), &format!("\"{instead}\""), 1);
    assert_ne!(changed, TWO);
    read(changed.as_bytes()).unwrap_err().to_string()
}

#[test]
fn keys_that_are_empty_or_cannot_be_sent_are_refused() {
    let paths = [("1", "[0].api_key"), ("2", "[0].admin_key"), ("6", "[1].deployments[0].key")];
    for (path, name) in paths {
        for bad in ["", " ", "secret key", "secret\\n", "sécret"] {
            let expected = format!("the configuration is wrong: `projects{name}` must be {KEYS}");
            assert_eq!(error(path, bad), expected, "{bad:?}");
        }
    }
}

#[test]
fn a_field_of_keys_is_one_key_or_a_list_of_them() {
    let text = TWO.replacen(r#""admin_key":"5""#, r#""admin_key":["new","5"]"#, 1);
    let project = read(text.as_bytes()).unwrap().remove(1);
    assert_eq!(project.admin_keys, ["new", "5"]);
    assert_eq!(project.api_keys, ["4"]);
    assert_eq!(project.deployments[0].keys, ["6"]);
    let equal = changed(r#""admin_key":"5""#, r#""admin_key":["new","4"]"#);
    assert_eq!(equal, "`projects[1].admin_key[1]` must be another key than `projects[1].api_key`");
    let equal = changed(r#""key":"6""#, r#""key":["new","new"]"#);
    assert_eq!(
        equal,
        "`projects[1].deployments[0].key[1]` must be another key than `projects[1].deployments[0].key[0]`"
    );
}

#[test]
fn no_two_keys_are_equal_whatever_they_open() {
    let equal = |path: &str, other: &str, said: &str, first: &str| {
        let expected = format!("the configuration is wrong: `projects{said}` must be another {first}`");
        assert_eq!(error(path, other), expected);
    };
    equal("2", "1", "[0].admin_key", "key than `projects[0].api_key");
    equal("4", "1", "[1].api_key", "key than `projects[0].api_key");
    equal("5", "3", "[1].admin_key", "key than `projects[0].deployments[0].key");
    equal("6", "3", "[1].deployments[0].key", "key than `projects[0].deployments[0].key");
    equal("q", "p", "[1].name", "name than `projects[0].name");
}

#[test]
fn limits_of_users_are_whole_numbers_within_their_ranges() {
    let with = |limits: &str| TWO.replacen(r#""settings":{}"#, &format!(r#""settings":{{"user_limits":{limits}}}"#), 1);
    let limits = |limits: &str| read(with(limits).as_bytes()).unwrap().remove(1).rules.user_limits;
    let usual = UserLimits::default();
    assert_eq!(limits("{}"), usual);
    assert_eq!(limits(r#"{"names":7000}"#), UserLimits { names: 7_000, ..usual });
    let all = r#"{"names":1,"bytes":65536,"text_characters":65536}"#;
    assert_eq!(limits(all), UserLimits { names: 1, bytes: 65_536, text: 65_536 });
    for (field, most) in [("names", 7_000), ("bytes", 65_536), ("text_characters", 65_536)] {
        for wrong in ["0", &(most + 1).to_string(), "-1", "1.5", "1e3", "null", "\"1\"", "true", "[1]"] {
            if wrong == "null" {
                assert_eq!(limits(&format!(r#"{{"{field}":null}}"#)), usual);
                continue;
            }
            let path = format!("projects[1].settings.user_limits.{field}");
            let said = refusal(&with(&format!(r#"{{"{field}":{wrong}}}"#)));
            assert_eq!(said, format!("`{path}` must be a whole number from 1 to {most}"), "{wrong}");
        }
    }
    let unknown = refusal(&with(r#"{"text":1}"#));
    assert_eq!(unknown, "`projects[1].settings.user_limits.text` is not known");
}
