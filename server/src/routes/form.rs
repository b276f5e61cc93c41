//! The form of `/identify`: a key and identifications, each of which is an event that only changes properties.

use axum::http::{HeaderMap, header};

use super::envelope::Envelope;
use crate::refusal::Refusal;

/// The fields of the form that are looked at, unescaped.
#[derive(Default)]
pub struct Form {
    api_key: Option<String>,
    identification: String,
    options: Option<String>,
}

impl Form {
    /// Reads a body of `x-www-form-urlencoded`.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes()).unwrap_or_default();
        if kind.starts_with(b"multipart/") {
            return Err(Refusal::Malformed("The body is not x-www-form-urlencoded"));
        }
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "api_key" => form.api_key = Some(value.into_owned()),
                "identification" => form.identification = value.into_owned(),
                "options" => form.options = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(form)
    }

    /// The form as the other routes have it in JSON.
    pub fn envelope(&self) -> Result<Envelope<'_>, Refusal> {
        let key = self.api_key.as_deref();
        Envelope::of_identifications(key, self.identification.as_bytes(), self.options.as_deref().map(str::as_bytes))
    }
}
