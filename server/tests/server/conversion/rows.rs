//! Rows as the server of the first schema wrote them: every event with a copy of all properties that its user had then.
//!
//! Random, and the same for the same seed.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use crate::property_states::random::Random;

/// JSON texts of names, and of their values.
pub type Shown = BTreeMap<String, String>;

/// Where ids begin: after those of the rows that the first schema's server really stored.
const FIRST_ID: usize = 1_001;

/// One of so many people never logged in; somebody else may turn out to be them.
const VISITORS: usize = 10;

/// What stands where the properties of an event are, and of a person, and cannot become states.
const UNREADABLE_COPIES: [&str; 4] = ["nonsense", r#"{"a":"#, "[1,2]", "null"];
const UNREADABLE: [&str; 4] = ["nonsense", r#"{"p":{"#, "[]", r#"{"p":5}"#];

/// Names that are hard to keep beside easy ones.
const NAMES: [&str; 12] = [
    "plan",
    "city",
    "n",
    "list",
    "deep",
    r"zero\u0000name",
    r"half\ud83d",
    r#"quote\"'"#,
    "Zürich",
    "note",
    "[Experiment] button",
    "[Experiment] banner",
];

pub struct OldPerson {
    pub user_id: Option<String>,
    pub device_id: String,
    pub shown: Shown,
    /// What is stored of properties that cannot be read.
    pub unreadable: Option<&'static str>,
    unset: Vec<String>,
    merged_into: Option<usize>,
}

pub struct OldEvent {
    pub person: usize,
    pub insert_id: String,
    pub user_id: Option<String>,
    pub device_id: Option<String>,
    pub event_type: String,
    pub user_properties: String,
    variant: Option<Option<&'static str>>,
}

pub struct OldRows {
    pub people: Vec<OldPerson>,
    pub events: Vec<OldEvent>,
}

pub fn person_id(index: usize) -> usize {
    FIRST_ID + index
}

pub fn event_id(index: usize) -> usize {
    FIRST_ID + index
}

impl OldRows {
    pub fn new(seed: u64, people: usize, events: usize) -> Self {
        let mut random = Random::new(seed);
        let people = (0..people).map(|index| OldPerson::new(index, &mut random)).collect();
        let mut rows = Self { people, events: Vec::new() };
        for index in 0..events {
            let person = random.below(rows.people.len());
            let event = rows.people[person].event(person, index, &mut random);
            rows.events.push(event);
            if index % 97 == 96 {
                rows.merge(&mut random);
            }
        }
        rows
    }

    /// Of those who are asked for by a user id.
    pub fn users(&self) -> impl Iterator<Item = (usize, &OldPerson)> {
        self.people.iter().enumerate().filter(|(_, person)| person.user_id.is_some())
    }

    /// A visitor logged in as somebody whose properties are known, and brings what that one has not.
    fn merge(&mut self, random: &mut Random) {
        let visitor = random.below(self.people.len() / VISITORS) * VISITORS;
        let user = random.below(self.people.len());
        let known = &self.people[user];
        if self.is_visitor(visitor) && known.user_id.is_some() && known.unreadable.is_none() {
            self.log_in(visitor, user);
        }
    }

    pub fn is_visitor(&self, index: usize) -> bool {
        self.people[index].user_id.is_none() && self.people[index].merged_into.is_none()
    }

    pub fn log_in(&mut self, visitor: usize, user: usize) {
        let brought = std::mem::take(&mut self.people[visitor].shown);
        self.people[visitor].merged_into = Some(user);
        // What a visitor had is older than what the user has or unset.
        let OldPerson { shown, unset, .. } = &mut self.people[user];
        let brought = brought.into_iter().filter(|(name, _)| !unset.contains(name));
        *shown = brought.chain(std::mem::take(shown)).collect();
    }

    /// Statements that fill the tables.
    pub fn statements(&self) -> String {
        let mut all = String::from("BEGIN;");
        let people = self.people.iter().enumerate().map(|(index, person)| person.row(index));
        insert(&mut all, "person (id, project, user_id, merged_into, properties)", people);
        let device = |(index, person): (usize, &OldPerson)| {
            let owner = person.merged_into.unwrap_or(index);
            format!("1, {}, {}", quoted(Some(&person.device_id)), person_id(owner))
        };
        insert(&mut all, "device (project, device_id, person)", self.people.iter().enumerate().map(device));
        let columns = "event (id, project, insert_id, person, user_id, device_id, event_type, time, received, flag_key, \
                       variant, event_properties, user_properties)";
        insert(&mut all, columns, self.events.iter().enumerate().map(|(index, event)| event.row(index)));
        all + "COMMIT;"
    }

    /// How many texts of events, and of people, cannot become states.
    pub fn unreadable(&self) -> (usize, usize) {
        let events = self.events.iter().filter(|event| UNREADABLE_COPIES.contains(&&*event.user_properties));
        (events.count(), self.people.iter().filter(|person| person.unreadable.is_some()).count())
    }
}

impl OldPerson {
    fn new(index: usize, random: &mut Random) -> Self {
        let is_visitor = index.is_multiple_of(VISITORS);
        let unreadable = (!is_visitor && random.percent(3)).then(|| random.pick(&UNREADABLE));
        let mut shown: Shown = (0..random.below(40)).map(|n| (format!("p{n}"), format!(r#""value {n}""#))).collect();
        shown.insert(format!("own {index}"), index.to_string());
        let user_id = (!is_visitor).then(|| format!("old-{index}"));
        Self { user_id, device_id: format!("phone-{index}"), shown, unreadable, unset: Vec::new(), merged_into: None }
    }

    /// What one event changes of them, and the copy that it shows.
    fn event(&mut self, person: usize, index: usize, random: &mut Random) -> OldEvent {
        if self.merged_into.is_none() {
            (0..random.below(3)).for_each(|_| self.change(random));
        }
        let mut copy = self.shown.clone();
        let variant = random.percent(20).then(|| [Some("on"), Some("off"), None][random.below(3)]);
        match variant {
            Some(Some(variant)) => drop(copy.insert("[Experiment] button".into(), format!(r#""{variant}""#))),
            Some(None) => drop(copy.remove("[Experiment] button")),
            None => {}
        }
        let user_properties = match random.below(100) {
            0..3 => random.pick(&UNREADABLE_COPIES).to_owned(),
            // It was sent with `$skip_user_properties_sync`.
            3..8 => r#"{"plan":"none"}"#.into(),
            8..10 => "{}".into(),
            _ => object(&copy),
        };
        OldEvent {
            person,
            insert_id: format!("old-{index}"),
            user_id: self.user_id.clone(),
            device_id: (self.user_id.is_none() || random.percent(50)).then(|| self.device_id.clone()),
            event_type: match variant {
                Some(_) => "[Experiment] Exposure".into(),
                None => format!("Visit-{}", index % 4),
            },
            user_properties,
            variant,
        }
    }

    fn change(&mut self, random: &mut Random) {
        let names = self.shown.keys().filter(|name| !name.starts_with("own")).cloned().collect::<Vec<_>>();
        let name = match random.below(4) {
            0 | 1 => random.pick(&NAMES).to_owned(),
            2 => format!("p{}", random.below(60)),
            _ if names.is_empty() => return,
            _ => {
                let name = names[random.below(names.len())].clone();
                self.shown.remove(&name);
                return self.unset.push(name);
            }
        };
        self.unset.retain(|unset| *unset != name);
        let before = self.shown.get(&name).cloned();
        let value = value(&name, before, random);
        self.shown.insert(name, value);
    }

    /// The text of all properties: some have an operation that came after their value.
    fn column(&self) -> String {
        if let Some(text) = self.unreadable {
            return text.to_owned();
        }
        let since = format!(r#""t":{},"p":0,"i":"a""#, if self.user_id.is_none() { 4 } else { 5 });
        let mut parts = Vec::new();
        for (name, value) in &self.shown {
            let grown = value.strip_suffix(r#","tail"]"#).filter(|_| name == "list");
            parts.push(match (grown, value.parse::<u32>()) {
                (Some(head), _) => format!(
                    r#""{name}":{{"v":{head}],{since},"l":[{{"o":"$append","v":"tail","t":7,"p":0,"i":"b"}}]}}"#
                ),
                (_, Ok(number)) if number > 2 => {
                    format!(r#""{name}":{{"v":{},{since},"l":[{{"o":"$add","v":2,"t":6,"p":1,"i":"b"}}]}}"#, number - 2)
                }
                _ => format!(r#""{name}":{{"v":{value},{since}}}"#),
            });
        }
        let mut unset = self.unset.clone();
        unset.sort();
        unset.dedup();
        parts.extend(unset.iter().map(|name| format!(r#""{name}":{{{since}}}"#)));
        let cleared = if self.shown.len().is_multiple_of(3) { r#","c":{"t":1,"p":0,"i":"c"}"# } else { "" };
        format!(r#"{{"p":{{{}}}{cleared}}}"#, parts.join(","))
    }

    fn row(&self, index: usize) -> String {
        let merged_into = self.merged_into.map_or("NULL".into(), |user| person_id(user).to_string());
        // What a visitor had is somebody else's.
        let column = if self.merged_into.is_some() { r#"{"p":{}}"#.into() } else { self.column() };
        format!(
            "{}, 1, {}, {merged_into}, {}",
            person_id(index),
            quoted(self.user_id.as_deref()),
            quoted(Some(&column))
        )
    }
}

impl OldEvent {
    /// The same event once more.
    pub fn sent_again(&self) -> serde_json::Value {
        let mut event = json!({
            "user_id": self.user_id, "device_id": self.device_id, "event_type": self.event_type,
            "insert_id": self.insert_id, "time": 5,
        });
        if let Some(variant) = self.variant {
            event["event_type"] = json!("$exposure");
            event["event_properties"] = json!({ "flag_key": "button", "variant": variant });
        }
        event
    }

    fn row(&self, index: usize) -> String {
        let flag = self.variant.map(|_| "button");
        let [user_id, device_id, flag, variant] =
            [self.user_id.as_deref(), self.device_id.as_deref(), flag, self.variant.flatten()].map(quoted);
        format!(
            "{}, 1, {}, {}, {user_id}, {device_id}, {}, {}, {}, {flag}, {variant}, '{{}}', {}",
            event_id(index),
            quoted(Some(&self.insert_id)),
            person_id(self.person),
            quoted(Some(&self.event_type)),
            // Some came late.
            if index.is_multiple_of(11) { index } else { 1_000 + index },
            2_000 + index,
            quoted(Some(&self.user_properties)),
        )
    }
}

/// Another value of a property: lists grow and shrink, numbers are written in many ways, some texts are over the limit of
/// now.
fn value(name: &str, before: Option<String>, random: &mut Random) -> String {
    match name {
        "list" => match before.filter(|list| list != "[]" && random.percent(80)) {
            Some(list) if random.percent(80) => {
                format!(r#"{},"{}"]"#, &list[..list.len() - 1], random.pick(&["a", "b", "tail"]))
            }
            Some(list) => list.rfind(',').map_or("[]".into(), |comma| format!("{}]", &list[..comma])),
            None => r#"["a"]"#.into(),
        },
        "n" => random.pick(&["1", "1.0", "1e0", "-0", "0.10", "12345678901234567890", "1e400", "7"]).into(),
        // Over 64 levels it is kept as text.
        "deep" => {
            let depth = [1, 61, 62, 63, 64, 80][random.below(6)];
            format!("{}{}{}", "[".repeat(depth), random.below(3), "]".repeat(depth))
        }
        "note" => format!(r#""{}""#, "ü'".repeat(700 + random.below(3))),
        "plan" => random.pick(&[r#""pro""#, r#""free""#, "true", "null", r#"{"a":{"b":[1,null]}}"#]).into(),
        _ => format!(r#""value {}""#, random.below(5)),
    }
}

/// A JSON object of texts.
pub fn object(shown: &Shown) -> String {
    let parts: Vec<_> = shown.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!("{{{}}}", parts.join(","))
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("NULL".into(), |text| format!("'{}'", text.replace('\'', "''")))
}

/// In statements of 200 rows.
fn insert(all: &mut String, table: &str, rows: impl Iterator<Item = String>) {
    for (index, row) in rows.enumerate() {
        let before = match index % 200 {
            0 if index > 0 => format!(";\nINSERT INTO {table} VALUES"),
            0 => format!("INSERT INTO {table} VALUES"),
            _ => ",".to_owned(),
        };
        write!(all, "{before}\n({row})").unwrap();
    }
    all.push_str(";\n");
}
