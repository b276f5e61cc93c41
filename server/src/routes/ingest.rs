//! Ingestion: reads a batch, judges each event by itself, and answers when the good ones are durable. A batch with somebody
//! who sends too much is refused as a whole.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use experiment_wasm::ingestion::{Rejection, Rules, transform};
use experiment_wasm::json::{Text, Value, parse};

use super::envelope::Envelope;
use super::form::Form;
use super::verdicts::{Judged, answer};
use super::{body, throttled};
use crate::app::{App, Project};
use crate::arrival::arrival;
use crate::clock;
use crate::metrics::Judgement;
use crate::refusal::Refusal;
use crate::store::Arrival;
use crate::throttles::{Shared, Throttles};

/// The largest body of `/2/httpapi` and `/identify`, in bytes: Amplitude's limit.
const HTTPAPI_BYTES: usize = 1 << 20;

/// The largest body of `/batch`, in bytes: Amplitude's limit.
const BATCH_BYTES: usize = 20 << 20;

/// `POST /2/httpapi`.
pub async fn httpapi(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let sent = body::read(&parts.headers, body, HTTPAPI_BYTES).await?;
    ingest(&app, &Envelope::read(&sent)?, sent.len(), |throttles| &throttles.httpapi).await
}

/// `POST /batch`.
pub async fn batch(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let sent = body::read(&parts.headers, body, BATCH_BYTES).await?;
    ingest(&app, &Envelope::read(&sent)?, sent.len(), |throttles| &throttles.batch).await
}

/// `POST /identify`: changes of user properties, as a form.
pub async fn identify(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let sent = body::read(&parts.headers, body, HTTPAPI_BYTES).await?;
    let form = Form::read(&parts.headers, &sent)?;
    ingest(&app, &form.envelope()?, sent.len(), |throttles| &throttles.identify).await
}

/// One event, as far as it got.
struct Read {
    insert_id: Option<Text>,
    outcome: Result<Arrival, Rejection>,
}

async fn ingest(
    app: &App,
    envelope: &Envelope<'_>,
    bytes: usize,
    throttle: fn(&Throttles) -> &Shared,
) -> Result<Response, Refusal> {
    let secret = envelope.api_key.as_ref().ok_or(Refusal::InvalidApiKey)?;
    let project = app.ingesting(&secret.to_str()).ok_or(Refusal::InvalidApiKey)?;
    let now = clock::now();
    let read = read(project, envelope, now)?;
    if let Some(refused) = too_many(throttle(&project.throttles), &read) {
        app.metrics.requests_throttled.inc();
        return Ok(refused);
    }
    let judged = judge(app, read).await?;
    for one in &judged {
        app.metrics.events.get_or_create(&Judgement::of(&one.verdict)).inc();
    }
    Ok(answer(&judged, bytes, now))
}

/// The answer to a request that is not admitted. Only good events count; what is rejected costs the store nothing.
fn too_many(throttle: &Shared, read: &[Read]) -> Option<Response> {
    let good = (0..).zip(read).filter_map(|(place, one)| Some((place, &one.outcome.as_ref().ok()?.ingested.identity)));
    let good: Vec<_> = good.collect();
    let mut throttle = throttle.lock();
    let refused = throttle.admit(&good, clock::mono()).err()?;
    Some(throttled::answer(&refused, throttle.has_quota()))
}

fn read(project: &Project, envelope: &Envelope<'_>, now: u64) -> Result<Vec<Read>, Refusal> {
    let events = envelope.events.as_ref().filter(|events| !events.is_empty()).ok_or(Refusal::Missing("events"))?;
    let rules = Rules { min_id_length: envelope.min_id_length()?, ..project.rules };
    let one = |(place, text): (u64, &&[u8])| {
        let mut event = parse(text).map_err(|_| Refusal::Malformed("Invalid event JSON"))?;
        if let (Some(event), Some(event_type)) = (event.as_object_mut(), envelope.event_type) {
            event.set("event_type", event_type);
        }
        let insert_id = event.as_object().and_then(|event| event.get("insert_id")).and_then(Value::as_str).cloned();
        let outcome = transform(event, rules);
        let outcome = outcome.map(|ingested| arrival(project.id, ingested, place, envelope.uploaded, now));
        Ok(Read { insert_id, outcome })
    };
    (0..).zip(events).map(one).collect()
}

/// Stores what is good and returns every event's verdict.
async fn judge(app: &App, read: Vec<Read>) -> Result<Vec<Judged>, Refusal> {
    let good: Vec<_> = read.iter().filter_map(|one| one.outcome.as_ref().ok()).cloned().collect();
    let verdicts =
        if good.is_empty() { Vec::new() } else { app.writer.store(good).await.map_err(|_| Refusal::Unavailable)? };
    let mut verdicts = verdicts.into_iter();
    let judged = |one: Read| match one.outcome {
        Ok(arrival) => {
            let verdict = verdicts.next().ok_or(Refusal::Unavailable)?;
            let removed = arrival.ingested.removed;
            Ok(Judged { insert_id: Some(arrival.stamp.insert_id), verdict: Ok(verdict), removed })
        }
        Err(rejection) => Ok(Judged { insert_id: one.insert_id, verdict: Err(rejection), removed: None }),
    };
    read.into_iter().map(judged).collect()
}
