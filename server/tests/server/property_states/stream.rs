//! Random streams of events, the same for the same seed but for the clock: who does what, when, and in which requests.

use serde_json::json;

use super::random::Random;
use super::request::{Request, Route};
use super::values::{FLAGS, changes, many};

/// How many requests are under way at once.
pub const CONNECTIONS: usize = 6;

/// Requests of each half of a stream.
const REQUESTS: usize = 24;

/// How many properties each user has from the beginning. There are more users than these, with none.
const NUMBERED: [usize; 2] = [300, 20];

const USERS: [&str; 5] = ["alice", "robin", "Zoë ключ", "ca'r\"ol", "casey"];

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

/// Clocks that are off: by an upload that took long, and by more.
const SKEWS: [i64; 4] = [-20_000, 45_000, -3 * 3_600_000, 2 * 86_400_000];

/// An event: JSON texts by field.
#[derive(Clone)]
struct Event {
    fields: Vec<(&'static str, String)>,
    is_identification: bool,
    numbered: usize,
}

/// What a seed makes.
pub struct Stream {
    random: Random,
    seed: u64,
    now: u64,
    number: usize,
    /// What may be sent again, of each project.
    past: [Vec<Event>; 2],
}

impl Stream {
    pub fn new(seed: u64, now: u64) -> Self {
        Self { random: Random::new(seed), seed, now, number: 0, past: [Vec::new(), Vec::new()] }
    }

    /// What gives the users their properties, some of them before they log in.
    pub fn beginning(&mut self) -> Vec<Vec<Request>> {
        (0..2).map(|project| vec![self.large_users(project)]).collect()
    }

    /// Requests of each connection.
    pub fn half(&mut self) -> Vec<Vec<Request>> {
        let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| Vec::new()).collect();
        for number in 0..REQUESTS {
            let request = self.request();
            connections[number % CONNECTIONS].push(request);
        }
        connections
    }

    fn large_users(&mut self, project: usize) -> Request {
        let large = NUMBERED.iter().enumerate().map(|(user, count)| {
            let id = if self.random.percent(50) { "user_id" } else { "device_id" };
            let value = if id == "user_id" { self.user(user) } else { self.device(user) };
            let properties = many(&mut self.random, *count);
            format!(r#"{{"event_type":"$identify",{}:{},"user_properties":{properties}}}"#, json!(id), json!(value))
        });
        let events = large.collect();
        Request { project, route: Route::Batch, uploaded: None, events }
    }

    fn request(&mut self) -> Request {
        let project = usize::from(self.random.percent(15));
        let route = [Route::HttpApi, Route::Batch, Route::Identify][self.random.below(3)];
        let skew = self.random.percent(25).then(|| SKEWS[self.random.below(SKEWS.len())]);
        let skew = skew.filter(|_| route != Route::Identify);
        let count = if self.random.percent(10) { 20 } else { 1 + self.random.below(6) };
        let mut events: Vec<_> = (0..count).map(|_| self.next_event(project, route, skew.unwrap_or(0))).collect();
        if self.random.percent(10) {
            // It is refused, and has an index.
            events.insert(0, r#"{"event_type":"Buy"}"#.to_owned());
        }
        Request { project, route, uploaded: skew.map(|skew| self.now.strict_add_signed(skew)), events }
    }

    fn next_event(&mut self, project: usize, route: Route, skew: i64) -> String {
        self.number += 1;
        let is_identification = route == Route::Identify;
        let again = self.random.percent(8).then(|| self.again(project, is_identification)).flatten();
        let event = again.unwrap_or_else(|| self.event(is_identification, skew));
        let text = event.fields.iter().map(|(name, value)| format!("{}:{value}", json!(name)));
        let text = format!("{{{}}}", text.collect::<Vec<_>>().join(","));
        self.past[project].push(event);
        text
    }

    /// An event with the ids, the type and the variant of one before: where it has an insert id, it changes nothing.
    fn again(&mut self, project: usize, is_identification: bool) -> Option<Event> {
        let past: Vec<_> = self.past[project].iter().filter(|one| one.is_identification == is_identification).collect();
        let mut event = past.get(self.random.below(past.len().max(1))).copied()?.clone();
        event.fields.retain(|(name, _)| *name != "user_properties");
        event.fields.push(("user_properties", changes(&mut self.random, event.numbered)));
        Some(event)
    }

    fn event(&mut self, is_identification: bool, skew: i64) -> Event {
        let (user, mut fields) = self.ids();
        let numbered = NUMBERED.get(user).copied().unwrap_or(0);
        if self.random.percent(85) {
            fields.push(("insert_id", json!(format!("{}-{}", self.seed, self.number)).to_string()));
        }
        if let Some(time) = self.time() {
            fields.push(("time", time.strict_add_signed(skew).to_string()));
        }
        let kind = self.random.below(10);
        match kind {
            _ if is_identification => {}
            0..=3 => fields.extend(self.exposure()),
            4 => fields.push(("event_type", r#""[Experiment] Assignment""#.to_owned())),
            _ => fields.push(("event_type", r#""Buy""#.to_owned())),
        }
        if is_identification || self.random.percent(if kind < 5 { 25 } else { 70 }) {
            fields.push(("user_properties", changes(&mut self.random, numbered)));
        }
        if self.random.percent(10) {
            let skips = self.random.pick(&["true", "true", "true", "false", "1"]);
            fields.push(("$skip_user_properties_sync", skips.to_owned()));
        }
        Event { fields, is_identification, numbered }
    }

    /// Whose an event is: each device has a user of its own, and now and then another one. New devices come all the
    /// time.
    fn ids(&mut self) -> (usize, Vec<(&'static str, String)>) {
        let device = self.random.below(4 + self.number / 10);
        let other = self.random.percent(12);
        let user = if other { self.random.below(USERS.len()) } else { device % USERS.len() };
        let (with_user, with_device) = [(false, true), (true, true), (true, false)][self.random.below(3)];
        let mut fields = Vec::new();
        if with_user {
            fields.push(("user_id", json!(self.user(user)).to_string()));
        }
        if with_device {
            fields.push(("device_id", json!(self.device(device)).to_string()));
        }
        (user, fields)
    }

    fn user(&self, user: usize) -> String {
        format!("user-{}-{}", self.seed, USERS[user])
    }

    fn device(&self, device: usize) -> String {
        format!("device-{}-{device}", self.seed)
    }

    /// Most events come in order, some late, some at one time; some say no time, and some one that has not come yet.
    fn time(&mut self) -> Option<u64> {
        let (start, number) = (self.now - 3 * HOUR, self.number as u64);
        let earlier = self.random.below(self.number) as u64;
        match self.random.below(20) {
            0 => None,
            1 => Some(self.now + 24 * HOUR),
            2 => Some(start - HOUR + earlier),
            3..=6 => Some(start + earlier * SECOND),
            7..=8 => Some(start + number / 20 * SECOND),
            _ => Some(start + number * SECOND),
        }
    }

    fn exposure(&mut self) -> [(&'static str, String); 2] {
        let event_type = self.random.pick(&["$exposure", "$exposure", "[Experiment] Exposure", "$impression"]);
        let (flag, variant) = if self.random.percent(80) {
            ("flag_key", "variant")
        } else {
            ("[Experiment] Flag Key", "[Experiment] Variant")
        };
        let mut said = format!("{}:{}", json!(flag), json!(self.random.pick(&FLAGS)));
        match self.random.pick(&["\"on\"", "\"off\"", "\"on\"", "null", "\"\"", "true", "3.0", "none"]) {
            "none" => {}
            value => said += &format!(",{}:{value}", json!(variant)),
        }
        if self.random.percent(12) {
            said += r#","metadata":{"flagType":"mutual-exclusion-group"}"#;
        }
        [("event_type", json!(event_type).to_string()), ("event_properties", format!("{{{said}}}"))]
    }
}
