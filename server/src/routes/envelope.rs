//! The body of ingestion, read only as far as needed: the key, the sender's clock, and the text of each event.

use experiment_ingestion::MIN_ID_LENGTH;
use experiment_ingestion::time::{from_iso, whole};
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::json::{JsonError, Kind, Reader, Text, Value, parse};

use crate::http::refusal::Refusal;

/// How many events one request may have: Amplitude's limit.
pub const MOST_EVENTS: usize = 2_000;

/// The body's fields that ingestion looks at.
#[derive(Default)]
pub struct Envelope<'a> {
    pub api_key: Option<Text>,
    pub events: Option<Vec<&'a [u8]>>,
    /// What every event is, where the route says it.
    pub event_type: Option<&'static str>,
    /// The sender's clock at the upload.
    pub uploaded: Option<u64>,
    options: Option<&'a [u8]>,
}

impl<'a> Envelope<'a> {
    /// Reads the body.
    pub fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Err(Refusal::Malformed("Missing request body"));
        }
        let mut envelope = Self::default();
        let mut reader = Reader::within(body, body.len());
        let mut fields = reader.begin_object();
        while reader.next_field(&mut fields, 0, &["api_key", "client_upload_time", "events", "options"]) {
            match fields.index {
                0 => envelope.api_key = text(&mut reader),
                1 => envelope.uploaded = moment(&mut reader),
                2 => envelope.events = Some(events(&mut reader)?),
                3 => envelope.options = Some(reader.read_raw()),
                _ => reader.skip(),
            }
        }
        reader.finish().map_err(malformed)?;
        Ok(envelope)
    }

    /// Reads identifications: one object, or a list of them.
    pub fn of_identifications(key: Option<&[u8]>, sent: &'a [u8], options: Option<&'a [u8]>) -> Result<Self, Refusal> {
        let mut reader = Reader::within(sent, sent.len());
        let events = if reader.peek() == Kind::Array { events(&mut reader)? } else { vec![reader.read_raw()] };
        // Amplitude's word for identifications that are missing or cannot be read.
        let missing = Refusal::Malformed("missing_event");
        reader.finish().map_err(|_| missing)?;
        if events.is_empty() {
            return Err(missing);
        }
        let api_key = key.map(Text::from);
        Ok(Self { api_key, events: Some(events), event_type: Some("$identify"), uploaded: None, options })
    }

    /// How many characters an id must have: what the request asks for, or Amplitude's number.
    pub fn min_id_length(&self) -> Result<usize, Refusal> {
        let Some(options) = self.options else { return Ok(MIN_ID_LENGTH) };
        let wrong = Refusal::Malformed("The option min_id_length is no whole number");
        let options = parse(options).map_err(|_| wrong)?;
        match options.as_object().and_then(|options| options.get("min_id_length")) {
            None | Some(Value::Null) => Ok(MIN_ID_LENGTH),
            Some(Value::Number(digits)) => {
                whole(digits, &NativeDialect).and_then(|length| length.try_into().ok()).ok_or(wrong)
            }
            Some(_) => Err(wrong),
        }
    }
}

fn malformed(_: JsonError) -> Refusal {
    // Amplitude's words.
    Refusal::Malformed("Invalid JSON request body")
}

fn events<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, Refusal> {
    let mut events = Vec::new();
    reader.begin_list();
    while reader.next_item() {
        events.push(reader.read_raw());
        if events.len() > MOST_EVENTS {
            return Err(Refusal::TooLarge);
        }
    }
    Ok(events)
}

/// A text, or nothing where something else stands: a key of another kind is a wrong key.
fn text(reader: &mut Reader<'_>) -> Option<Text> {
    if reader.peek() == Kind::String {
        return Some(reader.read_string());
    }
    reader.skip();
    None
}

/// Milliseconds since 1970, as a number or as `Date.prototype.toISOString` writes them.
fn moment(reader: &mut Reader<'_>) -> Option<u64> {
    match reader.peek() {
        Kind::String => from_iso(&reader.read_string()),
        Kind::Number => whole(reader.read_number(), &NativeDialect),
        _ => {
            reader.skip();
            None
        }
    }
}
