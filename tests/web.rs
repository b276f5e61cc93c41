//! The browser edge in real browsers: fetch, timers, storage, and a page whose code misbehaves.
//!
//! The global `fetch` is a script, so that the tests decide what answers and when; everything else is the browser's own. Between
//! them stands the JavaScript half of the edge, as the package has it.
#![cfg(all(target_arch = "wasm32", feature = "client"))]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::rc::Rc;

use experiment_wasm::wasm::{CoreClient, CoreDelivery, Host};
use js_sys::{Array, Function, JSON, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Runs a piece of JavaScript, with `a` as its argument.
fn js_with(code: &str, argument: &JsValue) -> JsValue {
    Function::new_with_args("a", code).call1(&JsValue::UNDEFINED, argument).expect("the test's own script")
}

fn js(code: &str) -> JsValue {
    js_with(code, &JsValue::UNDEFINED)
}

/// `pkg/src/wasm/host.ts`, as `make` compiles it.
const HOST: &str = include_str!("../target/web/host.js");

/// A `HostInit`: what a client is made of; `more` overrides or adds fields. Every test has an instance name of its own, since storage is shared.
fn init(name: &str, options: &str, more: &str) -> JsValue {
    let code = format!(
        "const config = JSON.stringify({{ instanceName: '{name}', serverUrl: 'http://h', flagsServerUrl: 'http://f', ...({options}) }});
         const notified = [];
         const notify = (kind, detail) => notified.push(kind + (typeof detail === 'string' ? detail : ''));
         return {{ apiKey: 'test-key', config, survivingTexts_: new Map(), notified, notify, ...({more}) }};"
    );
    js(&code)
}

/// The page's side of the edge, over what a client is made of.
fn host(init: &JsValue) -> Host {
    js_with(&format!("{HOST} return new host.Host(a, !a.awaitsConsent)"), init).unchecked_into()
}

/// A client that gets the callbacks of its host.
fn client_of(init: &JsValue) -> Rc<CoreClient> {
    let host = host(init);
    let page = JsValue::from(&host);
    let client = Rc::new(CoreClient::new(host));
    let listener = Rc::downgrade(&client);
    listen(&page, move |kind, id, status, body, retry_after| {
        listener.upgrade().inspect(|client| client.handle_callback(kind, id, status, body, retry_after));
    });
    client
}

/// An outbox that gets the callbacks of its host.
fn delivery_of(init: &JsValue) -> Rc<CoreDelivery> {
    let host = host(init);
    let page = JsValue::from(&host);
    let delivery = Rc::new(CoreDelivery::new(host));
    let listener = Rc::downgrade(&delivery);
    listen(&page, move |kind, id, status, body, retry_after| {
        listener.upgrade().inspect(|delivery| delivery.handle_callback(kind, id, status, body, retry_after));
    });
    delivery
}

fn listen(page: &JsValue, callback: impl Fn(u32, u32, u16, String, f64) + 'static) {
    let callback = Closure::<dyn Fn(u32, u32, u16, String, f64)>::new(callback).into_js_value();
    let listen: Function = Reflect::get(page, &"setCallback_".into()).unwrap().unchecked_into();
    listen.call1(page, &callback).unwrap();
}

/// Makes `fetch` answer each path with what `routes` says: `[status, body]`, or `null` for never.
fn serve(routes: &str) -> JsValue {
    js(&format!(
        "const routes = {routes};
         const asked = globalThis.asked = [];
         globalThis.fetch = (url, init = {{}}) => {{
           const entry = {{ url, method: init.method, headers: init.headers, body: init.body, aborted: false }};
           asked.push(entry);
           return new Promise((resolve, reject) => {{
             init.signal?.addEventListener('abort', () => {{ entry.aborted = true; reject(new DOMException('', 'AbortError')); }});
             const route = routes[new URL(url).pathname];
             if (route) resolve(new Response(route[1], {{ status: route[0] }}));
           }});
         }};
         return asked;"
    ))
}

async fn settled(promise: Promise) -> Result<JsValue, JsValue> {
    wasm_bindgen_futures::JsFuture::from(promise).await
}

/// Resolves when the script says so; looked at after every turn of the event loop, so that a loop of these starves nobody.
async fn until(condition: &str, argument: &JsValue) {
    let code = format!(
        "return new Promise(done => {{ const look = () => ({condition}) ? done() : setTimeout(look, 1); setTimeout(look, 1); }})"
    );
    settled(js_with(&code, argument).unchecked_into()).await.expect("the condition can be evaluated");
}

/// What settles a promise, and the promise.
fn opened() -> JsValue {
    js(
        "const open = {}; open.promise = new Promise((resolve, reject) => Object.assign(open, { resolve, reject })); return open",
    )
}

/// Waits for the promise; an error is its code.
async fn closed(open: &JsValue) -> Result<JsValue, JsValue> {
    settled(Reflect::get(open, &"promise".into()).unwrap().unchecked_into()).await
}

async fn answered(ask: impl FnOnce(&JsValue)) -> Result<JsValue, JsValue> {
    let open = opened();
    ask(&open);
    closed(&open).await
}

async fn fetched(client: &CoreClient) -> Result<JsValue, JsValue> {
    answered(|pending| client.fetch(text(r#"{"user_id":"u"}"#), None, pending)).await
}

fn text(json: &str) -> Option<String> {
    Some(json.to_string())
}

fn key_of(client: &CoreClient, flag: &str) -> String {
    let answer = JSON::parse(&client.variant(flag, None, 1).as_string().unwrap()).expect("an answer");
    let variant = Reflect::get(&answer, &"variant".into()).unwrap();
    Reflect::get(&variant, &"key".into()).unwrap().as_string().unwrap_or_default()
}

fn notified(init: &JsValue) -> Vec<String> {
    Array::from(&Reflect::get(init, &"notified".into()).unwrap()).iter().filter_map(|kind| kind.as_string()).collect()
}

const VARDATA: &str = r#"{ '/sdk/v2/vardata': [200, '{"checkout":{"key":"treatment","value":"treatment"}}'], '/sdk/v2/flags': [200, '[]'] }"#;

#[wasm_bindgen_test]
async fn a_fetch_goes_out_with_the_user_and_comes_back_as_variants() {
    let asked = serve(VARDATA);
    let client = client_of(&init("fetches", "{}", "{}"));
    fetched(&client).await.unwrap();
    assert_eq!(key_of(&client, "checkout"), "treatment");
    let user = js_with("return atob(a[0].headers['X-Amp-Exp-User'])", &asked).as_string().unwrap();
    assert!(user.contains(r#""user_id":"u""#), "{user}");
    let stored = js("return localStorage.getItem('amp-exp-fetches-st-key')").as_string().unwrap();
    assert!(stored.contains("treatment"));
}

#[wasm_bindgen_test]
async fn starting_gets_flags_and_variants() {
    let asked = serve(VARDATA);
    let client = client_of(&init("starts", "{}", "{}"));
    answered(|pending| client.start(text(r#"{"user_id":"u"}"#), pending, false)).await.unwrap();
    assert_eq!(
        js_with("return a.map(entry => new URL(entry.url).pathname).sort().join()", &asked),
        "/sdk/v2/flags,/sdk/v2/vardata"
    );
    client.close();
}

#[wasm_bindgen_test]
async fn a_fetch_that_times_out_is_aborted_and_the_page_goes_on() {
    let asked = serve("{}");
    let options = "{ fetchTimeoutMillis: 20, retryFetchOnFailure: false }";
    let client = client_of(&init("times-out", options, "{}"));
    fetched(&client).await.unwrap();
    assert_eq!(js_with("return a[0].aborted", &asked), true);
    let throwing = client_of(&init("times-out-too", "{ fetchTimeoutMillis: 20, throwOnError: true }", "{}"));
    assert_eq!(fetched(&throwing).await.unwrap_err(), "TIMEOUT");
    throwing.close();
}

#[wasm_bindgen_test]
async fn a_failed_fetch_is_tried_again_by_a_real_timer() {
    let asked = serve("{ '/sdk/v2/vardata': [500, ''] }");
    let client = client_of(&init("retries", "{}", "{}"));
    fetched(&client).await.unwrap();
    until("a.length > 1", &asked).await;
    client.close();
}

#[wasm_bindgen_test]
async fn a_provider_that_throws_harms_nothing_and_is_offered_it_again() {
    serve(VARDATA);
    let init = init("throws", "{}", "{ calls: [], exposureTrackingProvider: null }");
    js_with(
        "a.exposureTrackingProvider = { track: (exposure) => { a.calls.push(exposure); if (a.calls.length < 2) throw new Error('no'); } }",
        &init,
    );
    let client = client_of(&init);
    fetched(&client).await.unwrap();
    assert_eq!(key_of(&client, "checkout"), "treatment");
    until("a.calls.length > 1", &init).await;
    assert_eq!(js_with("return a.calls[1].flag_key + a.calls[1].variant", &init), "checkouttreatment");
    client.close();
}

#[wasm_bindgen_test]
async fn a_provider_may_call_the_client_and_throw_out_of_that_call() {
    serve(VARDATA);
    let init = init("re-enters", "{}", "{ calls: [] }");
    js_with(
        "a.exposureTrackingProvider = (exposure) => { a.calls.push(a.variant()); a.setUser(); throw new Error('no'); }",
        &init,
    );
    let client = client_of(&init);
    let (reader, writer) = (client.clone(), client.clone());
    let variant = Closure::<dyn Fn() -> String>::new(move || reader.variant("checkout", None, 1).as_string().unwrap());
    let set_user =
        Closure::<dyn Fn()>::new(move || writer.set_user(text(r#"{"user_id":"u","user_properties":{"a":1}}"#)));
    Reflect::set(&init, &"variant".into(), variant.as_ref()).unwrap();
    Reflect::set(&init, &"setUser".into(), set_user.as_ref()).unwrap();
    fetched(&client).await.unwrap();
    assert_eq!(key_of(&client, "checkout"), "treatment");
    assert!(js_with("return a.calls.length === 1 && a.calls[0].includes('treatment')", &init).is_truthy());
    client.close();
}

#[wasm_bindgen_test]
async fn thirty_thousand_throws_later_the_client_still_answers() {
    serve(VARDATA);
    let client = client_of(&init("throws-often", "{}", "{ notify() { throw 'no'; } }"));
    // A throw that leaks its frame would end the instance at the 21,845th; Firefox needs a millisecond for each.
    for _ in 0..30_000 {
        client.clear();
    }
    assert_eq!(key_of(&client, "checkout"), "");
}

#[wasm_bindgen_test]
async fn a_promise_that_rejects_is_a_refusal() {
    serve(VARDATA);
    let init = init("rejects", "{}", "{ calls: 0 }");
    js_with("a.exposureTrackingProvider = { track: async () => { if (++a.calls < 2) throw new Error('no'); } }", &init);
    let client = client_of(&init);
    fetched(&client).await.unwrap();
    key_of(&client, "checkout");
    until("a.calls > 1", &init).await;
    client.close();
}

#[wasm_bindgen_test]
async fn storage_that_is_full_loses_nothing_on_the_page() {
    serve(VARDATA);
    js(
        "try { for (let size = 1 << 22; size >= 1; size >>= 1) for (let i = 0; i < 3; i++) try { localStorage.setItem('fill' + size + i, 'x'.repeat(size)); } catch {} } catch {}",
    );
    let client = client_of(&init("full", "{}", "{}"));
    fetched(&client).await.unwrap();
    assert_eq!(key_of(&client, "checkout"), "treatment");
    let init = js("return { apiKey: 'full', serverUrl: 'http://h/never', survivingTexts_: new Map() }");
    let delivery = delivery_of(&init);
    let is_safe = delivery.track(r#"{"event_type":"$exposure","insert_id":"full"}"#);
    assert!(!is_safe, "it would be gone with the page");
    assert!(js_with("return [...a.survivingTexts_.keys()].some(key => key.endsWith('_full'))", &init).is_truthy());
    delivery.close();
    js("Object.keys(localStorage).filter(key => key.startsWith('fill')).forEach(key => localStorage.removeItem(key))");
}

#[wasm_bindgen_test]
async fn storage_that_is_forbidden_is_no_storage() {
    serve(VARDATA);
    let own = js(
        "const own = Object.getOwnPropertyDescriptor(globalThis, 'localStorage'); Object.defineProperty(globalThis, 'localStorage', { configurable: true, get() { throw new DOMException('no', 'SecurityError'); } }); return own;",
    );
    let client = client_of(&init("forbidden", "{}", "{}"));
    fetched(&client).await.unwrap();
    assert_eq!(key_of(&client, "checkout"), "treatment");
    js_with("Object.defineProperty(globalThis, 'localStorage', a)", &own);
}

#[wasm_bindgen_test]
async fn text_survives_the_boundary_with_a_lone_surrogate() {
    serve("{ '/sdk/v2/vardata': [200, '{\"\\\\ud83d\":{\"key\":\"\\\\ud83d\",\"value\":\"v\"}}'] }");
    let init = init("surrogates", "{}", "{}");
    let client = client_of(&init);
    answered(|pending| client.fetch(text(r#"{"user_id":"\ud83d"}"#), None, pending)).await.unwrap();
    assert!(client.variant(r#""\ud83d""#, None, 0).as_string().unwrap().contains(r#""key":"\ud83d""#));
    assert_eq!(js_with("return a.survivingTexts_.get('user')", &init), r#"{"user_id":"\ud83d"}"#);
}

#[wasm_bindgen_test]
async fn what_an_instance_kept_the_next_one_knows() {
    serve("{}");
    let init = init("lost", "{}", "{}");
    let lost = client_of(&init);
    lost.start(text(r#"{"user_id":"u"}"#), &js("return { resolve() {} }"), false);
    std::mem::forget(lost);
    serve(VARDATA);
    let next = client_of(&init);
    answered(|pending| next.start(None, pending, true)).await.unwrap();
    assert_eq!(key_of(&next, "checkout"), "treatment");
    assert_eq!(js_with("return a.survivingTexts_.get('user')", &init), r#"{"user_id":"u"}"#);
    assert!(notified(&init).contains(&"variants".into()));
}

#[wasm_bindgen_test]
async fn a_plugin_is_offered_exposures_in_order_until_it_takes_them() {
    let asked = serve(VARDATA);
    let init = init("plugin", "{}", "{ calls: [], takes: false }");
    js_with("a.plugin = { track: ({ flag_key }) => (a.calls.push(flag_key), a.takes ? undefined : false) }", &init);
    let client = client_of(&init);
    client.integrate(false);
    let open = opened();
    client.fetch(text(r#"{"user_id":"u"}"#), None, &open);
    until("true", &JsValue::UNDEFINED).await;
    assert_eq!(js_with("return a.length", &asked), 0, "a fetch waits for the plugin");
    client.integrate(true);
    closed(&open).await.unwrap();
    key_of(&client, "checkout");
    assert!(js("return Object.keys(localStorage).some(key => key.startsWith('EXP_queue_v1_plugin_'))").is_truthy());
    js_with("a.takes = true", &init);
    until("a.calls.length > 1", &init).await;
    assert!(!js("return Object.keys(localStorage).some(key => key.startsWith('EXP_queue_v1_plugin_'))").is_truthy());
    assert_eq!(js("return sessionStorage.getItem('EXP_sent_v3_plugin')"), r#"{"checkout":"treatment"}"#);
    client.close();
}

#[wasm_bindgen_test]
async fn without_consent_nothing_is_stored_and_nothing_is_tracked() {
    serve(VARDATA);
    let init = init("held", "{}", "{ awaitsConsent: true, calls: [] }");
    js_with("a.exposureTrackingProvider = { track: exposure => void a.calls.push(exposure) }", &init);
    let client = client_of(&init);
    fetched(&client).await.unwrap();
    assert_eq!(key_of(&client, "checkout"), "treatment");
    assert!(js("return !Object.keys(localStorage).some(key => key.includes('-held-'))").is_truthy());
    assert_eq!(js_with("return a.calls.length", &init), 0);
    drop(client);
    let granted = client_of(&js_with("a.awaitsConsent = false; return a", &init));
    until("a.calls.length === 1", &init).await;
    assert_eq!(key_of(&granted, "checkout"), "treatment");
}

#[wasm_bindgen_test]
async fn the_outbox_sends_plain_text_and_forgets_on_the_verdict() {
    let asked = serve(r#"{ '/2/httpapi': [200, '{"verdicts":[{"insert_id":"i","verdict":"stored"}]}'] }"#);
    let init = js("return { apiKey: 'outbox', serverUrl: 'http://h/2/httpapi', survivingTexts_: new Map() }");
    let delivery = delivery_of(&init);
    assert!(delivery.track(r#"{"event_type":"$exposure","insert_id":"i"}"#));
    assert!(js("return Object.keys(localStorage).some(key => /^EXP_outbox_v1_[0-9a-f]{8}_i$/.test(key))").is_truthy());
    until("a.length > 0", &asked).await;
    assert_eq!(js_with("return a[0].headers['Content-Type']", &asked), "text/plain");
    until(
        "!Object.keys(localStorage).some(key => key.startsWith('EXP_outbox_v1_') && key.endsWith('_i'))",
        &JsValue::UNDEFINED,
    )
    .await;
}
