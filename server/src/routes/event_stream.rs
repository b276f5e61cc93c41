//! Stored events as a body that is made piece by piece, each when its reader took the one before: a reader who is slow or
//! gone holds one piece, and nothing of the database.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream::try_unfold;

use crate::app::App;
use crate::http::memory_budget::{Permit, to_hold_events, to_read_events};
use crate::http::response::streamed;
use crate::store::{Failure, Result};

/// About how many bytes a piece has, or one event where that is larger.
const PIECE_BYTES: usize = 128 << 10;

/// How many events a piece has at most.
const PIECE_EVENTS: usize = 256;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One list.
    Json,
    /// An event a line.
    JsonLines,
}

/// Events on their way to a reader.
pub struct EventStream {
    app: Arc<App>,
    project: i64,
    format: Format,
    ids: std::vec::IntoIter<i64>,
    /// The next events, and about how many bytes each has.
    next: VecDeque<(i64, usize)>,
    has_begun: bool,
    has_ended: bool,
    /// For the piece that the reader has.
    _held: Option<Permit>,
}

impl EventStream {
    pub fn new(app: Arc<App>, project: i64, ids: Vec<i64>, format: Format) -> Self {
        let (ids, next) = (ids.into_iter(), VecDeque::new());
        Self { app, project, format, ids, next, has_begun: false, has_ended: false, _held: None }
    }

    /// The answer, as soon as its first piece is there. An answer of one piece has a length.
    pub async fn into_response(mut self) -> Result<Response> {
        let format = self.format;
        let first = self.piece().await?;
        let length = self.has_ended.then_some(first.len());
        let pieces = try_unfold((self, Some(first)), |(mut stream, first)| async {
            let piece = match first {
                Some(first) => first,
                None if stream.has_ended => return Ok(None),
                // The connection breaks, so that nobody takes a part for the whole.
                None => stream.piece().await.inspect_err(|error| {
                    tracing::error!(error = %Failure(error), "the store failed, and an answer was broken off");
                })?,
            };
            Ok::<_, sqlx::Error>(Some((piece, (stream, None))))
        });
        let mut response = streamed(StatusCode::OK, format.content_type(), Body::from_stream(pieces));
        response.headers_mut().extend(length.map(|length| (header::CONTENT_LENGTH, length.into())));
        Ok(response)
    }

    /// The next piece.
    async fn piece(&mut self) -> Result<Bytes> {
        self._held = None;
        while self.next.is_empty() && self.ids.len() > 0 {
            let ids: Vec<_> = self.ids.by_ref().take(PIECE_EVENTS).collect();
            self.next.extend(self.app.store.event_sizes(self.project, &ids).await?);
        }
        let (ids, bytes) = self.take();
        self._held = to_hold_events(bytes).await;
        let _permit = to_read_events(bytes).await;
        let texts = self.app.store.event_texts(self.project, &ids).await?;
        self.has_ended = self.next.is_empty() && self.ids.len() == 0;
        Ok(self.written(texts, bytes).into())
    }

    /// Takes the events of a piece out of the next ones.
    fn take(&mut self) -> (Vec<i64>, usize) {
        let (mut ids, mut bytes) = (Vec::new(), 0);
        while let Some((id, size)) = self.next.pop_front_if(|(_, size)| bytes == 0 || bytes + *size <= PIECE_BYTES) {
            ids.push(id);
            bytes += size;
        }
        (ids, bytes)
    }

    /// The text of a piece. The last brace of an event comes with what follows it, so that no part of an answer has a
    /// whole last event, also where nothing tells a reader that the connection broke.
    fn written(&mut self, texts: Vec<String>, bytes: usize) -> String {
        let mut piece = String::with_capacity(bytes);
        for text in texts {
            piece += if self.has_begun { self.format.between() } else { self.format.start() };
            piece += text.strip_suffix('}').unwrap_or(&text);
            self.has_begun = true;
        }
        if self.has_ended {
            piece += if self.has_begun { self.format.end() } else { self.format.nothing() };
        }
        piece
    }
}

impl Format {
    const fn content_type(self) -> HeaderValue {
        match self {
            Self::Json => HeaderValue::from_static("application/json"),
            Self::JsonLines => HeaderValue::from_static("application/jsonl"),
        }
    }

    const fn start(self) -> &'static str {
        if matches!(self, Self::Json) { "[" } else { "" }
    }

    const fn between(self) -> &'static str {
        if matches!(self, Self::Json) { "}," } else { "}\n" }
    }

    const fn end(self) -> &'static str {
        if matches!(self, Self::Json) { "}]" } else { "}\n" }
    }

    const fn nothing(self) -> &'static str {
        if matches!(self, Self::Json) { "[]" } else { "" }
    }
}
