//! What is measured.

/// One case: a new server, what is there before, and what is sent.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub flags: usize,
    pub connections: usize,
    pub replicas: usize,
    /// How many properties the senders of events have.
    pub properties: usize,
    /// How many events of others are stored already.
    pub stored: u64,
    pub load: Load,
}

/// What is sent.
#[derive(Clone, Copy)]
pub enum Load {
    /// Each request is a user the server has not seen: evaluated, and an assignment.
    FreshUsers,
    /// The same users again and again: answers that are kept.
    KnownUsers,
    /// So many events in each request.
    Events(u64),
    /// Pages of stored events, read one after the other.
    Pages,
    /// What a site does: known and fresh users, events, and somebody who reads.
    Site,
}

impl Case {
    fn new(name: impl Into<String>, load: Load) -> Self {
        Self { name: name.into(), flags: 5, connections: 64, replicas: 1, properties: 20, stored: 0, load }
    }
}

/// The cases; for a first look three of them.
pub fn all(short: bool) -> Vec<Case> {
    if short {
        return vec![evaluation(5, 64, false), ingestion(10, 20, 64), Case::new("a site", Load::Site)];
    }
    let mut cases = Vec::new();
    for flags in [5, 100] {
        for known in [false, true] {
            cases.extend([16, 64].map(|connections| evaluation(flags, connections, known)));
        }
    }
    for properties in [0, 20, 200] {
        cases.extend([1, 10, 30].map(|per_request| ingestion(per_request, properties, 64)));
    }
    cases.push(ingestion(10, 20, 16));
    cases.push(Case::new("a site", Load::Site));
    for load in [Load::Events(10), Load::Site] {
        let what = if matches!(load, Load::Site) { "a site" } else { "10 events of a user with 20 properties" };
        cases.push(Case { stored: 1_000_000, ..Case::new(format!("{what}, a million events stored"), load) });
    }
    cases.push(Case { stored: 1_000_000, ..Case::new("pages of events", Load::Pages) });
    if std::env::var_os("EXPERIMENT_TEST_POSTGRES").is_some() {
        cases.push(Case { replicas: 2, ..Case::new("fresh users, 5 flags, two replicas", Load::FreshUsers) });
        let name = "10 events of a user with 20 properties, two replicas";
        cases.push(Case { replicas: 2, ..Case::new(name, Load::Events(10)) });
    }
    cases
}

fn evaluation(flags: usize, connections: usize, known: bool) -> Case {
    let (who, load) = if known { ("known", Load::KnownUsers) } else { ("fresh", Load::FreshUsers) };
    Case { flags, connections, ..Case::new(format!("{who} users, {flags} flags"), load) }
}

fn ingestion(per_request: u64, properties: usize, connections: usize) -> Case {
    let plural = if per_request == 1 { "" } else { "s" };
    let name = format!("{per_request} event{plural} of a user with {properties} properties");
    Case { properties, connections, ..Case::new(name, Load::Events(per_request)) }
}
