//! The HTTP exchanges as plain data, used by both ends: what a client sends, what a server reads.
//!
//! Paths, headers and encodings are Amplitude's (`/sdk/v2/vardata`, `/sdk/v2/flags`). Nothing here opens a socket.

use crate::json::{Object, Text, Value};

/// The header that carries the user: base64url of its JSON.
pub const USER_HEADER: &str = "X-Amp-Exp-User";
/// The header that carries the keys of the requested flags: base64url of a JSON array.
pub const FLAG_KEYS_HEADER: &str = "X-Amp-Exp-Flag-Keys";
/// The header that says whether an assignment is tracked: `track`, `no-track` or `read-only`.
pub const TRACK_HEADER: &str = "X-Amp-Exp-Track";

/// The header that says whether the evaluation is an exposure of the user: `track`.
pub const EXPOSURE_TRACK_HEADER: &str = "X-Amp-Exp-Exposure-Track";
/// The header that names the library.
pub const LIBRARY_HEADER: &str = "X-Amp-Exp-Library";
/// The longest user that goes into a header, in bytes. Servers and proxies take headers of 8 KiB in all.
const USER_HEADER_BYTES: usize = 4_096;

/// The name and version this library gives of itself.
pub const LIBRARY: &str = concat!("experiment-wasm/", env!("CARGO_PKG_VERSION"));

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The full URL.
    pub url: Text,
    /// Names and values.
    pub headers: Vec<(&'static str, Text)>,
    /// The body of a `POST`.
    pub body: Option<Text>,
    /// Whether the request may outlive the page.
    pub keepalive: bool,
    /// After how many milliseconds the sender aborts it, as information for an HTTP client. The state machine that sends the
    /// request keeps the deadline.
    pub timeout_millis: u64,
}

/// An HTTP response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Text,
    /// The `Retry-After` header in milliseconds, where it was sent and readable.
    pub retry_after: Option<u64>,
}

/// The options of a request for variants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchOptions {
    /// Only these flags; the stored variants of all others stay.
    pub flag_keys: Option<Vec<Text>>,
    /// Whether the server tracks an assignment: `track`, `no-track`, `read-only`.
    pub tracking: Option<Text>,
}

impl FetchOptions {
    /// Reads `{"flagKeys": […], "trackingOption": "…"}`; other fields are ignored.
    pub fn from_object(options: &Object) -> Self {
        let keys = options.get("flagKeys").and_then(Value::as_array);
        Self {
            flag_keys: keys.map(|keys| keys.iter().filter_map(|key| key.as_str().cloned()).collect()),
            tracking: options.get("trackingOption").and_then(Value::as_str).cloned(),
        }
    }
}

/// The request for a user's variants. One that is too long for a header is sent as the body.
pub fn vardata_request(
    api_key: &Text,
    server_url: &Text,
    user: &Object,
    options: &FetchOptions,
    timeout_millis: u64,
) -> Request {
    let mut headers = vec![authorization(api_key)];
    let user = user.to_text();
    let header = base64url(&user);
    let body = (header.len() > USER_HEADER_BYTES).then_some(user);
    if body.is_none() {
        headers.push((USER_HEADER, header));
    }
    if let Some(keys) = &options.flag_keys {
        let keys = Value::Array(keys.iter().map(Value::from).collect());
        headers.push((FLAG_KEYS_HEADER, base64url(&keys.to_text())));
    }
    if let Some(tracking) = &options.tracking {
        headers.push((TRACK_HEADER, tracking.clone()));
    }
    request(server_url, b"/sdk/v2/vardata?v=0", headers, body, timeout_millis)
}

/// The request for a deployment's flags.
pub fn flags_request(api_key: &Text, server_url: &Text, timeout_millis: u64) -> Request {
    let headers = vec![authorization(api_key), (LIBRARY_HEADER, LIBRARY.into())];
    request(server_url, b"/sdk/v2/flags", headers, None, timeout_millis)
}

/// Reads the answer to [`vardata_request`]: evaluated variants by flag key.
pub fn read_vardata(body: &[u8]) -> Option<Object> {
    Object::parse(body)
}

/// The server's address may end with slashes.
fn request(
    server_url: &Text,
    path: &[u8],
    headers: Vec<(&'static str, Text)>,
    body: Option<Text>,
    timeout_millis: u64,
) -> Request {
    let url = Text::from(without_last(server_url, b'/')).then(path);
    let method = if body.is_some() { "POST" } else { "GET" };
    Request { method, url, headers, body, keepalive: false, timeout_millis }
}

/// A text without the bytes of this kind that it ends with.
fn without_last(text: &[u8], byte: u8) -> &[u8] {
    let mut text = text;
    while let [rest @ .., last] = text
        && *last == byte
    {
        text = rest;
    }
    text
}

fn authorization(api_key: &Text) -> (&'static str, Text) {
    ("Authorization", Text::from("Api-Key ").then(api_key))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 in the URL alphabet, without padding.
pub fn base64url(bytes: &[u8]) -> Text {
    let digit = |bits: u32| ALPHABET.get((bits & 63) as usize).copied().unwrap_or_default();
    let mut out = Vec::with_capacity(bytes.len() / 3 * 4 + 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().enumerate().fold(0, |bits, (index, byte)| bits | u32::from(*byte) << (16 - 8 * index));
        let digits = [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)];
        out.extend(digits.iter().take(chunk.len() + 1));
    }
    out.into()
}

/// Reads base64 in either alphabet, padded or not: clients send both. `None` for anything else.
pub fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = without_last(text, b'=');
    if text.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for chunk in text.chunks(4) {
        let mut bits = 0;
        for (index, byte) in chunk.iter().enumerate() {
            bits |= sextet(*byte)? << (18 - 6 * index);
        }
        let bytes = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        out.extend(bytes.iter().take(chunk.len() - 1));
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' | b'+' => 62,
        b'_' | b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn base64_reads_what_it_writes_in_either_alphabet() {
        for length in 0..40_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(97)).collect();
            assert_eq!(from_base64(&base64url(&bytes)), Some(bytes));
        }
        assert_eq!(base64url(&[0xFB, 0xFF, 0xFE]), "-__-");
        assert_eq!(from_base64(b"+//+"), Some(vec![0xFB, 0xFF, 0xFE]));
        assert_eq!(from_base64(b"YQ=="), Some(b"a".to_vec()));
        assert_eq!(from_base64(b"Y"), None);
        assert_eq!(from_base64(b"Y*=="), None);
    }

    #[test]
    fn a_request_for_variants_carries_the_user_in_a_header() {
        let user = parse(br#"{"user_id":"u"}"#).unwrap().into_object().unwrap();
        let options = FetchOptions { flag_keys: Some(vec!["a".into()]), tracking: Some("no-track".into()) };
        let request = vardata_request(&"key".into(), &"http://h".into(), &user, &options, 10);
        assert_eq!(request.url, "http://h/sdk/v2/vardata?v=0");
        let names: Vec<_> = request.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["Authorization", USER_HEADER, FLAG_KEYS_HEADER, TRACK_HEADER]);
        assert_eq!(request.headers[0].1, "Api-Key key");
    }

    fn request_for(user: &str, server_url: &str) -> Request {
        let user = parse(user.as_bytes()).unwrap().into_object().unwrap();
        vardata_request(&"key".into(), &server_url.into(), &user, &FetchOptions::default(), 10)
    }

    #[test]
    fn a_user_that_is_too_long_for_a_header_is_the_body_of_a_post_and_brings_no_other_header() {
        let landed = |length: usize| format!(r#"{{"landing_url":"{}"}}"#, "x".repeat(length));
        // 18 bytes around it: 3,072 bytes are 4,096 digits.
        let fits = request_for(&landed(3_054), "http://h");
        assert_eq!((fits.method, fits.body, fits.headers[1].1.len()), ("GET", None, USER_HEADER_BYTES));
        let long = request_for(&landed(3_055), "http://h");
        let names: Vec<_> = long.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!((long.method, names), ("POST", vec!["Authorization"]));
        assert_eq!(long.body.unwrap(), landed(3_055).as_str());
        assert_eq!(long.url, "http://h/sdk/v2/vardata?v=0");
    }

    #[test]
    fn slashes_at_the_end_of_an_address_are_not_doubled() {
        for (address, url) in [("http://h", "http://h"), ("http://h/", "http://h"), ("/proxy//", "/proxy"), ("/", "")] {
            assert_eq!(request_for("{}", address).url, format!("{url}/sdk/v2/vardata?v=0").as_str());
            assert_eq!(flags_request(&"k".into(), &address.into(), 1).url, format!("{url}/sdk/v2/flags").as_str());
        }
    }
}
