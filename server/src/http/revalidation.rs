//! Answers that a client may have already: `ETag`, `If-None-Match` and 304, and the codings of their bytes.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::memory_budget::Permit;
use crate::compression::{Coding, Effort, MOST_BYTES};
use crate::shared_answer::{SharedAnswer, tag};

/// How a client wants an answer.
pub struct Wanted {
    coding: Option<Coding>,
    /// What it has already; only of `GET` and `HEAD`.
    known: Vec<HeaderValue>,
}

impl Wanted {
    /// As its headers say.
    pub fn of(method: &Method, headers: &HeaderMap) -> Self {
        let may_know = *method == Method::GET || *method == Method::HEAD;
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter(|_| may_know).cloned();
        Self { coding: Coding::accepted(headers), known: known.collect() }
    }

    /// The answer: JSON that was made for this reader.
    pub fn answer(&self, bytes: Bytes, permit: Option<Permit>) -> Response {
        let tag = tag(&bytes);
        if self.has(&tag) {
            return unchanged(tag);
        }
        let coding = self.coding.filter(|_| bytes.len() <= MOST_BYTES);
        let compressed = coding.and_then(|coding| Some((coding, coding.compressed(&bytes, Effort::Little)?)));
        match compressed {
            Some((coding, bytes)) => response(tag, Some(coding), held(bytes, permit)),
            None => response(tag, None, held(bytes, permit)),
        }
    }

    /// The answer: JSON that was made for all readers.
    pub fn shared(&self, answer: &SharedAnswer) -> Response {
        let tag = answer.tag.clone();
        if self.has(&tag) {
            return unchanged(tag);
        }
        let (coding, bytes) = answer.bytes(self.coding);
        response(tag, coding, bytes)
    }

    fn has(&self, tag: &HeaderValue) -> bool {
        let strong = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
        let own = strong(tag.as_bytes());
        let all = self.known.iter().flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
        all.map(<[u8]>::trim_ascii).any(|known| known == b"*" || strong(known) == own)
    }
}

/// Bytes, and their room until they have left.
struct Held {
    bytes: Bytes,
    _permit: Option<Permit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn held(bytes: Bytes, permit: Option<Permit>) -> Bytes {
    if permit.is_none() { bytes } else { Bytes::from_owner(Held { bytes, _permit: permit }) }
}

fn response(tag: HeaderValue, coding: Option<Coding>, bytes: Bytes) -> Response {
    let mut response = super::response::json_text(StatusCode::OK, Body::from(bytes));
    tagged(response.headers_mut(), tag);
    if let Some(coding) = coding {
        response.headers_mut().insert(header::CONTENT_ENCODING, coding.header());
    }
    response
}

fn unchanged(tag: HeaderValue) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    let (name, value) = super::response::NO_STORE;
    response.headers_mut().insert(name, value);
    tagged(response.headers_mut(), tag);
    response
}

fn tagged(headers: &mut HeaderMap, tag: HeaderValue) {
    headers.insert(header::ETAG, tag);
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_an_answer_is_told_so() {
        let status = |method: &Method, known: &str| {
            let known = HeaderValue::from_str(known).unwrap();
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, known)]);
            Wanted::of(method, &headers).answer(Bytes::from_static(b"[]"), None).status().as_u16()
        };
        let own = tag(b"[]").to_str().unwrap().to_owned();
        let strong = own.strip_prefix("W/").unwrap().to_owned();
        for known in [own.clone(), strong, "*".to_owned(), format!("\"other\", {own}"), format!("W/\"a\",{own} ,\"b\"")]
        {
            assert_eq!(
                [Method::GET, Method::HEAD, Method::POST].map(|method| status(&method, &known)),
                [304, 304, 200]
            );
        }
        for known in ["\"other\"", "", "W/", own.trim_end_matches('"')] {
            assert_eq!(status(&Method::GET, known), 200, "{known}");
        }
    }
}
