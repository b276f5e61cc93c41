//! The labels of metrics: closed sets of words of this program or its configuration, never of a request.

use experiment_ingestion::limits::PropertyLimit;
use experiment_ingestion::{Rejection, Verdict};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// A route, by its pattern: `/api/flags/{key}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Route {
    pub route: String,
}

/// How a request was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    pub route: String,
    pub method: &'static str,
    pub status: u16,
}

/// A project, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ProjectLabel {
    pub project: String,
}

/// What became of an event; the reason is empty where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabels {
    verdict: &'static str,
    reason: &'static str,
}

impl OutcomeLabels {
    /// Of this outcome.
    pub fn of(outcome: &Result<Verdict, Rejection>) -> Self {
        match outcome {
            Ok(verdict) => Self { verdict: verdict.name(), reason: verdict.reason().unwrap_or_default() },
            Err(rejection) => Self { verdict: "rejected", reason: rejection.reason() },
        }
    }

    /// Counters with those that are watched from the start at zero.
    pub fn every() -> Family<Self, Counter> {
        let all = Family::default();
        let limited = [PropertyLimit::ExperimentProperties, PropertyLimit::Updates, PropertyLimit::Unreadable]
            .map(|limit| Verdict::Stored(Some(limit)));
        for verdict in [Verdict::Stored(None), Verdict::Duplicate].into_iter().chain(limited) {
            drop(all.get_or_create(&Self::of(&Ok(verdict))));
        }
        all
    }
}
