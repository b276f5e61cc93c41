//! A request of each route, as it is sent and as the server reads its events.

use experiment_wasm::json::{Value, parse};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Route {
    HttpApi,
    Batch,
    Identify,
}

/// A request, not sent yet.
pub struct Request {
    /// The index of its project.
    pub project: usize,
    pub route: Route,
    /// The sender's clock.
    pub uploaded: Option<u64>,
    /// JSON texts.
    pub events: Vec<String>,
}

impl Request {
    /// The path and the body.
    pub fn written(&self, key: &str) -> (&'static str, String) {
        let events = format!("[{}]", self.events.join(","));
        let uploaded = self.uploaded.map_or(String::new(), |at| format!(r#","client_upload_time":{at}"#));
        let json = || format!(r#"{{"api_key":"{key}"{uploaded},"events":{events}}}"#);
        match self.route {
            Route::HttpApi => ("/2/httpapi", json()),
            Route::Batch => ("/batch", json()),
            Route::Identify => {
                let escaped = events.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
                ("/identify", format!("api_key={key}&identification={escaped}"))
            }
        }
    }

    /// An event as the route has it: identifications come without a type.
    pub fn event(&self, text: &str) -> Value {
        let mut event = parse(text.as_bytes()).unwrap();
        if self.route == Route::Identify {
            event.as_object_mut().unwrap().set("event_type", "$identify");
        }
        event
    }
}
