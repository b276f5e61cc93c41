//! Remote evaluation: the request, the cache before it, and the events tracked after it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::Response;
use experiment_ingestion::{IncomingEvent, transform};
use experiment_wasm::api::{EXPOSURE_TRACK_HEADER, TRACK_HEADER, USER_HEADER};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::exposure::ExposureEvent;
use experiment_wasm::field_hasher::FieldHasher;
use experiment_wasm::json::{Object, Text};
use experiment_wasm::user::Identity;

use super::ingest::fresh_insert_id;
use crate::app::{App, Project};
use crate::clock;
use crate::evaluation::cache::Owner;
use crate::evaluation::result::{Evaluated, Shape};
use crate::evaluation::tracking_queue::Full;
use crate::http::body::{self, Sent};
use crate::http::keys::Caller;
use crate::http::memory_budget::USER_BYTES;
use crate::http::refusal::Refusal;
use crate::http::request;
use crate::http::revalidation::Wanted;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// What is asked: whose variants, of which flags, in which form.
struct EvaluationRequest {
    user: Object,
    keys: Option<Vec<Text>>,
    shape: Shape,
    /// Whether only the headers of the answer are wanted. They hold no variant, so nothing is tracked and
    /// nothing is cached.
    is_head: bool,
    /// Two requests with one digest get one answer.
    digest: Text,
    wanted: Wanted,
}

/// `GET` or `POST /sdk/v2/vardata`: the user is in a header or in the body.
pub async fn vardata(State(app): State<Arc<App>>, caller: Caller, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let text = read_user(&parts.method, &parts.headers, body).await?;
    let keys = request::flag_keys(&parts.headers)?;
    let user = request::user(&text)?;
    let digest = digest(&caller, &parts.uri, &parts.headers, &text, keys.as_deref());
    let (is_head, wanted) = (parts.method == Method::HEAD, Wanted::of(&parts.method, &parts.headers));
    let request = EvaluationRequest { user, keys, shape: Shape::Current, is_head, digest, wanted };
    answer(&app, &caller, request, &parts.headers).await
}

/// `GET /v1/vardata?user_id&device_id&flag_keys&context`.
pub async fn vardata_v1(State(app): State<Arc<App>>, caller: Caller, asked: Request) -> Result<Response, Refusal> {
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
    let digest = digest(&caller, asked.uri(), asked.headers(), &[], keys.as_deref());
    let (is_head, wanted) = (*asked.method() == Method::HEAD, Wanted::of(asked.method(), asked.headers()));
    let request = EvaluationRequest { user, keys, shape: Shape::V1, is_head, digest, wanted };
    answer(&app, &caller, request, asked.headers()).await
}

/// The user's JSON, as it was sent.
async fn read_user(method: &Method, headers: &HeaderMap, body: Body) -> Result<Sent, Refusal> {
    if *method == Method::POST {
        let sent = body::read(headers, body, USER_BYTES).await?;
        if !sent.is_empty() {
            return Ok(sent);
        }
    }
    request::decoded(headers, USER_HEADER)?.map(Sent::from).ok_or(Refusal::Malformed("There is no user"))
}

/// Whether the assignment is tracked, which is so unless the request says otherwise, and the exposures, which are not.
fn tracks(headers: &HeaderMap) -> (bool, bool) {
    let says = |name| headers.get(name).map(HeaderValue::as_bytes);
    let is_untracked = matches!(says(TRACK_HEADER), Some(b"no-track" | b"read-only"));
    (!is_untracked, says(EXPOSURE_TRACK_HEADER) == Some(b"track"))
}

fn digest(caller: &Caller, uri: &Uri, headers: &HeaderMap, user: &[u8], keys: Option<&[Text]>) -> Text {
    let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    // Not the key: an answer stays when a key takes the place of another.
    let deployment = FieldHasher::new().number(caller.project.id.unsigned_abs()).field(&caller.deployment.name);
    let path = deployment.field(uri.path().as_bytes());
    let asked = path.optional(uri.query().map(str::as_bytes)).field(user);
    let asked = asked.optional(header(TRACK_HEADER)).optional(header(EXPOSURE_TRACK_HEADER));
    keys.unwrap_or_default().iter().fold(asked.number(keys.map_or(0, |_| 1)), |asked, key| asked.field(key)).finish()
}

async fn answer(
    app: &App,
    Caller { project, deployment }: &Caller,
    asked: EvaluationRequest,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let identity = Identity::of_user(&asked.user, &NativeDialect);
    if identity.is_unknown() {
        return Err(Refusal::Malformed("There is neither a user_id nor a device_id"));
    }
    let (snapshot, now, removals) = (deployment.snapshot(), clock::now(), app.cache.removals());
    if let Some(kept) = app.cache.get(&asked.digest, snapshot.version, now) {
        app.metrics.cache_hits.inc();
        return Ok(cached_response(&asked.wanted, kept, "HIT"));
    }
    app.metrics.cache_misses.inc();
    let evaluated = Evaluated::of(&snapshot, &asked.user, asked.keys.as_deref());
    // No larger than it is: it may stay in the cache.
    let body = Bytes::from(evaluated.visible(asked.shape).to_json().into_bytes().into_boxed_slice());
    if asked.is_head {
        return Ok(cached_response(&asked.wanted, body, "MISS"));
    }
    let (tracks, tracks_exposures) = tracks(headers);
    if tracks {
        let assigned = evaluated.assignment(&identity, &deployment.name, now);
        track(app, project, assigned.map(|event| (event, None)), now).await?;
    }
    if tracks_exposures {
        track(app, project, evaluated.exposures(&identity, now).into_iter().map(exposed), now).await?;
    }
    let owner = Owner {
        project: project.id,
        user_id: identity.user_id.as_ref().map(Text::as_bytes),
        device_id: identity.device_id.as_ref().map(Text::as_bytes),
    };
    app.cache.insert(asked.digest, snapshot.version, now, (owner, removals), body.clone());
    Ok(cached_response(&asked.wanted, body, "MISS"))
}

/// The event of an exposure, and what its ids are made of.
fn exposed(mut exposure: ExposureEvent) -> (Object, Option<ExposureEvent>) {
    let event = exposure.to_event();
    // It is no part of an id, and the event has it.
    exposure.exposure.metadata = None;
    (event, Some(exposure))
}

/// Queues what an evaluation has to tell.
async fn track(
    app: &App,
    project: &Project,
    events: impl IntoIterator<Item = (Object, Option<ExposureEvent>)>,
    now: u64,
) -> Result<(), Refusal> {
    for (event, evaluated) in events {
        match transform(event.into(), project.rules, &NativeDialect) {
            Ok(event) => {
                let event = IncomingEvent::new(project.id, event, 0, (None, now), fresh_insert_id);
                let event = match evaluated {
                    Some(exposure) => IncomingEvent { evaluated: Some(exposure.into()), ..event },
                    None => event.made_by_server(),
                };
                let tracked = app.tracking.track(event).await;
                // A variant in a response has an assignment, so without one there is no response: clients have their
                // fallbacks.
                tracked.map_err(|Full| Refusal::Unavailable)?;
            }
            // An id that cannot be stored is no valid id, and without one nothing is tracked.
            Err(rejection) => tracing::debug!(reason = rejection.reason(), "nothing was tracked"),
        }
    }
    Ok(())
}

fn cached_response(wanted: &Wanted, body: Bytes, cache: &'static str) -> Response {
    let mut response = wanted.answer(body, None);
    response.headers_mut().insert(X_CACHE, HeaderValue::from_static(cache));
    response
}
