//! Requests over the global `fetch`, or over the HTTP client that the page brings.
//!
//! The global is bound, not `window`'s, so workers and Node are served too. A request whose answer is not wanted any
//! more is aborted, and its callbacks are dropped with it.

use std::rc::Weak;

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, RequestInit};

use super::driver::Driver;
use super::field::{call_method, field, set_field};
use super::text::to_js;
use crate::api::{Request, Response};
use crate::effect::RequestId;
use crate::error::Error;
use crate::json::Text;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &JsValue, init: &RequestInit) -> Result<Promise, JsValue>;
}

type Callback = Closure<dyn FnMut(JsValue)>;

/// What hears of a promise: its success and its failure.
pub(super) type Callbacks = [Callback; 2];

/// A request under way. Dropping it silences it.
pub(super) struct UnderWay {
    pub(super) id: RequestId,
    abort: Option<AbortController>,
    callbacks: Callbacks,
}

impl UnderWay {
    /// Sends a request; `driver` hears what became of it.
    pub(super) fn send(id: RequestId, request: &Request, client: &JsValue, driver: Weak<Driver>) -> Option<Self> {
        let abort = AbortController::new().ok();
        let sent = match client.is_object() {
            true => send_by_client(client, request),
            false => send_by_fetch(request, abort.as_ref()),
        };
        let callbacks = [on_response(id, driver.clone()), on_failure(id, driver)];
        let [response, failure] = &callbacks;
        let _chained = sent.ok()?.then2(response, failure);
        Some(Self { id, abort, callbacks })
    }

    /// Keeps the callbacks of the body alive and returns those of the response.
    pub(super) fn hold(&mut self, callbacks: Callbacks) -> Callbacks {
        std::mem::replace(&mut self.callbacks, callbacks)
    }

    /// Breaks the request off.
    pub(super) fn abort(self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

fn send_by_fetch(request: &Request, abort: Option<&AbortController>) -> Result<Promise, JsValue> {
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
fn send_by_client(client: &JsValue, request: &Request) -> Result<Promise, JsValue> {
    let body = request.body.as_ref().map_or(JsValue::NULL, |body| to_js(body).into());
    let timeout = JsValue::from_f64(request.timeout_millis as f64);
    let arguments: [&JsValue; 5] = [&to_js(&request.url), &request.method.into(), &headers(request), &body, &timeout];
    Ok(Promise::resolve(&call_method(client, "request", &arguments)?))
}

fn headers(request: &Request) -> JsValue {
    let headers = Object::new();
    for (name, value) in &request.headers {
        set_field(&headers, name, &to_js(value));
    }
    headers.into()
}

/// The response is there; its body may still be on the way.
fn on_response(id: RequestId, driver: Weak<Driver>) -> Callback {
    Closure::once(move |response: JsValue| {
        let status = field(&response, "status").as_f64().unwrap_or(0.0) as u16;
        let retry_after = retry_after(&field(&response, "headers"));
        // The page's HTTP client gives the body itself.
        let body = call_method(&response, "text", &[]).unwrap_or_else(|_| field(&response, "body"));
        let failure = on_failure(id, driver.clone());
        let done = on_body(id, status, retry_after, driver.clone());
        let _chained = Promise::resolve(&body).then2(&done, &failure);
        if let Some(driver) = driver.upgrade() {
            driver.hold(id, [done, failure]);
        }
    })
}

fn on_body(id: RequestId, status: u16, retry_after: Option<u64>, driver: Weak<Driver>) -> Callback {
    Closure::once(move |body: JsValue| {
        let response = Response { status, body: body.as_string().unwrap_or_default().into(), retry_after };
        if let Some(driver) = driver.upgrade() {
            driver.responded(id, Ok(response));
        }
    })
}

fn on_failure(id: RequestId, driver: Weak<Driver>) -> Callback {
    Closure::once(move |_error: JsValue| {
        if let Some(driver) = driver.upgrade() {
            driver.responded(id, Err(Error::Network));
        }
    })
}

/// `Retry-After` in milliseconds, where it is given in seconds, as every ingest endpoint known gives it.
fn retry_after(headers: &JsValue) -> Option<u64> {
    let header = call_method(headers, "get", &[&"Retry-After".into()]).ok()?.as_string()?;
    Text::from(header.as_str()).to_u64().map(|seconds| seconds.saturating_mul(1_000))
}
