//! What `glue.test.mjs` runs: the ways by which JavaScript enters this wasm, each able to trap. It leaves every rule of the SDK out.
#![cfg(target_arch = "wasm32")]
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub type Page;
    #[wasm_bindgen(method, catch)]
    fn track(this: &Page, event: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getUser)]
    fn get_user(this: &Page) -> Result<String, JsValue>;
    #[wasm_bindgen(method)]
    fn note(this: &Page, text: &str);
}

type Callback = Closure<dyn FnMut(JsValue)>;

#[wasm_bindgen]
pub struct Machine {
    page: Rc<Page>,
    count: Rc<Cell<u32>>,
    timers: RefCell<Vec<Timeout>>,
    callbacks: RefCell<Vec<Callback>>,
}

#[wasm_bindgen]
impl Machine {
    #[wasm_bindgen(constructor)]
    pub fn new(page: Page) -> Machine {
        Machine { page: Rc::new(page), count: Rc::default(), timers: RefCell::default(), callbacks: RefCell::default() }
    }

    pub fn count(&self) -> u32 {
        self.count.get()
    }

    #[wasm_bindgen(js_name = trapNow)]
    pub fn trap_now(&self) {
        trap();
    }

    #[wasm_bindgen(js_name = countAfter)]
    pub fn count_after(&self, millis: u32) {
        let count = Rc::clone(&self.count);
        self.timers.borrow_mut().push(Timeout::new(millis, move || count.set(count.get() + 1)));
    }

    #[wasm_bindgen(js_name = trapAfter)]
    pub fn trap_after(&self, millis: u32) {
        self.timers.borrow_mut().push(Timeout::new(millis, trap));
    }

    #[wasm_bindgen(js_name = noteAfter)]
    pub fn note_after(&self, millis: u32) {
        let page = Rc::clone(&self.page);
        self.timers.borrow_mut().push(Timeout::new(millis, move || page.note("timer")));
    }

    #[wasm_bindgen(js_name = countWhen)]
    pub fn count_when(&self, promise: &Promise) -> Promise {
        let count = Rc::clone(&self.count);
        let callback = Closure::new(move |_| count.set(count.get() + 1));
        let settled = promise.then(&callback);
        self.callbacks.borrow_mut().push(callback);
        settled.unchecked_into()
    }

    #[wasm_bindgen(js_name = dropCallbacks)]
    pub fn drop_callbacks(&self) {
        self.callbacks.borrow_mut().clear();
    }

    /// A listener that allocates for its argument before Rust sees it.
    pub fn listener(&self) -> JsValue {
        let count = Rc::clone(&self.count);
        Closure::<dyn Fn(String)>::new(move |text: String| count.set(count.get() + text.len() as u32)).into_js_value()
    }

    /// A frame that stays on the stack while the page's code runs: `track`, then two more calls out.
    pub fn deliver(&self, event: &str) -> String {
        let tracked = self.page.track(event).is_ok();
        self.page.note(if tracked { "tracked" } else { "refused" });
        self.page.get_user().unwrap_or_default()
    }

    /// Asks for text, which the glue writes into the memory of the instance that asked.
    pub fn user(&self) -> String {
        self.page.get_user().unwrap_or_default()
    }
}

fn trap() {
    std::process::abort();
}
