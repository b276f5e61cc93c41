//! Flags: given to SDKs by deployment, and read, put and deleted by the admin.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use experiment_wasm::json::{Object, Value, parse};

use super::room::{self, Held};
use super::{body, request};
use crate::app::App;
use crate::catalog::{Skipped, faults};
use crate::config::flag_to_store;
use crate::refusal::{Refusal, json, text};
use crate::store::StoredFlag;

/// The largest flag, in bytes. The largest seen in the field lists 20,000 ids.
const MAX_FLAG_BYTES: usize = 1 << 20;

/// An answer that was made for one request, and its room until it has left.
struct Answer {
    bytes: Bytes,
    _held: Option<Held>,
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The flag key of a path, or what is wrong with it.
type Key = Result<Path<String>, PathRejection>;

/// `GET /sdk/v2/flags` and `GET /v1/flags?flag_keys`: a JSON list of flags, for local evaluation.
pub async fn for_deployment(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (_, deployment) = request::deployment(&app, asked.headers())?;
    let Some(keys) = request::flag_keys_of(&request::query(asked.uri())?) else {
        return Ok(text(StatusCode::OK, deployment.wire(None)));
    };
    let held = room::to_answer(deployment.most_wire_bytes()).await;
    let answer = Answer { bytes: deployment.wire(Some(&keys)), _held: held };
    Ok(text(StatusCode::OK, Bytes::from_owner(answer)))
}

/// `GET /api/flags`: `{"flags": […], "skipped": [{"key", "code", "field"?}]}`.
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let project = request::administered(&app, &headers)?;
    let flags = app.store.flags(project.id).await.map_err(|error| Refusal::failed(&error))?;
    let mut answer = Object::new();
    answer.push("flags".into(), flags.iter().map(shown).collect::<Vec<_>>().into());
    answer.push("skipped".into(), faults(&flags).iter().map(fault).collect::<Vec<_>>().into());
    Ok(json(StatusCode::OK, &answer.into()))
}

/// `GET /api/flags/KEY`.
pub async fn one(State(app): State<Arc<App>>, key: Key, headers: HeaderMap) -> Result<Response, Refusal> {
    let project = request::administered(&app, &headers)?;
    let key = named(key)?;
    let flags = app.store.flags(project.id).await.map_err(|error| Refusal::failed(&error))?;
    let flag = flags.iter().find(|flag| flag.key == key).ok_or(Refusal::NotFound)?;
    Ok(json(StatusCode::OK, &shown(flag)))
}

/// `PUT /api/flags/KEY`: a flag that does not parse is refused, so that only a seed can hold one.
pub async fn put(State(app): State<Arc<App>>, key: Key, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let project = request::administered(&app, &parts.headers)?;
    let key = named(key)?;
    let sent = body::read(&parts.headers, body, MAX_FLAG_BYTES).await?;
    let flag = read(&sent, &key)?;
    let answer = shown(&flag);
    app.store.put_flag(project.id, flag).await.map_err(|error| Refusal::failed(&error))?;
    app.refresh().await.map_err(|error| Refusal::failed(&error))?;
    Ok(json(StatusCode::OK, &answer))
}

/// `DELETE /api/flags/KEY`.
pub async fn delete(State(app): State<Arc<App>>, key: Key, headers: HeaderMap) -> Result<Response, Refusal> {
    let project = request::administered(&app, &headers)?;
    let key = named(key)?;
    let found = app.store.delete_flag(project.id, key).await.map_err(|error| Refusal::failed(&error))?;
    app.refresh().await.map_err(|error| Refusal::failed(&error))?;
    if found { Ok(text(StatusCode::OK, "{}")) } else { Err(Refusal::NotFound) }
}

/// The key in a path. One that cannot be stored belongs to no flag.
fn named(key: Key) -> Result<String, Refusal> {
    key.ok().map(|Path(key)| key).filter(|key| !key.contains('\0')).ok_or(Refusal::NotFound)
}

/// A flag as it is sent; without a key it gets the path's.
fn read(sent: &[u8], key: &str) -> Result<StoredFlag, Refusal> {
    let flag = parse(sent).ok().and_then(Value::into_object);
    let mut flag = flag.ok_or(Refusal::Malformed("The flag is no JSON object"))?;
    if flag.get("key").is_none() {
        flag.set("key", key);
    }
    let flag = flag_to_store(flag).filter(|flag| flag.key == key);
    let flag = flag.ok_or(Refusal::Malformed("The flag's key is not the path's"))?;
    if faults(std::slice::from_ref(&flag)).is_empty() {
        Ok(flag)
    } else {
        Err(Refusal::Malformed("The flag does not parse"))
    }
}

fn shown(flag: &StoredFlag) -> Value {
    let mut value = parse(flag.config.as_bytes()).unwrap_or(Value::Null);
    let deployments = flag.deployments.as_ref().and_then(|list| parse(list.as_bytes()).ok());
    if let (Some(object), Some(deployments)) = (value.as_object_mut(), deployments) {
        object.set("deployments", deployments);
    }
    value
}

fn fault(skipped: &Skipped) -> Value {
    let mut object = Object::new();
    object.push("key".into(), (&skipped.key).into());
    object.push("code".into(), skipped.code.into());
    if let Some(field) = skipped.field {
        object.push("field".into(), field.into());
    }
    object.into()
}
