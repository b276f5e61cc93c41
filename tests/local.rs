//! Timelines of local evaluation: what is answered, asked for and told, on a clock that the test moves.
#![cfg(all(feature = "native", not(target_arch = "wasm32")))]
#![allow(unreachable_pub, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use experiment_wasm::api::Response;
use experiment_wasm::dialect::NativeDialect;
use experiment_wasm::effect::{Change, DropReason, Effect, FetchId, Receiver, RequestId, TrackId};
use experiment_wasm::error::Error;
use experiment_wasm::exposure::Tracking;
use experiment_wasm::json::{Object, Text, Value, parse};
use experiment_wasm::local::{Config, LocalEvaluation};
use experiment_wasm::machine::Machine;
use experiment_wasm::storage::{Area, Storage};
use experiment_wasm::time::{DAY_MILLIS, Now};

/// `plan`: `on` for those who have the plan `pro`, else `off`, which is the default. `rest` has no variant for anybody.
const FLAGS: &str = r#"[
    {"key":"plan","metadata":{"flagVersion":3},"variants":{"on":{"key":"on","value":{"b":1.0,"1":2}},"off":{"key":"control","metadata":{"default":true}}},
     "segments":[{"metadata":{"segmentName":"Pros"},"conditions":[[{"selector":["context","user","user_properties","plan"],"op":"is","values":["pro"]}]],"variant":"on"},{"variant":"off"}]},
    {"key":"rest","variants":{},"segments":[]}
]"#;

const EIGHT_IN_THE_EVENING: u64 = 20_000 * DAY_MILLIS + 20 * 3_600_000;

/// What the page keeps for an instance that takes over.
#[derive(Default)]
struct Page(Vec<(Text, Text)>);

impl Page {
    fn remove(&mut self, key: &[u8]) {
        self.0.retain(|(known, _)| **known != *key);
    }
}

impl Storage for Page {
    fn read(&self, _: Area, key: &[u8]) -> Option<Text> {
        self.0.iter().find(|(known, _)| **known == *key).map(|(_, text)| text.clone())
    }

    fn entries(&self, _: Area, prefix: &[u8]) -> Object {
        let ours = self.0.iter().filter(|(key, _)| key.starts_with(prefix));
        ours.map(|(key, text)| (key.clone(), Value::from(text))).collect()
    }
}

struct Service {
    local: LocalEvaluation<NativeDialect>,
    now: Now,
    page: Page,
    /// What it wanted done, but for what is kept on the page.
    effects: Vec<Effect>,
    /// The answer of the provider.
    tracking: Tracking,
}

impl Service {
    fn new() -> Self {
        Self::of(Config::new("server-key", "http://h"))
    }

    fn of(config: Config) -> Self {
        let mut local = LocalEvaluation::new(NativeDialect, config);
        local.set_flags(FLAGS.as_bytes()).unwrap();
        let now = Now { wall: EIGHT_IN_THE_EVENING, mono: 0 };
        let mut service = Self { local, now, page: Page::default(), effects: Vec::new(), tracking: Tracking::Taken };
        service.perform();
        service
    }

    /// The one that takes over from an instance that was lost.
    fn restored(page: Page) -> Self {
        let now = Now { wall: EIGHT_IN_THE_EVENING, mono: 0 };
        let local = LocalEvaluation::new(NativeDialect, Config::new("server-key", "http://h")).restored(&page, now);
        let mut service = Self { local, now, page, effects: Vec::new(), tracking: Tracking::Taken };
        service.perform();
        service
    }

    fn evaluate(&mut self, user: &str) -> Object {
        self.evaluate_of(user, None)
    }

    fn evaluate_of(&mut self, user: &str, keys: Option<&[&str]>) -> Object {
        let user = parse(user.as_bytes()).unwrap().into_object().unwrap();
        let keys: Option<Vec<Text>> = keys.map(|keys| keys.iter().map(|key| (*key).into()).collect());
        let variants = self.local.evaluate(&user, keys.as_deref(), self.now);
        self.perform();
        variants
    }

    fn perform(&mut self) {
        while let Some(effect) = self.local.poll_effect() {
            match effect {
                Effect::Save(_, key, text) => {
                    self.page.remove(&key);
                    self.page.0.push((key, text));
                    continue;
                }
                Effect::Remove(_, key) => {
                    self.page.remove(&key);
                    continue;
                }
                Effect::Track(id, ..) => self.local.handle_tracked(id, self.tracking, self.now),
                _ => {}
            }
            self.effects.push(effect);
        }
    }

    fn pass(&mut self, millis: u64) {
        self.now.wall += millis;
        self.now.mono += millis;
        self.local.handle_timeout(self.now);
        self.perform();
    }

    /// Lets time pass until something is due, and says how long that was.
    fn wait(&mut self) -> Option<u64> {
        let wait = self.local.next_timeout()?.saturating_sub(self.now.mono);
        self.pass(wait);
        Some(wait)
    }

    /// Says whether its flags are others from now on.
    fn respond(&mut self, id: u32, result: Result<(u16, &str), Error>) -> bool {
        self.page.remove(b"flags");
        let result = result.map(|(status, body)| Response { status, body: body.into(), retry_after: None });
        self.local.handle_response(RequestId(id), result, self.now);
        self.perform();
        self.page.read(Area::Page, b"flags").is_some()
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The events that were told since the last call.
    fn told(&mut self) -> Vec<Object> {
        told_of(&self.effects())
    }

    fn told_ids(&mut self) -> Vec<String> {
        let id = |event: &Object| event.get("insert_id").unwrap().as_str().unwrap().to_string();
        self.told().iter().map(id).collect()
    }
}

/// A provider that answers later.
fn patient() -> Service {
    Service { tracking: Tracking::Pending, ..Service::new() }
}

fn told_of(effects: &[Effect]) -> Vec<Object> {
    let event = |effect: &Effect| match effect {
        Effect::Track(_, Receiver::Provider, event) => Some(parse(event).unwrap().into_object().unwrap()),
        _ => None,
    };
    effects.iter().filter_map(event).collect()
}

fn sent(effects: &[Effect]) -> Vec<u32> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Send(RequestId(id), _) = effect { Some(*id) } else { None })
        .collect()
}

fn settled(effects: &[Effect]) -> Vec<Result<(), Error>> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Settle(_, result) = effect { Some(*result) } else { None })
        .collect()
}

#[test]
fn an_assignment_names_each_flag_and_where_it_happened() {
    let environment = Some("production".into());
    let mut service = Service::of(Config { environment, ..Config::new("k", "http://h") });
    service.evaluate(r#"{"user_id":"u","device_id":"d","user_properties":{"plan":"pro"}}"#);
    let told = service.told();
    let [event] = &told[..] else { panic!("{told:?}") };
    let id = event.get("insert_id").unwrap().to_json();
    let expected = concat!(
        r#"{"event_type":"[Experiment] Assignment","user_id":"u","device_id":"d","time":1728072000000,"insert_id":"#,
        "ID",
        r#","event_properties":{"[Experiment] plan.variant":"on","[Experiment] plan.details":"v3 rule:Pros","#,
        r#""[Experiment] rest.variant":"off","[Experiment] Environment Name":"production"},"#,
        r#""user_properties":{"$set":{"[Experiment] plan":"on"},"$unset":{"[Experiment] rest":"-"}}}"#
    );
    assert_eq!(event.to_json(), expected.replace("ID", &id));
}

#[test]
fn a_value_that_is_no_text_is_its_json_as_javascript_writes_it() {
    let mut service = Service::new();
    let variants = service.evaluate(r#"{"user_id":"u","user_properties":{"plan":"pro"}}"#);
    let variant = variants.get("plan").unwrap().as_object().unwrap();
    assert_eq!(variant.get("value").unwrap().as_str().unwrap(), &r#"{"1":2,"b":1}"#);
    assert_eq!(variants.len(), 1);
}

#[test]
fn assignment_once_a_day_and_again_for_another_result() {
    let mut service = Service::new();
    let (free, pro) = (r#"{"user_id":"u"}"#, r#"{"user_id":"u","user_properties":{"plan":"pro"}}"#);
    for _ in 0..3 {
        service.evaluate(free);
    }
    let first = service.told_ids();
    assert_eq!(first.len(), 1);
    service.evaluate(pro);
    service.evaluate(free);
    let second = service.told_ids();
    assert_eq!(second.len(), 1, "the first result was told today");
    assert_ne!(first, second);
    service.pass(4 * 3_600_000 - 1);
    service.evaluate(free);
    assert_eq!(service.told_ids(), [""; 0], "a millisecond before midnight, UTC");
    service.pass(1);
    service.evaluate(free);
    service.evaluate(free);
    let third = service.told_ids();
    assert_eq!(third.len(), 1);
    assert_ne!(first, third);
}

#[test]
fn a_restart_and_another_process_tell_the_same_id() {
    let (mut here, mut there) = (Service::new(), Service::new());
    there.pass(3_600_000);
    for user in [r#"{"user_id":"u"}"#, r#"{"device_id":"u"}"#, r#"{"user_id":"u","device_id":"u"}"#] {
        here.evaluate(user);
        there.evaluate(user);
    }
    let ids = here.told_ids();
    assert_eq!(ids, there.told_ids());
    let different: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), 3);
}

#[test]
fn nobody_is_assigned_nothing_and_without_a_provider_nothing_is_told() {
    let mut service = Service::new();
    service.evaluate(r#"{"user_id":"","user_properties":{"plan":"pro"}}"#);
    service.evaluate_of(r#"{"user_id":"u"}"#, Some(&[]));
    service.evaluate_of(r#"{"user_id":"u"}"#, Some(&["unknown"]));
    service.local.set_flags(b"[]").unwrap();
    service.evaluate(r#"{"user_id":"u"}"#);
    assert!(service.told().is_empty());
    let mut silent = Service::of(Config { tracks_assignments: false, ..Config::new("k", "http://h") });
    assert_eq!(silent.evaluate(r#"{"user_id":"u"}"#).len(), 1);
    assert!(silent.told().is_empty());
}

#[test]
fn only_what_was_asked_for_is_told() {
    let mut service = Service::new();
    service.evaluate_of(r#"{"user_id":"u"}"#, Some(&["rest", "rest"]));
    let told = service.told();
    assert_eq!(told[0].get("event_properties").unwrap().to_json(), r#"{"[Experiment] rest.variant":"off"}"#);
}

#[test]
fn a_hundred_thousand_users_are_remembered_up_to_the_capacity() {
    let mut service = Service::of(Config { capacity: 1_000, ..Config::new("k", "http://h") });
    for user in 0..100_000 {
        service.evaluate(&format!(r#"{{"user_id":"{user}"}}"#));
    }
    assert_eq!(service.told_ids().len(), 100_000);
    service.evaluate(r#"{"user_id":"99999"}"#);
    service.evaluate(r#"{"user_id":"99000"}"#);
    assert_eq!(service.told_ids(), [""; 0]);
    service.evaluate(r#"{"user_id":"98999"}"#);
    assert_eq!(service.told_ids().len(), 1, "it came before the last thousand");
}

#[test]
fn what_a_provider_refuses_is_offered_again_then_given_up_and_told_at_the_next_evaluation() {
    let mut service = Service { tracking: Tracking::Refused, ..Service::new() };
    service.evaluate(r#"{"user_id":"u"}"#);
    assert_eq!([service.wait(), service.wait(), service.wait()], [Some(1_000), Some(5_000), Some(25_000)]);
    assert_eq!(service.wait(), None);
    let effects = service.effects();
    let tracks: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::Track(TrackId(0), ..))).collect();
    assert_eq!(tracks.len(), 4);
    assert!(tracks.iter().all(|track| track == &tracks[0]), "the event is that of the evaluation, time included");
    assert_eq!(effects.last(), Some(&Effect::Notify(Change::Dropped(DropReason::ProviderRefused))));
    service.tracking = Tracking::Taken;
    service.evaluate(r#"{"user_id":"u"}"#);
    service.evaluate(r#"{"user_id":"u"}"#);
    assert_eq!(service.told().len(), 1);
}

#[test]
fn a_promise_counts_when_it_is_kept_and_not_twice() {
    let mut service = patient();
    service.evaluate(r#"{"user_id":"u"}"#);
    service.evaluate(r#"{"user_id":"u"}"#);
    assert_eq!((service.told().len(), service.wait()), (1, None));
    service.local.handle_tracked(TrackId(0), Tracking::Refused, service.now);
    service.local.handle_tracked(TrackId(0), Tracking::Refused, service.now);
    assert_eq!(service.wait(), Some(1_000));
    service.local.handle_tracked(TrackId(0), Tracking::Taken, service.now);
    service.local.handle_tracked(TrackId(0), Tracking::Refused, service.now);
    assert_eq!((service.told().len(), service.wait()), (1, None));
}

#[test]
fn a_provider_that_never_answers_is_waited_for_within_bounds() {
    let mut service = patient();
    let long = "x".repeat(1 << 20);
    for user in 0..30 {
        service.evaluate(&format!(r#"{{"user_id":"{user}{long}"}}"#));
    }
    let dropped = Effect::Notify(Change::Dropped(DropReason::QueueFull));
    assert_eq!(service.effects().iter().filter(|effect| **effect == dropped).count(), 15);
    let kept = service.page.entries(Area::Page, b"assignment ");
    assert_eq!(kept.len(), 15, "fifteen of a megabyte and a little fit into sixteen");
    let users = kept.iter().map(|(_, event)| parse(event.as_str().unwrap()).unwrap().into_object().unwrap());
    let numbers = users.map(|event| event.get("user_id").unwrap().as_str().unwrap().to_string().replace('x', ""));
    assert_eq!(numbers.collect::<Vec<_>>(), (15..30).map(|user| user.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_an_instance_lost_is_taken_up_by_the_next() {
    let mut lost = patient();
    lost.evaluate(r#"{"user_id":"u"}"#);
    let effects = lost.effects();
    let Some(Effect::Track(_, _, event)) = effects.first() else { panic!("{effects:?}") };
    lost.page.0.push(("assignment odd".into(), "no event".into()));
    let mut next = Service::restored(lost.page);
    assert_eq!(next.evaluate(r#"{"user_id":"u"}"#).len(), 1, "it has the flags");
    assert_eq!(next.effects(), [Effect::Track(TrackId(0), Receiver::Provider, event.clone())]);
    let mut last = Service::restored(next.page);
    assert_eq!(last.effects(), [], "what was taken is settled");
}

#[test]
fn flags_are_asked_for_with_the_deployment_key_at_start_and_at_each_interval() {
    let mut service = Service::new();
    service.local.start(service.now);
    service.perform();
    let effects = service.effects();
    let [Effect::Send(RequestId(0), request)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((request.method, &request.url), ("GET", &"http://h/sdk/v2/flags".into()));
    assert_eq!(request.headers[0], ("Authorization", "Api-Key server-key".into()));
    assert!(service.respond(0, Ok((200, "[]"))));
    assert_eq!(service.effects(), [Effect::Settle(FetchId(0), Ok(()))]);
    assert!(service.evaluate(r#"{"user_id":"u"}"#).is_empty());
    assert_eq!(service.wait(), Some(30_000));
    assert_eq!(sent(&service.effects()), [1]);
    assert!(!service.respond(1, Ok((304, ""))));
    assert_eq!(service.wait(), Some(30_000));
    assert!(service.respond(2, Ok((200, FLAGS))));
    assert_eq!(service.evaluate(r#"{"user_id":"u"}"#).len(), 1);
    service.local.stop();
    assert_eq!(service.wait(), None);
}

#[test]
fn a_failure_that_may_pass_is_tried_twice_more_and_the_flags_of_before_stay() {
    let mut service = Service::new();
    service.local.start(service.now);
    service.perform();
    assert!(!service.respond(0, Err(Error::Network)));
    assert_eq!(service.wait(), Some(500));
    assert!(!service.respond(1, Ok((200, "no flags"))));
    assert_eq!(service.wait(), Some(1_500));
    assert_eq!(settled(&service.effects()), []);
    assert!(!service.respond(2, Ok((503, ""))));
    assert_eq!(settled(&service.effects()), [Err(Error::Http { status: 503 })]);
    assert_eq!(service.evaluate(r#"{"user_id":"u"}"#).len(), 1);
    assert_eq!(service.wait(), Some(30_000), "polling goes on");
    service.respond(3, Ok((401, "")));
    let effects = service.effects();
    assert_eq!(settled(&effects), [], "nobody waits");
    let refused = |effect: &Effect| matches!(effect, Effect::Log(_, message) if message.error == Some(Error::Http { status: 401 }));
    assert!(effects.iter().any(refused), "a refusal does not pass");
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let mut service = Service::new();
    service.local.refresh(service.now);
    service.local.refresh(service.now);
    service.perform();
    assert_eq!(sent(&service.effects()), [0], "one request at a time");
    assert_eq!(service.wait(), Some(10_000));
    assert_eq!(service.effects(), [Effect::Abort(RequestId(0))]);
    assert!(!service.respond(0, Ok((200, "[]"))), "nobody waits for it any more");
    assert_eq!(service.wait(), Some(500));
    assert!(service.respond(1, Ok((200, "[]"))));
    assert_eq!(service.wait(), None, "nobody asked to poll");
}

#[test]
fn a_server_that_wants_to_be_left_alone_is() {
    let mut service = Service::new();
    service.local.start(service.now);
    service.perform();
    let response = Response { status: 429, retry_after: Some(90_000), ..Response::default() };
    service.local.handle_response(RequestId(0), Ok(response), service.now);
    assert_eq!(service.wait(), Some(90_000));
}

#[test]
fn without_a_key_nobody_is_asked() {
    let mut service = Service::of(Config::new("", "http://h"));
    service.local.start(service.now);
    service.perform();
    assert_eq!(settled(&service.effects), [Err(Error::ApiKeyEmpty)]);
    assert_eq!(sent(&service.effects), []);
}

#[test]
fn one_bad_flag_is_left_out_and_told() {
    let mut service = Service::new();
    service.local.refresh(service.now);
    service.perform();
    assert!(service.respond(0, Ok((200, r#"[{"key":"bad","segments":5},{"key":"good","variants":{"on":{"key":"on"}},"segments":[{"variant":"on"}]}]"#))));
    assert!(matches!(&service.effects()[..], [Effect::Send(..), Effect::Log(..), Effect::Settle(_, Ok(()))]));
    let variants = service.evaluate(r#"{"user_id":"u"}"#);
    assert_eq!(variants.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>(), ["good"]);
    assert!(
        variants
            .get("good")
            .is_some_and(|good| good.as_object().and_then(|good| good.get("key")) == Some(&Value::from("on")))
    );
}

#[test]
fn a_number_names_somebody_as_javascript_writes_it() {
    let mut service = Service::new();
    for same in ["100", "1e2", "100.0", r#""100""#] {
        service.evaluate(&format!(r#"{{"user_id":{same}}}"#));
    }
    let told = service.told();
    assert_eq!(told.len(), 1, "all four are one user");
    assert_eq!(told[0].get("user_id").unwrap().to_json(), r#""100""#);
}

#[test]
fn an_id_that_is_neither_text_nor_number_counts_as_absent_and_is_named_once() {
    let mut service = Service::new();
    for odd in ["true", "{}", r#"["u"]"#] {
        service.evaluate(&format!(r#"{{"user_id":{odd},"device_id":"d"}}"#));
    }
    let effects = service.effects();
    let named: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Log(_, message) => Some((message.text, message.error)),
            _ => None,
        })
        .collect();
    assert_eq!(named, [("user.user_id", Some(Error::Argument))]);
    let told = told_of(&effects);
    assert_eq!(told.len(), 1, "all three are the device");
    assert!(told[0].get("user_id").is_none());
}

#[test]
fn an_address_that_is_empty_is_nobodys() {
    for address in ["", "  "] {
        let mut service = Service::of(Config::new("server-key", address));
        service.local.start(service.now);
        service.perform();
        let effects = service.effects();
        assert_eq!((sent(&effects), settled(&effects)), (vec![], vec![Err(Error::Argument)]));
        assert_eq!(service.local.next_timeout(), None);
    }
}
