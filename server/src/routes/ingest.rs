//! Ingestion: reads a batch, decides each event by itself, and answers when the good ones are durable. A batch with a
//! user or device that sends too much is refused as a whole.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use experiment_ingestion::{IncomingEvent, Rejection, Rules, Verdict, transform};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::json::{Text, Value, parse};

use super::envelope::{Envelope, MOST_EVENTS};
use super::form::Form;
use super::verdicts::{EventOutcome, answer};
use super::{throttled, values};
use crate::app::{App, Project};
use crate::clock;
use crate::config::user_limits::MOST_BYTES as MOST_USER_BYTES;
use crate::http::body::{self, Sent};
use crate::http::memory_budget::{MOST_CHANGED, SMALL_BYTES};
use crate::http::refusal::Refusal;
use crate::metrics::OutcomeLabels;
use crate::store::MOST_TRANSACTION_BYTES;
use crate::store::writer::NotStored;
use crate::throttles::{Shared, Throttles};

/// The largest body of `/2/httpapi` and `/identify`, in bytes: Amplitude's limit.
const HTTPAPI_BYTES: usize = SMALL_BYTES;

/// The largest body of `/batch`, in bytes: Amplitude's limit.
const BATCH_BYTES: usize = 20 << 20;

/// How many values an event may have; while it is read they take a hundred bytes each. Amplitude's clients send a
/// thousand.
const MOST_VALUES: usize = 1 << 16;

/// `POST /2/httpapi`.
pub async fn httpapi(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let sent = body::read(&parts.headers, body, HTTPAPI_BYTES).await?;
    let read = read(&app, &Envelope::read(&sent)?, |throttles| &throttles.httpapi)?;
    ingest(&app, sent, read).await
}

/// `POST /batch`.
pub async fn batch(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let sent = body::read(&parts.headers, body, BATCH_BYTES).await?;
    let read = read(&app, &Envelope::read(&sent)?, |throttles| &throttles.batch)?;
    ingest(&app, sent, read).await
}

/// `POST /identify`: changes of user properties, as a form.
pub async fn identify(State(app): State<Arc<App>>, asked: Request) -> Result<Response, Refusal> {
    let (parts, body) = asked.into_parts();
    let sent = body::read(&parts.headers, body, HTTPAPI_BYTES).await?;
    let form = Form::read(&parts.headers, &sent)?;
    let read = read(&app, &form.envelope()?, |throttles| &throttles.identify)?;
    drop(form);
    ingest(&app, sent, read).await
}

// The events of a request always fit into a transaction, if their users are within the largest limits there are.
const _: () = assert!(MOST_EVENTS as u64 * 2 * MOST_USER_BYTES <= MOST_TRANSACTION_BYTES as u64);

/// What a request brought: its events, as far as they got, and when.
struct Read {
    events: Vec<Event>,
    now: u64,
    refused: Option<Response>,
}

/// One event, as far as it got.
struct Event {
    insert_id: Option<Text>,
    outcome: Result<IncomingEvent, Rejection>,
}

fn read(app: &App, envelope: &Envelope<'_>, throttle: fn(&Throttles) -> &Shared) -> Result<Read, Refusal> {
    let secret = envelope.api_key.as_ref().ok_or(Refusal::InvalidApiKey)?;
    let project = app.ingesting(&secret.to_str()).ok_or(Refusal::InvalidApiKey)?;
    let now = clock::now();
    let events = events(&project, envelope, now)?;
    let refused = too_many(throttle(&project.throttles), &events);
    Ok(Read { events, now, refused })
}

/// The body is let go before the store is waited for; what was made of it has its room.
async fn ingest(app: &App, sent: Sent, read: Read) -> Result<Response, Refusal> {
    if let Some(refused) = read.refused {
        app.metrics.requests_throttled.inc();
        return Ok(refused);
    }
    let bytes = sent.len();
    let _permit = sent.into_permit();
    let outcomes = store(app, read.events).await?;
    for one in &outcomes {
        app.metrics.events.get_or_create(&OutcomeLabels::of(&one.verdict)).inc();
    }
    Ok(answer(&outcomes, bytes, read.now))
}

/// The answer to a request that is not admitted. Only good events count; what is rejected costs the store nothing.
fn too_many(throttle: &Shared, events: &[Event]) -> Option<Response> {
    let good =
        (0..).zip(events).filter_map(|(index, one)| Some((index, &one.outcome.as_ref().ok()?.normalized.identity)));
    let good: Vec<_> = good.collect();
    let mut throttle = throttle.lock();
    let refused = throttle.admit(&good, clock::mono()).err()?;
    Some(throttled::answer(&refused, throttle.has_quota()))
}

fn events(project: &Project, envelope: &Envelope<'_>, now: u64) -> Result<Vec<Event>, Refusal> {
    let events = envelope.events.as_ref().filter(|events| !events.is_empty()).ok_or(Refusal::Missing("events"))?;
    let rules = Rules { min_id_length: envelope.min_id_length()?, ..project.rules };
    let mut changed = 0;
    let one = |(index, text): (u64, &&[u8])| {
        changed += values::changed(text);
        if changed > MOST_CHANGED || values::count(text) > MOST_VALUES {
            return Err(Refusal::TooLarge);
        }
        let mut event = parse(text).map_err(|_| Refusal::Malformed("Invalid event JSON"))?;
        if let (Some(event), Some(event_type)) = (event.as_object_mut(), envelope.event_type) {
            event.set("event_type", event_type);
        }
        let insert_id = event.as_object().and_then(|event| event.get("insert_id")).and_then(Value::as_str).cloned();
        let insert_id = insert_id.map(Text::into_well_formed);
        let outcome = transform(event, rules, &NativeDialect);
        let received = (envelope.uploaded, now);
        let outcome = outcome.and_then(|event| {
            let incoming = IncomingEvent::new(project.id, event, index, received, fresh_insert_id);
            rules.check_age(incoming.timestamp.time, now).map(|()| incoming)
        });
        Ok(Event { insert_id, outcome })
    };
    (0..).zip(events).map(one).collect()
}

/// Stores what is good and returns every event's verdict.
async fn store(app: &App, events: Vec<Event>) -> Result<Vec<EventOutcome>, Refusal> {
    let mut good = Vec::new();
    let mut outcomes = Vec::with_capacity(events.len());
    for event in events {
        outcomes.push(match event.outcome {
            Ok(incoming) => {
                let (insert_id, removed) = (Some(incoming.timestamp.insert_id.clone()), incoming.normalized.removed);
                good.push(incoming);
                EventOutcome { insert_id, verdict: Ok(Verdict::Stored(None)), removed }
            }
            Err(rejection) => EventOutcome { insert_id: event.insert_id, verdict: Err(rejection), removed: None },
        });
    }
    if good.is_empty() {
        return Ok(outcomes);
    }
    let verdicts = app.writer.store(good).await.map_err(|reason| match reason {
        NotStored::Failed => Refusal::Unavailable,
        NotStored::TooLarge => Refusal::TooLarge,
    })?;
    let stored = outcomes.iter_mut().filter_map(|one| one.verdict.as_mut().ok());
    stored.zip(verdicts).for_each(|(one, verdict)| *one = verdict);
    Ok(outcomes)
}

/// The insert id of an event that came without one: no other event has it, so the event counts each time it is sent.
pub(super) fn fresh_insert_id() -> Text {
    uuid::Uuid::new_v4().to_string().into()
}
