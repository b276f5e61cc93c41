//! Request ids, which are answered and stand in every line of the log that a request causes, and the access log.
//!
//! Of a request the access log has the method, the pattern of its route, and its id: no path, no query, no header.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tracing::{Instrument, Span};

use crate::metrics::{OTHER, known};

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client, in bytes. A UUID has 36, an id of a trace 55.
const LONGEST_ID: usize = 128;

/// Gives a request its id.
pub async fn identified(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(X_REQUEST_ID).filter(|id| is_sane(id)).cloned().unwrap_or_else(fresh);
    // A handler or a layer that looks sees the same id as the log.
    request.headers_mut().insert(X_REQUEST_ID, id.clone());
    // An error, so that the id is in every line whatever level is logged.
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// What cannot be mistaken for anything else in a line of a log.
fn is_sane(id: &HeaderValue) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    (1..=LONGEST_ID).contains(&id.len()) && id.as_bytes().iter().all(is_word)
}

fn fresh() -> HeaderValue {
    let id = uuid::Uuid::new_v4().to_string();
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

/// Logs a request when the last byte of its answer was handed over, or the client has gone.
pub async fn logged(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or(OTHER, MatchedPath::as_str).to_owned();
    let (method, start) = (known(request.method()), Instant::now());
    let response = next.run(request).await;
    let answered =
        Answered { method, route, status: response.status().as_u16(), start, bytes: 0, span: Span::current() };
    response.map(|body| Body::new(Logged { body, answered }))
}

/// What is known of an answer.
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
    start: Instant,
    bytes: u64,
    span: Span,
}

impl Drop for Answered {
    fn drop(&mut self) {
        let _request = self.span.enter();
        let Self { method, route, status, bytes, .. } = self;
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(target: "access", method, route, status, ms, bytes, "answered");
    }
}

/// A body whose bytes are counted.
struct Logged {
    body: Body,
    answered: Answered,
}

impl HttpBody for Logged {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.answered.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_if_it_cannot_be_mistaken_in_a_log() {
        let is_taken = |id: &[u8]| HeaderValue::from_bytes(id).is_ok_and(|id| is_sane(&id));
        for id in [&b"7"[..], b"0f8fad5b-d9cb-469f-a165-70867728950e", b"Root=1-67891233-abcdef", &[b'a'; 128]] {
            assert!(is_taken(id), "{id:?}");
        }
        for id in [&b""[..], b"a b", b"a\tb", b"a\"b", b"{a}", "é".as_bytes(), b"\xFF", &[b'a'; 129]] {
            assert!(!is_taken(id), "{id:?}");
        }
    }
}
