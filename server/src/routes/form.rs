//! The form of `/identify`: a key and identifications, each of which is an event that only changes properties.

use axum::http::{HeaderMap, header};

use super::envelope::Envelope;
use crate::http::refusal::Refusal;
use crate::http::urlencoded::fields;

/// The fields of the form that are looked at, unescaped: bytes, as other bodies are.
#[derive(Default)]
pub struct Form {
    api_key: Option<Vec<u8>>,
    identification: Vec<u8>,
    options: Option<Vec<u8>>,
}

impl Form {
    /// Reads a body of `x-www-form-urlencoded`.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes()).unwrap_or_default();
        if kind.starts_with(b"multipart/") {
            return Err(Refusal::Malformed("The body is not x-www-form-urlencoded"));
        }
        let mut form = Self::default();
        for (name, value) in fields(body) {
            match name.as_slice() {
                b"api_key" => form.api_key = Some(value),
                b"identification" => form.identification = value,
                b"options" => form.options = Some(value),
                _ => {}
            }
        }
        Ok(form)
    }

    /// The form as the other routes have it in JSON.
    pub fn envelope(&self) -> Result<Envelope<'_>, Refusal> {
        Envelope::of_identifications(self.api_key.as_deref(), &self.identification, self.options.as_deref())
    }
}
