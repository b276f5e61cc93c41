//! Prometheus' text format, read strictly: every sample under its HELP and TYPE, every histogram adding up.

use std::collections::{BTreeMap, BTreeSet};

use crate::asking::Asking;

/// What a page of metrics says.
pub struct Exposition {
    pub text: String,
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    pub fn of(port: u16) -> Self {
        let answer = Asking::new(port, "GET", "/metrics").send();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::read(String::from_utf8(answer.body).unwrap())
    }

    /// The value of a series: `name{label="value"}`, labels as they are written there. One that is absent is zero.
    pub fn value(&self, series: &str) -> f64 {
        self.samples.get(series).copied().unwrap_or_default()
    }

    /// The values of a label, over all series.
    pub fn words(&self, label: &str) -> BTreeSet<&str> {
        let start = format!("{label}=\"");
        self.samples.keys().filter_map(|series| series.split(&*start).nth(1)?.split('"').next()).collect()
    }

    fn read(text: String) -> Self {
        assert!(text.ends_with('\n'));
        let (mut kinds, mut samples) = (BTreeMap::new(), BTreeMap::new());
        let mut family = "";
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let sentence;
                (family, sentence) = help.split_once(' ').unwrap();
                assert!(sentence.len() > 10 && sentence.ends_with('.') && !sentence.ends_with(".."), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let kind = kind.strip_prefix(family).unwrap().trim();
                assert!(kinds.insert(family, kind).is_none(), "{family} is there twice");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                fits(series, family, kinds[family]);
                assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} is there twice");
            }
        }
        histograms_add_up(&samples);
        Self { text, samples }
    }
}

fn fits(series: &str, family: &str, kind: &str) {
    let name = series.split('{').next().unwrap();
    assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')), "{series}");
    match kind {
        "counter" => assert!(name == family && name.ends_with("_total"), "{series}"),
        "gauge" => assert!(name == family && !name.ends_with("_total"), "{series}"),
        "histogram" => {
            assert!(["_bucket", "_sum", "_count"].contains(&name.strip_prefix(family).unwrap()), "{series}")
        }
        _ => panic!("{family} is a {kind}"),
    }
}

/// The last bucket of a histogram holds all of it.
fn histograms_add_up(samples: &BTreeMap<String, f64>) {
    for (series, count) in samples.iter().filter(|(series, _)| series.contains("_bucket{le=\"+Inf\"")) {
        let labels = series.split("le=\"+Inf\"").nth(1).unwrap().trim_start_matches(',');
        let labels = if labels == "}" { String::new() } else { format!("{{{labels}") };
        let whole = format!("{}_count{labels}", series.split("_bucket").next().unwrap());
        assert_eq!(samples.get(&whole), Some(count), "{whole}");
    }
}
