//! Effects as JSON, for the JavaScript that performs them: each a list of its name and what belongs to it.

use crate::api::Request;
use crate::effect::{Change, Effect, FetchId, Level, Message, Receiver, RequestId, TrackId};
use crate::error::Error;
use crate::json::{Object, Text, write_string};

/// A JSON list in the making.
pub(super) struct List(Vec<u8>);

impl List {
    fn of(name: &str) -> Self {
        Self([b"[\"", name.as_bytes(), b"\""].concat())
    }

    fn json(&mut self, json: &[u8]) -> &mut Self {
        self.0.push(b',');
        self.0.extend_from_slice(json);
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.json(&Text::from_u64(number))
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        self.0.push(b',');
        write_string(text, &mut self.0);
        self
    }

    pub(super) fn finish(mut self) -> Text {
        self.0.push(b']');
        self.0.into()
    }
}

/// `["send", id, …]`, `["abort", id]`, `["track", id, of the plugin 1, event]`, `["settle", id, code?, status?]`,
/// `["notify", kind, detail?]` or `["log", …]`. What is saved and removed goes to the storage.
pub(super) fn list(effect: &Effect) -> List {
    match effect {
        Effect::Send(id, request) => send(*id, request),
        Effect::Abort(id) => abort(*id),
        Effect::Track(TrackId(id), to, event) => {
            let mut list = List::of("track");
            let is_plugins = u64::from(*to == Receiver::Plugin);
            list.number((*id).into()).number(is_plugins).json(event);
            list
        }
        Effect::Settle(FetchId(id), result) => {
            let mut list = List::of("settle");
            add_error(list.number((*id).into()), result.err());
            list
        }
        Effect::Notify(change) => notify(change),
        Effect::Log(level, message) => log(*level, *message),
        Effect::Save(..) | Effect::Remove(..) => List::of(""),
    }
}

fn notify(change: &Change) -> List {
    let mut list = List::of("notify");
    match change {
        Change::Variants => list.text(b"variants"),
        Change::Flags => list.text(b"flags"),
        Change::User => list.text(b"user"),
        Change::Exposure(exposure) => list.text(b"exposure").json(exposure),
        Change::Dropped(reason) => list.text(b"error").text(reason.code().as_bytes()),
    };
    list
}

/// `["send", id, method, url, headers, body?, millis, keepalive 1]`
fn send(RequestId(id): RequestId, request: &Request) -> List {
    let headers: Object = request.headers.iter().map(|(name, value)| ((*name).into(), value.into())).collect();
    let mut list = List::of("send");
    list.number(id.into()).text(request.method.as_bytes()).text(&request.url).json(&headers.to_text());
    match &request.body {
        Some(body) => list.text(body),
        None => list.json(b"null"),
    };
    list.number(request.timeout_millis).number(request.keepalive.into());
    list
}

/// `["abort", id]`
fn abort(RequestId(id): RequestId) -> List {
    let mut list = List::of("abort");
    list.number(id.into());
    list
}

/// `["log", level, sentence, code?, status?]`
fn log(level: Level, Message { text, error }: Message) -> List {
    let mut list = List::of("log");
    list.number(level as u64).text(text.as_bytes());
    add_error(&mut list, error);
    list
}

/// Adds `code?, status?`; a status of 0 is none.
fn add_error(list: &mut List, error: Option<Error>) {
    if let Some(error) = error {
        list.text(error.code().as_bytes()).number(error.status().unwrap_or_default().into());
    }
}
