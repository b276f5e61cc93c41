//! Flags: SDKs read those of their deployment; the admin reads, puts and deletes them.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use experiment_wasm::flag::Fault;
use experiment_wasm::json::{Object, Value, parse};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::evaluation::flag_faults::Skipped;
use crate::evaluation::flag_rules;
use crate::http::keys::{Admin, Caller};
use crate::http::memory_budget;
use crate::http::query::NoParameters;
use crate::http::refusal::Refusal;
use crate::http::response::{json, json_text};
use crate::http::revalidation::Wanted;
use crate::http::{body, request};
use crate::position::Position;
use crate::store::{Put, StoredFlag};

/// The largest flag, in bytes. The largest seen in the field lists 20,000 ids.
const MAX_FLAG_BYTES: usize = 1 << 20;

/// The flag key of a path, or what is wrong with it.
type Key = Result<Path<String>, PathRejection>;

/// `GET /sdk/v2/flags` and `GET /v1/flags?flag_keys`: a JSON list of flags, for local evaluation.
pub async fn for_deployment(Caller { deployment, .. }: Caller, asked: Request) -> Result<Response, Refusal> {
    let wanted = Wanted::of(asked.method(), asked.headers());
    let Some(keys) = request::flag_keys_of(&request::query(asked.uri())?) else {
        return Ok(wanted.shared(&deployment.wire()));
    };
    let keys: HashSet<_> = keys.into_iter().collect();
    let permit = memory_budget::to_answer(deployment.wire_bytes(&keys)).await;
    Ok(wanted.answer(deployment.wire_of(&keys), permit))
}

#[derive(Serialize)]
struct FlagList<'a> {
    /// Each as the SDK writes it.
    flags: Vec<Box<RawValue>>,
    skipped: &'a [Skipped],
}

/// `GET /api/flags`: `{"flags": […], "skipped": [{"key", "code", "field"?}]}`. A flag that cannot be read is only in the
/// second list.
pub async fn list(State(app): State<Arc<App>>, Admin(project): Admin, _: NoParameters) -> Result<Response, Refusal> {
    let stored = app.store.flags(project.id).await.map_err(|error| Refusal::failed(&error))?;
    let flags = stored.flags.iter().filter_map(|flag| RawValue::from_string(shown(flag)?.to_json()).ok()).collect();
    Ok(json(StatusCode::OK, &FlagList { flags, skipped: &project.faults() }))
}

/// `GET /api/flags/KEY`.
pub async fn one(
    State(app): State<Arc<App>>,
    Admin(project): Admin,
    _: NoParameters,
    key: Key,
) -> Result<Response, Refusal> {
    let key = named(key)?;
    let flag = app.store.flag(project.id, &key).await.map_err(|error| Refusal::failed(&error))?;
    let flag = shown(&flag.ok_or(Refusal::NotFound)?).ok_or(Refusal::Unreadable)?;
    Ok(json_text(StatusCode::OK, flag.to_json()))
}

/// `PUT /api/flags/KEY`: a flag that breaks a rule is refused with its field. The answer is the flag as it is stored,
/// with `warnings` where it depends on flags that are not there yet.
pub async fn put(
    State(app): State<Arc<App>>,
    Admin(project): Admin,
    _: NoParameters,
    key: Key,
    asked: Request,
) -> Result<Response, NotPut> {
    let (parts, body) = asked.into_parts();
    let key = named(key)?;
    let sent = body::read(&parts.headers, body, MAX_FLAG_BYTES).await?;
    let flag = read(&sent, &key)?;
    flag_rules::check(&flag, &project.deployment_names)?;
    flag_rules::check_reading(&flag)?;
    let mut answer = shown(&flag).ok_or(Refusal::Unreadable)?;
    let dependencies = flag.dependencies();
    match app.store.put_flag(project.id, flag, &dependencies).await.map_err(|error| Refusal::failed(&error))? {
        Put::Cycle { dependency } => return Err(Fault::cycle().at(dependency).of("dependencies").into()),
        Put::Stored { missing } if missing.is_empty() => {}
        Put::Stored { missing } => {
            tracing::warn!(flag = %key, "a flag depends on flags that are not there");
            answer.push("warnings".into(), missing.into_iter().map(not_there).collect::<Vec<_>>().into());
        }
    }
    app.refresh().await.map_err(|error| Refusal::failed(&error))?;
    Ok(json_text(StatusCode::OK, answer.to_json()))
}

#[derive(Serialize)]
struct Deleted {}

/// `DELETE /api/flags/KEY`: `{}`.
pub async fn delete(
    State(app): State<Arc<App>>,
    Admin(project): Admin,
    _: NoParameters,
    key: Key,
) -> Result<Response, Refusal> {
    let key = named(key)?;
    let found = app.store.delete_flag(project.id, key).await.map_err(|error| Refusal::failed(&error))?;
    app.refresh().await.map_err(|error| Refusal::failed(&error))?;
    if found { Ok(json(StatusCode::OK, &Deleted {})) } else { Err(Refusal::NotFound) }
}

/// The key in a path. One that cannot be stored belongs to no flag.
fn named(key: Key) -> Result<String, Refusal> {
    key.ok().map(|Path(key)| key).filter(|key| !key.contains('\0')).ok_or(Refusal::NotFound)
}

/// A flag as it is sent; without a key it gets the path's.
fn read(sent: &[u8], key: &str) -> Result<StoredFlag, NotPut> {
    let at = |byte| Position::of(sent, byte);
    std::str::from_utf8(sent).map_err(|error| NotPut::at("not_utf8", "no UTF-8", at(error.valid_up_to())))?;
    let flag = parse(sent).map_err(|error| NotPut::at("not_json", "no JSON", at(error.offset)))?;
    let mut flag = flag.into_object().ok_or(Refusal::Malformed("The flag is no JSON object"))?;
    // What an earlier answer said of it.
    flag.remove("warnings");
    if flag.get("key").is_none() {
        flag.set("key", key);
    }
    let flag = StoredFlag::from_object(flag).filter(|flag| flag.key == key);
    Ok(flag.ok_or(Refusal::Malformed("The flag's key is not the path's"))?)
}

/// A flag as the admin sees it, with the deployments that it goes to; none if it cannot be read.
fn shown(flag: &StoredFlag) -> Option<Object> {
    let mut object = flag.object()?;
    if let Some(list) = &flag.deployments {
        // A list that cannot be read names no deployment.
        object.set("deployments", parse(list.as_bytes()).unwrap_or(Value::Array(Vec::new())));
    }
    Some(object)
}

fn not_there(dependency: usize) -> Value {
    let mut warning = Object::new();
    warning.put("reason", "missing_dependency");
    warning.put("field", format!("dependencies[{dependency}]").as_str());
    warning.into()
}

/// Why a flag was not put.
pub enum NotPut {
    Refused(Refusal),
    Wrong(WrongFlag),
}

/// What is wrong with a flag: for people, for machines, and in which field if it is one.
#[derive(Serialize)]
pub struct WrongFlag {
    code: u16,
    error: String,
    reason: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

impl NotPut {
    fn at(reason: &'static str, what: &str, position: Position) -> Self {
        Self::wrong(format!("The flag is {what} at {position}"), reason, String::new())
    }

    fn wrong(error: String, reason: &'static str, field: String) -> Self {
        Self::Wrong(WrongFlag { code: StatusCode::BAD_REQUEST.as_u16(), error, reason, field })
    }
}

impl From<Refusal> for NotPut {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for NotPut {
    fn from(fault: Fault) -> Self {
        Self::wrong(fault.to_string(), fault.code, fault.field)
    }
}

impl IntoResponse for NotPut {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            Self::Wrong(wrong) => json(StatusCode::BAD_REQUEST, &wrong),
        }
    }
}
