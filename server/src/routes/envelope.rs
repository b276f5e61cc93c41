//! The body of ingestion, read no further than it must be: the key, the sender's clock, and each event's own text.

use experiment_wasm::ingestion::moment::from_iso;
use experiment_wasm::json::{JsonError, Kind, Reader, Text};

use crate::refusal::Refusal;

/// How many events one request may have: Amplitude's limit.
pub const MOST_EVENTS: usize = 2_000;

/// The body's fields that ingestion looks at.
#[derive(Default)]
pub struct Envelope<'a> {
    pub api_key: Option<Text>,
    pub events: Option<Vec<&'a [u8]>>,
    /// The sender's clock at the upload.
    pub uploaded: Option<u64>,
}

impl<'a> Envelope<'a> {
    /// Reads the body.
    pub fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let mut envelope = Self::default();
        let mut reader = Reader::within(body, body.len()).map_err(malformed)?;
        let outcome: Result<(), Fault> = reader.object(|reader, name| envelope.field(reader, &name));
        match outcome.and_then(|()| Ok(reader.end()?)) {
            Ok(()) => Ok(envelope),
            Err(Fault::TooMany) => Err(Refusal::TooLarge),
            Err(Fault::Json(error)) => Err(malformed(error)),
        }
    }

    fn field(&mut self, reader: &mut Reader<'a>, name: &[u8]) -> Result<(), Fault> {
        match name {
            b"api_key" => self.api_key = text(reader)?,
            b"client_upload_time" => self.uploaded = moment(reader)?,
            b"events" => self.events = Some(events(reader)?),
            _ => reader.skip()?,
        }
        Ok(())
    }
}

enum Fault {
    Json(JsonError),
    TooMany,
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

fn malformed(_: JsonError) -> Refusal {
    Refusal::Malformed("The body is not what this route reads")
}

fn events<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, Fault> {
    let mut events = Vec::new();
    reader.array(|reader| {
        events.push(reader.span()?);
        if events.len() > MOST_EVENTS { Err(Fault::TooMany) } else { Ok(()) }
    })?;
    Ok(events)
}

/// A text, or nothing where something else stands: a key of another kind is a wrong key.
fn text(reader: &mut Reader<'_>) -> Result<Option<Text>, JsonError> {
    match reader.peek()? {
        Kind::String => reader.string().map(Some),
        _ => reader.skip().map(|()| None),
    }
}

/// Milliseconds since 1970, as a number or as `Date.prototype.toISOString` writes them.
fn moment(reader: &mut Reader<'_>) -> Result<Option<u64>, JsonError> {
    match reader.peek()? {
        Kind::String => reader.string().map(|text| from_iso(&text)),
        Kind::Number => reader.number().map(|digits| Text::from(digits).to_u64()),
        _ => reader.skip().map(|()| None),
    }
}
