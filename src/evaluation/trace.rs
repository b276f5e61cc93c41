//! The evaluation as the reference's `EvaluationTrace`: for each flag which segments were tried and why they did not match.

use super::{Decision, Visitor};
use crate::flag::Flags;
use crate::json::{Object, Text, Value, parse};

/// Writes an evaluation down. Every segment is tried, also after the one that decided.
#[derive(Debug, Default)]
pub struct Trace {
    traces: Object,
    steps: Vec<Step>,
    alternatives: Vec<Vec<Tried>>,
}

/// A condition that was tried.
#[derive(Debug)]
struct Tried {
    selected: Option<Value>,
    matched: bool,
}

/// A segment that was tried.
#[derive(Debug)]
struct Step {
    alternatives: Vec<Vec<Tried>>,
    passed: bool,
    variant: Option<Text>,
}

impl Trace {
    /// `{flag key: trace, …}`
    pub fn into_object(self) -> Object {
        self.traces
    }
}

impl Visitor for Trace {
    const EXHAUSTIVE: bool = true;

    fn alternative(&mut self) {
        self.alternatives.push(Vec::new());
    }

    fn condition(&mut self, selected: impl FnOnce() -> Option<Value>, matched: bool) {
        if let Some(tried) = self.alternatives.last_mut() {
            tried.push(Tried { selected: selected(), matched });
        }
    }

    fn segment(&mut self, passed: bool, variant: Option<&Text>) {
        let alternatives = std::mem::take(&mut self.alternatives);
        self.steps.push(Step { alternatives, passed, variant: variant.cloned() });
    }

    fn flag<P>(&mut self, flags: &Flags<P>, flag: u32, decision: Option<&Decision>) {
        let steps = std::mem::take(&mut self.steps);
        let (Some(key), Some(flag)) = (flags.keys().nth(flag as usize), flags.at(flag)) else { return };
        // The trace shows conditions as they were received; they are read again from the flag's text.
        let received = parse(&flag.text).ok().and_then(Value::into_object).unwrap_or_default();
        let segments = received.get("segments").and_then(Value::as_array).unwrap_or_default();
        let matched = decision.map(|decision| decision.segment as usize);
        // Without a decision the reference names the last segment that gave a variant which the flag does not have.
        let named = matched.or_else(|| steps.iter().rposition(|step| step.variant.is_some()));
        let name = named.and_then(|index| metadata(segments.get(index)?)?.as_object()?.get("segmentName"));
        let mut trace = Object::new();
        trace.push("flagKey".into(), Value::from(key));
        trace.push("matched".into(), matched.is_some().into());
        if let Some(name) = name {
            trace.push("matchedSegment".into(), name.clone());
        }
        let steps: Vec<Value> =
            steps.into_iter().zip(segments).map(|(step, segment)| step.into_value(segment)).collect();
        trace.push("steps".into(), steps.into());
        self.traces.set(key.clone(), trace);
    }
}

impl Step {
    fn into_value(self, segment: &Value) -> Value {
        let mut step = Object::new();
        if let Some(metadata) = metadata(segment) {
            step.push("segmentMetadata".into(), metadata.clone());
        }
        let bucketed = self.variant.is_some();
        step.push("conditionsPassed".into(), self.passed.into());
        step.push("bucketed".into(), bucketed.into());
        if let Some(variant) = self.variant {
            step.push("bucketVariant".into(), variant.into());
        }
        let conditions = segment.as_object().and_then(|segment| segment.get("conditions")?.as_array());
        if let Some(conditions) = conditions {
            let tried = self.alternatives.into_iter().zip(conditions);
            let tried: Vec<Value> = tried.map(|(tried, received)| alternative(tried, received)).collect();
            step.push("conditionResult".into(), tried.into());
        }
        step.push("matched".into(), bucketed.into());
        step.into()
    }
}

fn metadata(segment: &Value) -> Option<&Value> {
    segment.as_object()?.get("metadata")
}

fn alternative(tried: Vec<Tried>, received: &Value) -> Value {
    let received = received.as_array().unwrap_or_default();
    let results = tried.into_iter().zip(received).map(|(tried, condition)| {
        let mut result = Object::new();
        if let Some(selected) = tried.selected {
            result.push("propValue".into(), selected);
        }
        result.push("condition".into(), condition.clone());
        result.push("matched".into(), tried.matched.into());
        Value::Object(result)
    });
    Value::Array(results.collect())
}
