//! The evaluation as the reference's `EvaluationTrace`: for each flag which segments were tried and why they did not match.

use super::{Decision, SegmentTrace, Visitor};
use crate::json::{Object, Text, Value, parse};

/// Records an evaluation. Every segment is tried, also after the one that decided.
#[derive(Debug, Default)]
pub struct Trace {
    traces: Object,
    /// The segments of the flag that is being tried.
    steps: Vec<Value>,
    /// The lists of conditions of the segment that is being tried.
    alternatives: Vec<Value>,
}

impl Trace {
    /// `{flag key: trace, …}`
    pub fn into_object(self) -> Object {
        self.traces
    }
}

impl Visitor for Trace {
    fn is_exhaustive(&self) -> bool {
        true
    }

    fn alternative(&mut self) {
        self.alternatives.push(Vec::new().into());
    }

    fn condition(&mut self, selected: impl FnOnce() -> Option<Value>, received: &[u8], matched: bool) {
        if let Some(Value::Array(conditions)) = self.alternatives.last_mut() {
            let mut result = Object::new();
            put(&mut result, "propValue", selected());
            result.put("condition", Value::Raw(received.into()));
            result.put("matched", matched);
            conditions.push(result.into());
        }
    }

    fn segment(&mut self, segment: SegmentTrace) {
        let conditions = std::mem::take(&mut self.alternatives);
        let mut step = Object::new();
        put(&mut step, "segmentMetadata", segment.metadata.map(|metadata| Value::Raw(metadata.into())));
        step.put("conditionsPassed", segment.passed);
        step.put("bucketed", segment.variant.is_some());
        put(&mut step, "bucketVariant", segment.variant.map(Value::from));
        put(&mut step, "conditionResult", segment.is_conditional.then(|| conditions.into()));
        step.put("matched", segment.variant.is_some());
        self.steps.push(step.into());
    }

    fn flag(&mut self, key: &Text, decision: Option<&Decision>) {
        let steps = std::mem::take(&mut self.steps);
        // Without a decision the reference names the last segment that gave a variant which the flag does not have.
        let named = match decision {
            Some(decision) => steps.get(decision.segment as usize),
            None => steps.iter().rfind(|step| field(step, "bucketVariant").is_some()),
        };
        let mut traced = Object::new();
        traced.put("flagKey", key);
        traced.put("matched", decision.is_some());
        put(&mut traced, "matchedSegment", named.and_then(name_of));
        traced.put("steps", steps);
        self.traces.set(key, traced);
    }
}

fn put(object: &mut Object, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.put(name, value);
    }
}

fn field<'a>(step: &'a Value, name: &str) -> Option<&'a Value> {
    step.as_object()?.get(name)
}

fn name_of(step: &Value) -> Option<Value> {
    let Value::Raw(metadata) = field(step, "segmentMetadata")? else { return None };
    parse(metadata).ok()?.as_object()?.get("segmentName").cloned()
}
