//! Which flags may be written: the rules of the SDK's core, and the server's own rule about deployments.
//!
//! Rules hold for new writes. A stored flag that breaks one works as before, and is listed with its fault.

use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::flag::{Fault, FlagCode, FlagError, Flags, rules};
use experiment_wasm::json::{Value, parse};

use super::deployment_names::DeploymentNames;
use crate::store::StoredFlag;

/// Looks whether a flag may be written in a project with these deployments.
pub fn check(flag: &StoredFlag, deployments: &DeploymentNames) -> Result<(), Fault> {
    rules::check(&flag.object().ok_or_else(unreadable)?, &NativeDialect)?;
    if let Some(list) = &flag.deployments {
        check_deployments(list, deployments).map_err(|fault| fault.of("deployments"))?;
    }
    Ok(())
}

/// Looks whether reading understands all of a flag, whatever the rules say.
pub fn check_reading(flag: &StoredFlag) -> Result<(), Fault> {
    let (_, errors) = Flags::read_each([(flag.key.as_str(), flag.config.as_str())], &NativeDialect);
    errors.first().map_or(Ok(()), |error| Err(fault_of(error)))
}

/// What reading found wrong with a flag.
pub fn fault_of(error: &FlagError) -> Fault {
    let shape = "is not what belongs there";
    match error.code {
        FlagCode::NotFlags => unreadable(),
        FlagCode::Shape(field) => Fault::new("shape", shape).of(field),
        FlagCode::Cycle => Fault::cycle().of("dependencies"),
        FlagCode::Pattern => Fault::new("pattern", shape),
        _ => Fault::new("unknown", shape),
    }
}

/// A flag that is no JSON object, or no text at all.
pub fn unreadable() -> Fault {
    Fault::new("unreadable", "cannot be read")
}

/// A list of names or keys that the project's deployments have. An error never names those keys.
fn check_deployments(list: &str, known: &DeploymentNames) -> Result<(), Fault> {
    let list = parse(list.as_bytes()).ok().and_then(Value::into_array);
    let list = list.ok_or_else(|| Fault::new("shape", "must be a list of names or keys of deployments"))?;
    let is_unknown = |word: &Value| word.as_str().is_none_or(|word| !known.has(word));
    match list.iter().position(is_unknown) {
        None => Ok(()),
        Some(index) => Err(Fault::new("unknown_deployment", "is the name or key of no deployment").at(index)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(config: &str, deployments: Option<&str>) -> Option<(&'static str, String)> {
        let flag = StoredFlag { key: "f".into(), config: config.into(), deployments: deployments.map(Into::into) };
        let names = DeploymentNames::of([("web", &[][..]), ("backend", &[][..])]);
        check(&flag, &names).err().map(|fault| (fault.code, fault.field))
    }

    const GOOD: &str = r#"{"key":"f","variants":{},"segments":[]}"#;

    #[test]
    fn deployments_are_a_list_of_those_that_there_are() {
        assert_eq!(fault(GOOD, None), None);
        assert_eq!(fault(GOOD, Some("[]")), None);
        assert_eq!(fault(GOOD, Some(r#"["backend","web"]"#)), None);
        for list in [r#""web""#, "null", "{}", "", "5"] {
            assert_eq!(fault(GOOD, Some(list)), Some(("shape", "deployments".into())), "{list}");
        }
        for list in [r#"["web","wep"]"#, r#"["web",5]"#] {
            assert_eq!(fault(GOOD, Some(list)), Some(("unknown_deployment", "deployments[1]".into())), "{list}");
        }
    }

    #[test]
    fn a_flag_that_is_no_object_is_unreadable() {
        for config in ["", "[]", "null", "{", "{}{}"] {
            assert_eq!(fault(config, None), Some(("unreadable", String::new())), "{config}");
        }
    }
}
