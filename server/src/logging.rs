//! The log: what is in it, and in which form. `EXPERIMENT_LOG` has levels by module, `EXPERIMENT_LOG_FORMAT` is `text` or
//! `json`.

use std::ffi::OsString;

use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use crate::output::Log;

const LEVELS: &str = "EXPERIMENT_LOG";
const FORMAT: &str = "EXPERIMENT_LOG_FORMAT";

/// What is logged where nothing else is said.
const DEFAULT: &str = "info";

/// Begins the log as the environment has it.
pub fn start() -> Result<(), String> {
    let filter = filter(&said(LEVELS, DEFAULT)?)?;
    let log = tracing_subscriber::fmt().with_writer(|| Log).with_env_filter(filter);
    match said(FORMAT, "text")?.as_str() {
        "text" => log.init(),
        "json" => log.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
        _ => return Err(format!("{FORMAT} must be text or json")),
    }
    Ok(())
}

/// What a variable of the environment says; an empty one says nothing.
fn said(variable: &str, otherwise: &str) -> Result<String, String> {
    let said = std::env::var_os(variable).filter(|said| !said.is_empty()).map(OsString::into_string);
    said.unwrap_or_else(|| Ok(otherwise.to_owned())).map_err(|_| format!("{variable} is not UTF-8"))
}

/// The filter of a text. A word alone must be a level: the library would take a misspelled one for a module, and be
/// silent about all others.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let parts: Vec<_> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let is_understood = |part: &&str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    if let Some(part) = parts.iter().find(|part| !is_understood(part)) {
        return Err(format!("{LEVELS}: `{part}` is no level (off, error, warn, info, debug, trace), nor MODULE=LEVEL"));
    }
    EnvFilter::builder().parse(parts.join(",")).map_err(|error| format!("{LEVELS}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_would_not_say_what_is_meant_is_refused() {
        for good in
            ["", "warn", "off", "INFO", "info,sqlx=warn", "warn, experiment_server::store=debug", "[request]=debug"]
        {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["inof", "warn,sqlx", "sqlx=loud", "info,,=", "a=b=c"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
