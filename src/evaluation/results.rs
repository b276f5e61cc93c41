//! What was decided so far in one evaluation, for flags that look at the results of others.

use std::cell::OnceCell;

use super::Decision;
use super::select::select;
use crate::flag::Flags;
use crate::json::{Object, Text, Value};

/// The decisions of one evaluation.
pub(super) struct Results {
    decided: Vec<(Decision, OnceCell<Value>)>,
    /// By flag: where its decision is, plus one; zero where there is none.
    by_flag: Vec<u32>,
}

impl Results {
    pub(super) fn new(flags: usize) -> Self {
        Self { decided: Vec::new(), by_flag: vec![0; flags] }
    }

    pub(super) fn extend(&mut self, decision: Option<Decision>) {
        let Some(decision) = decision else { return };
        self.decided.push((decision, OnceCell::new()));
        if let Some(at) = self.by_flag.get_mut(decision.flag as usize) {
            *at = self.decided.len() as u32;
        }
    }

    pub(super) fn into_decisions(self) -> Vec<Decision> {
        self.decided.into_iter().map(|(decision, _)| decision).collect()
    }

    /// What lies at the end of a way that starts at all results: first the key of a flag, then a field of its variant.
    pub(super) fn select<P>(&self, path: &[Text], flags: &Flags<P>) -> Option<Value> {
        let Some((key, rest)) = path.split_first() else { return Some(self.all(flags)) };
        let at = self.by_flag.get(flags.find(key)? as usize)?.checked_sub(1)?;
        let (decision, variant) = self.decided.get(at as usize)?;
        let variant = variant.get_or_init(|| Value::Object(flags.variant_of(decision)));
        select(variant, rest).map(std::borrow::Cow::into_owned)
    }

    fn all<P>(&self, flags: &Flags<P>) -> Value {
        let variant = |decision| Value::Object(flags.variant_of(decision));
        let all = self.decided.iter().map(|(decision, _)| (flags.key_of(decision).clone(), variant(decision)));
        Value::Object(all.collect::<Object>())
    }
}
