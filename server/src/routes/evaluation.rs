//! Remote evaluation: who asks about whom, the cache before it, the assignment after it.
//!
//! The current routes return default variants too, as the SDKs want them; `/v1/vardata` only what a user is in. Results of
//! mutual exclusion groups and holdouts are told in the assignment and returned to nobody.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use experiment_wasm::api::{TRACK_HEADER, USER_HEADER};
use experiment_wasm::assignment::{self, Assigned};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::evaluation::{Silent, Target, evaluate};
use experiment_wasm::insert_id::InsertId;
use experiment_wasm::json::{Object, Text, Value};
use experiment_wasm::user::{self, Identity};
use experiment_wasm::variant::Variant;

use super::body::{self, Sent};
use super::request;
use super::room::USER_BYTES;
use crate::app::{App, Project};
use crate::assignments::NotTracked;
use crate::catalog::{Deployment, Edition};
use crate::clock;
use crate::refusal::{Refusal, text};

/// The largest user in a body, in bytes; the largest in a header is a sixteenth of it.
const MAX_USER_BYTES: usize = USER_BYTES;

/// The header that says whether exposures are tracked. It makes another question of a request.
const EXPOSURE_TRACK_HEADER: &str = "X-Amp-Exp-Exposure-Track";

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// What is asked: whose variants, of which flags, in which form.
struct Question {
    user: Object,
    keys: Option<Vec<Text>>,
    shape: Shape,
    tracks: bool,
    /// Two requests with one digest get one answer.
    digest: Text,
}

#[derive(Clone, Copy)]
enum Shape {
    Current,
    V1,
}

/// `GET` or `POST /sdk/v2/vardata`: the user is in a header or in the body.
pub async fn vardata(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let (project, deployment) = request::deployment(&app, &parts.headers)?;
    let told = told(&parts.method, &parts.headers, body).await?;
    let keys = request::flag_keys(&parts.headers)?;
    let user = request::user(&told)?;
    let digest = digest(deployment, &parts.uri, &parts.headers, &told, keys.as_deref());
    let tracks = tracks(&parts.headers);
    answer(&app, project, deployment, Question { user, keys, shape: Shape::Current, tracks, digest }).await
}

/// `GET /v1/vardata?user_id&device_id&flag_keys&context`.
pub async fn vardata_v1(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (project, deployment) = request::deployment(&app, asked.headers())?;
    let fields = request::query(asked.uri())?;
    let mut user = match fields.get("context").filter(|context| !context.is_empty()) {
        Some(context) => request::user(context.as_bytes())?,
        None => Object::new(),
    };
    for name in ["user_id", "device_id"] {
        if let Some(id) = fields.get(name).filter(|id| !id.is_empty()) {
            user.set(name, id.as_str());
        }
    }
    let keys = request::flag_keys_of(&fields);
    let digest = digest(deployment, asked.uri(), asked.headers(), &[], keys.as_deref());
    let tracks = tracks(asked.headers());
    answer(&app, project, deployment, Question { user, keys, shape: Shape::V1, tracks, digest }).await
}

/// The user's JSON, as it was sent.
async fn told(method: &Method, headers: &HeaderMap, body: Body) -> Result<Sent, Refusal> {
    if *method == Method::POST {
        let sent = body::read(headers, body, MAX_USER_BYTES).await?;
        if !sent.is_empty() {
            return Ok(sent);
        }
    }
    request::decoded(headers, USER_HEADER)?.map(Sent::from).ok_or(Refusal::Malformed("There is no user"))
}

fn tracks(headers: &HeaderMap) -> bool {
    let says = headers.get(TRACK_HEADER).map(HeaderValue::as_bytes);
    !matches!(says, Some(b"no-track" | b"read-only"))
}

fn digest(deployment: &Deployment, uri: &Uri, headers: &HeaderMap, user: &[u8], keys: Option<&[Text]>) -> Text {
    let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let path = InsertId::new().field(deployment.key.digest()).field(uri.path().as_bytes());
    let asked = path.optional(uri.query().map(str::as_bytes)).field(user);
    let asked = asked.optional(header(TRACK_HEADER)).optional(header(EXPOSURE_TRACK_HEADER));
    keys.unwrap_or_default().iter().fold(asked.number(keys.map_or(0, |_| 1)), |asked, key| asked.field(key)).finish()
}

async fn answer(
    app: &App,
    project: &Project,
    deployment: &Deployment,
    question: Question,
) -> Result<Response, Refusal> {
    let identity = Identity::of(&question.user);
    if identity.is_unknown() {
        return Err(Refusal::Malformed("There is neither a user_id nor a device_id"));
    }
    let (edition, now) = (deployment.edition(), clock::now());
    if let Some(kept) = app.cache.get(&question.digest, edition.number, now) {
        return Ok(told_from(kept, "HIT"));
    }
    let decided = decide(&edition, &question);
    let body = shown(&decided, question.keys.as_deref(), question.shape).to_json();
    // No larger than it is: it may stay in the cache.
    let body = Bytes::from(body.into_bytes().into_boxed_slice());
    if question.tracks {
        track(app, project, deployment, &identity, &decided, now).await?;
    }
    app.cache.keep(question.digest, edition.number, now, body.clone());
    Ok(told_from(body, "MISS"))
}

fn told_from(body: Bytes, cache: &'static str) -> Response {
    let mut response = text(StatusCode::OK, body);
    response.headers_mut().insert(X_CACHE, HeaderValue::from_static(cache));
    response
}

/// Each flag that was asked for, or that one of those depends on, with its variant if it has one for the user.
fn decide(edition: &Edition, question: &Question) -> Vec<(Text, Option<Object>)> {
    let flags = &edition.flags;
    let mut target = Target::new(user::context(&question.user, None));
    let decisions = evaluate(flags, &mut target, question.keys.as_deref(), &NativeDialect, &mut Silent);
    let with_variant: HashSet<_> = decisions.iter().map(|one| flags.key_of(one)).collect();
    let asked = |key: &&Text| question.keys.as_ref().is_none_or(|keys| keys.contains(key));
    let without = flags.keys().filter(asked).filter(|key| !with_variant.contains(key)).map(|key| (key.clone(), None));
    let decided = decisions.iter().map(|one| (flags.key_of(one).clone(), Some(flags.variant_of(one))));
    decided.chain(without).collect()
}

async fn track(
    app: &App,
    project: &Project,
    deployment: &Deployment,
    identity: &Identity,
    decided: &[(Text, Option<Object>)],
    now: u64,
) -> Result<(), Refusal> {
    if decided.is_empty() {
        return Ok(());
    }
    let assigned: Vec<_> = decided.iter().map(|(key, variant)| Assigned::of(key, variant.as_ref())).collect();
    let event = assignment::event(identity, &deployment.name, &assigned, now);
    match app.assignments.track(project.id, project.rules, event, now).await {
        Ok(()) => {}
        // An id that cannot be stored is no valid id, and without one there is no assignment.
        Err(NotTracked::Rejected(rejection)) => {
            tracing::debug!(reason = rejection.reason(), "no assignment was tracked")
        }
        // A variant that was told has an assignment, so without one there is no answer: clients have their fallbacks.
        Err(NotTracked::Full) => return Err(Refusal::Unavailable),
    }
    Ok(())
}

/// The answer's JSON: variants by flag key.
fn shown(decided: &[(Text, Option<Object>)], keys: Option<&[Text]>, shape: Shape) -> Object {
    let asked = |key: &Text| keys.is_none_or(|keys| keys.contains(key));
    let variants = decided.iter().filter(|(key, _)| asked(key));
    let variants = variants.filter_map(|(key, variant)| Some((key, variant.as_ref()?)));
    let variants = variants.filter(|(_, variant)| is_returned(variant));
    variants.filter_map(|(key, variant)| Some((key.clone(), shaped(variant, shape)?))).collect()
}

fn shaped(variant: &Object, shape: Shape) -> Option<Value> {
    match shape {
        Shape::Current => Some(variant.clone().into()),
        Shape::V1 => {
            let variant = Variant::from_evaluation(variant);
            let is_default = variant.is_default();
            let mut object = variant.into_object();
            object.remove("metadata");
            (!is_default).then_some(object.into())
        }
    }
}

/// Whether a flag's result is anybody's business: not what only divides users, nor a flag that is not deployed.
fn is_returned(variant: &Object) -> bool {
    let Some(metadata) = variant.get("metadata").and_then(Value::as_object) else { return true };
    let kind = metadata.get("flagType").and_then(Value::as_str).map(Text::as_bytes);
    let is_deployed = metadata.get("deployed").and_then(Value::as_bool).unwrap_or(true);
    is_deployed && !matches!(kind, Some(b"mutual-exclusion-group" | b"holdout-group"))
}
