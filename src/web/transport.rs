//! Requests over the global `fetch`, or over the HTTP client that the page brings.
//!
//! The global is bound, not `window`'s, so workers and Node are served too. A request whose answer is not wanted any
//! more is aborted.

use js_sys::Object;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, RequestInit};

use super::clock::now;
use super::field::{call_method, field, set_field};
use super::text::to_js;
use crate::api::Request;
use crate::effect::RequestId;
use crate::json::Text;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &JsValue, init: &RequestInit) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = Date, js_name = parse)]
    fn date(text: &str) -> f64;
}

/// A request under way, and what the head of its response said.
pub(super) struct UnderWay {
    pub(super) id: RequestId,
    pub(super) status: u16,
    pub(super) retry_after: Option<u64>,
    abort: Option<AbortController>,
}

impl UnderWay {
    pub(super) fn read_head(&mut self, response: &JsValue) {
        self.status = field(response, "status").as_f64().unwrap_or(0.0) as u16;
        self.retry_after = retry_after(&field(response, "headers"));
    }

    /// Breaks the request off.
    pub(super) fn abort(self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

/// Sends a request.
///
/// # Errors
/// What the page's HTTP client or `fetch` throws.
pub(super) fn send(id: RequestId, request: &Request, client: &JsValue) -> Result<(JsValue, UnderWay), JsValue> {
    let abort = AbortController::new().ok();
    let promise = match client.is_object() {
        true => send_by_client(client, request),
        false => send_by_fetch(request, abort.as_ref()),
    }?;
    Ok((promise, UnderWay { id, status: 0, retry_after: None, abort }))
}

fn send_by_fetch(request: &Request, abort: Option<&AbortController>) -> Result<JsValue, JsValue> {
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_headers(&headers(request));
    if let Some(body) = &request.body {
        init.set_body(&to_js(body));
    }
    if let Some(abort) = abort {
        init.set_signal(Some(&abort.signal()));
    }
    if request.keepalive {
        set_field(&init, "keepalive", &JsValue::TRUE);
    }
    fetch(&to_js(&request.url), &init)
}

/// The reference's `HttpClient`: `request(url, method, headers, data, timeoutMillis)`, a promise of `{status, body}`.
fn send_by_client(client: &JsValue, request: &Request) -> Result<JsValue, JsValue> {
    let body = request.body.as_ref().map_or(JsValue::NULL, |body| to_js(body).into());
    let timeout = JsValue::from_f64(request.timeout_millis as f64);
    let arguments: [&JsValue; 5] = [&to_js(&request.url), &request.method.into(), &headers(request), &body, &timeout];
    call_method(client, "request", &arguments)
}

fn headers(request: &Request) -> JsValue {
    let headers = Object::new();
    for (name, value) in &request.headers {
        set_field(&headers, name, &to_js(value));
    }
    headers.into()
}

/// `Retry-After` in milliseconds: it is given in seconds, or as a date.
fn retry_after(headers: &JsValue) -> Option<u64> {
    let header = call_method(headers, "get", &[&"Retry-After".into()]).ok()?.as_string()?;
    match Text::from(header.as_str()).to_u64() {
        Some(seconds) => Some(seconds.saturating_mul(1_000)),
        // What is no date is no number, and 0 here.
        None => Some((date(&header) as u64).saturating_sub(now().wall)).filter(|wait| *wait > 0),
    }
}
