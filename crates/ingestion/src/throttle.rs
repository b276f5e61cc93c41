//! Throttling: how many events of one user or device are taken in a period. A request is admitted whole or not at all.
//!
//! The numbers are Amplitude's; time is the monotonic clock's.

use std::collections::{BTreeMap, BTreeSet};

use super::meter::{Limit, Meter, Over};
use experiment_wasm::json::Text;
use experiment_wasm::user::Identity;

/// What a route takes of one user or device.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What an answer names as events per second.
    pub rate: Limit,
    /// What an answer names as the daily quota.
    pub quota: Option<Limit>,
}

/// `/2/httpapi` and `/identify`: 30 events per second, averaged over 30 seconds. Amplitude averages over "a recent
/// time" it does not name, and asks a throttled sender to pause for 30 seconds.
pub const HTTP_V2: Limits = Limits { rate: Limit { events: 900, millis: 30_000 }, quota: None };

/// `/batch`: 1,000 events per second, averaged over 30 seconds, and 500,000 in 24 hours.
pub const BATCH: Limits = Limits {
    rate: Limit { events: 30_000, millis: 30_000 },
    quota: Some(Limit { events: 500_000, millis: 86_400_000 }),
};

/// The field an id came in. A user and a device of one name are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// `user_id`.
    User,
    /// `device_id`.
    Device,
}

type Id = (Field, Text);

/// The events of the ids of one project on one route.
#[derive(Debug)]
pub struct Throttle {
    rate: Meter<Id>,
    quota: Option<Meter<Id>>,
}

/// Why a request was not admitted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Throttled {
    /// How many events per second an id may have.
    pub eps_threshold: u64,
    /// The ids that would be over that, with their events per second.
    pub over_rate: Vec<(Id, u64)>,
    /// The ids that would be over the daily quota, with their events of the day.
    pub over_quota: Vec<(Id, u64)>,
    /// The events with such an id, by their index in the request.
    pub events: Vec<u64>,
    /// After how many milliseconds the request can be admitted; if it never can, half of it.
    pub retry_after: u64,
}

impl Throttle {
    /// Nothing has come in yet.
    pub fn new(limits: Limits) -> Self {
        Self { rate: Meter::new(limits.rate), quota: limits.quota.map(Meter::new) }
    }

    /// Whether there is a daily quota.
    pub fn has_quota(&self) -> bool {
        self.quota.is_some()
    }

    /// Admits a request whose events, by their index, are of these people. One that is not admitted counts as not sent.
    ///
    /// # Errors
    /// The ids and events that are too many.
    pub fn admit(&mut self, events: &[(u64, &Identity)], now: u64) -> Result<(), Throttled> {
        let mut counts = BTreeMap::new();
        for id in events.iter().flat_map(|(_, identity)| ids(identity)) {
            *counts.entry(id).or_insert(0) += 1;
        }
        let over_rate = self.rate.over(&counts, now);
        let over_quota = self.quota.as_ref().map(|quota| quota.over(&counts, now)).unwrap_or_default();
        if over_rate.is_empty() && over_quota.is_empty() {
            self.rate.rise(&counts, now);
            self.quota.iter_mut().for_each(|quota| quota.rise(&counts, now));
            return Ok(());
        }
        Err(self.throttled(events, over_rate, over_quota))
    }

    fn throttled(&self, events: &[(u64, &Identity)], over_rate: Vec<Over<Id>>, over_quota: Vec<Over<Id>>) -> Throttled {
        let every = || over_rate.iter().chain(&over_quota);
        let ids_over: BTreeSet<_> = every().map(|over| &over.id).collect();
        let is_over = |identity: &Identity| ids(identity).any(|id| ids_over.contains(&id));
        Throttled {
            eps_threshold: per_second(self.rate.limit.events, self.rate.limit),
            events: events.iter().filter(|(_, identity)| is_over(identity)).map(|(index, _)| *index).collect(),
            retry_after: every().map(|over| over.wait).max().unwrap_or_default(),
            over_rate: over_rate.iter().map(|one| (one.id.clone(), per_second(one.events, self.rate.limit))).collect(),
            over_quota: over_quota.iter().map(|one| (one.id.clone(), one.events)).collect(),
        }
    }
}

fn ids(identity: &Identity) -> impl Iterator<Item = Id> {
    let id = |field, id: &Option<Text>| id.clone().map(|id| (field, id));
    [id(Field::User, &identity.user_id), id(Field::Device, &identity.device_id)].into_iter().flatten()
}

/// Rounded up, so that a number over the limit is shown as more than it.
fn per_second(events: u64, limit: Limit) -> u64 {
    (events * 1_000).div_ceil(limit.millis)
}

#[cfg(test)]
mod tests {
    use super::super::meter::FEW_IDS;
    use super::*;

    fn who(user_id: &str, device_id: &str) -> Identity {
        let id = |text: &str| Some(Text::from(text)).filter(|text| !text.is_empty());
        Identity { user_id: id(user_id), device_id: id(device_id) }
    }

    fn sends(throttle: &mut Throttle, groups: &[(u64, &Identity)], now: u64) -> Result<(), Throttled> {
        let people = groups.iter().flat_map(|(count, identity)| (0..*count).map(move |_| *identity));
        throttle.admit(&(0..).zip(people).collect::<Vec<_>>(), now)
    }

    #[test]
    fn thirty_events_a_second_averaged_over_thirty_seconds_pass_and_one_more_does_not() {
        let (mut throttle, alice) = (Throttle::new(HTTP_V2), who("alice", ""));
        assert_eq!(
            sends(&mut throttle, &[(900, &alice)], 5),
            Ok(()),
            "a page that leaves, or a queue after a while offline"
        );
        let refused = sends(&mut throttle, &[(1, &alice)], 5).unwrap_err();
        assert_eq!(refused.over_rate, [((Field::User, "alice".into()), 31)]);
        assert_eq!((refused.eps_threshold, refused.retry_after), (30, 34));
        assert!(sends(&mut throttle, &[(1, &alice)], 38).is_err(), "one event's time is 33.3 ms");
        assert_eq!(sends(&mut throttle, &[(1, &alice)], 39), Ok(()));
        assert_eq!(sends(&mut throttle, &[(900, &alice)], 30_039), Ok(()));
        for second in 0..100 {
            assert_eq!(sends(&mut throttle, &[(30, &alice)], 60_039 + second * 1_000), Ok(()));
        }
    }

    #[test]
    fn a_request_with_one_id_over_the_limit_is_not_admitted_and_counts_for_nobody() {
        let mut throttle = Throttle::new(HTTP_V2);
        let (alice, robin, phone) = (who("alice", ""), who("robin", "phone"), who("", "phone"));
        let refused = sends(&mut throttle, &[(2, &alice), (600, &robin), (301, &phone)], 0).unwrap_err();
        assert_eq!(refused.over_rate, [((Field::Device, "phone".into()), 31)]);
        assert_eq!(refused.events, (2..903).collect::<Vec<_>>(), "the events of the device, with a user and without");
        assert_eq!(sends(&mut throttle, &[(900, &alice)], 0), Ok(()));
        assert_eq!(sends(&mut throttle, &[(900, &robin)], 0), Ok(()));
    }

    #[test]
    fn a_user_and_a_device_of_one_name_are_two() {
        let mut throttle = Throttle::new(HTTP_V2);
        assert_eq!(sends(&mut throttle, &[(900, &who("same-name", "")), (900, &who("", "same-name"))], 0), Ok(()));
    }

    #[test]
    fn waiting_as_long_as_it_says_is_enough_and_a_millisecond_less_is_not() {
        for (first, then) in [(900, 1), (900, 900), (517, 829), (1, 900)] {
            let (mut throttle, alice) = (Throttle::new(HTTP_V2), who("alice", ""));
            sends(&mut throttle, &[(first, &alice)], 0).unwrap();
            let wait = sends(&mut throttle, &[(then, &alice)], 0).unwrap_err().retry_after;
            assert!(sends(&mut throttle, &[(then, &alice)], wait - 1).is_err());
            assert_eq!(sends(&mut throttle, &[(then, &alice)], wait), Ok(()));
        }
    }

    #[test]
    fn half_of_a_request_that_can_never_pass_does_after_the_wait() {
        let (mut throttle, alice) = (Throttle::new(HTTP_V2), who("alice", ""));
        sends(&mut throttle, &[(900, &alice)], 0).unwrap();
        assert_eq!(sends(&mut throttle, &[(1_500, &alice)], 0).unwrap_err().retry_after, 30_000);
        assert_eq!(sends(&mut throttle, &[(750, &alice)], 30_000), Ok(()));
    }

    #[test]
    fn a_batch_is_averaged_over_thirty_seconds_and_has_a_daily_quota() {
        let (mut throttle, alice) = (Throttle::new(BATCH), who("alice", ""));
        assert_eq!(sends(&mut throttle, &[(30_000, &alice)], 0), Ok(()));
        let refused = sends(&mut throttle, &[(1, &alice)], 0).unwrap_err();
        assert_eq!((refused.eps_threshold, refused.over_rate[0].1), (1_000, 1_001));
        let admitted = (1..60).filter(|n| sends(&mut throttle, &[(30_000, &alice)], n * 30_000).is_ok()).count();
        assert_eq!(admitted, 16, "with the first 510,000: the quota, and what sank of it in half an hour");
        let refused = sends(&mut throttle, &[(30_000, &alice)], 1_800_000).unwrap_err();
        assert!(refused.over_rate.is_empty() && refused.over_quota[0].1 > 500_000);
        assert_eq!(sends(&mut throttle, &[(30_000, &alice)], 1_800_000 + refused.retry_after), Ok(()));
    }

    #[test]
    fn ids_that_are_quiet_are_forgotten() {
        let mut throttle = Throttle::new(BATCH);
        for n in 0..50_000 {
            // A hundred users a second, each with a device and ten events, for eight minutes.
            sends(&mut throttle, &[(10, &who(&format!("user-{n}"), &format!("device-{n}")))], n * 10).unwrap();
        }
        // Ten events of the quota sink in 1.73 seconds: 346 ids at a time.
        assert!(throttle.rate.levels.len() <= FEW_IDS && throttle.quota.unwrap().levels.len() <= FEW_IDS);
    }
}
