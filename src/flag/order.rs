//! In which order flags are evaluated: what a flag depends on comes before it. A cycle harms only its members.
//!
//! This is Tarjan's search for strongly connected components, without recursion. It leaves a component when all that can
//! be reached from it was left, so lone flags come out in the order of the reference's depth-first search, and components
//! of several flags are the cycles. Invariant: `low` of a flag on the stack is the earliest flag on the stack known to be
//! reachable from it.

/// A flag that the search has not met.
const UNSEEN: u32 = u32::MAX;

/// A flag that the search has left for good.
const LEFT: u32 = u32::MAX - 1;

/// The order of evaluation, and the flags that depend on themselves.
pub(super) struct Order {
    pub(super) flags: Vec<u32>,
    pub(super) cyclic: Vec<u32>,
}

/// Orders the flags that can be reached from `starts`. `parents` holds what each flag depends on.
pub(super) fn order<'a>(count: usize, starts: impl Iterator<Item = u32>, parents: impl Fn(u32) -> &'a [u32]) -> Order {
    let mut search = Search {
        parents,
        met: 0,
        seen: vec![UNSEEN; count],
        open: Vec::new(),
        path: Vec::new(),
        order: Order { flags: Vec::new(), cyclic: Vec::new() },
    };
    for start in starts {
        search.enter(start);
        while let Some(step) = search.path.pop() {
            search.advance(step);
        }
    }
    search.order
}

struct Search<F> {
    parents: F,
    met: u32,
    /// When a flag was met, as long as it is open.
    seen: Vec<u32>,
    /// Flags met whose component is not known yet.
    open: Vec<u32>,
    path: Vec<Step>,
    order: Order,
}

/// A flag on the search's path.
struct Step {
    flag: u32,
    /// The parent to visit next.
    next: usize,
    met: u32,
    low: u32,
}

impl<'a, F: Fn(u32) -> &'a [u32]> Search<F> {
    fn enter(&mut self, flag: u32) {
        let Some(seen) = self.seen.get_mut(flag as usize).filter(|seen| **seen == UNSEEN) else { return };
        *seen = self.met;
        self.path.push(Step { flag, next: 0, met: self.met, low: self.met });
        self.open.push(flag);
        self.met += 1;
    }

    /// Visits the next parent of the last flag on the path, or leaves the flag.
    fn advance(&mut self, mut step: Step) {
        let Some(parent) = (self.parents)(step.flag).get(step.next).copied() else { return self.leave(&step) };
        step.next += 1;
        let seen = self.seen.get(parent as usize).copied().unwrap_or(LEFT);
        if seen < LEFT {
            step.low = step.low.min(seen);
        }
        self.path.push(step);
        self.enter(parent);
    }

    fn leave(&mut self, step: &Step) {
        if step.low < step.met {
            if let Some(child) = self.path.last_mut() {
                child.low = child.low.min(step.low);
            }
            return;
        }
        let start = self.open.iter().rposition(|open| *open == step.flag).unwrap_or(self.open.len());
        let members = self.open.split_off(start);
        for member in &members {
            if let Some(seen) = self.seen.get_mut(*member as usize) {
                *seen = LEFT;
            }
        }
        let alone = members.len() == 1 && !(self.parents)(step.flag).contains(&step.flag);
        if alone { &mut self.order.flags } else { &mut self.order.cyclic }.extend(members);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(parents: &[&[u32]]) -> (Vec<u32>, Vec<u32>) {
        let order = order(parents.len(), 0..parents.len() as u32, |flag| parents[flag as usize]);
        (order.flags, order.cyclic)
    }

    #[test]
    fn what_a_flag_depends_on_comes_before_it() {
        assert_eq!(sorted(&[&[2, 1], &[], &[1]]), (vec![1, 2, 0], vec![]));
    }

    #[test]
    fn a_cycle_takes_its_members_and_nobody_else() {
        // 0 depends on the cycle 1 → 2 → 1, which depends on 3; 4 depends on itself; 5 lies between the cycles 1, 2 and 6, 7.
        let parents: &[&[u32]] = &[&[1], &[2, 3], &[1, 5], &[], &[4], &[6], &[7], &[6]];
        let (flags, mut cyclic) = sorted(parents);
        cyclic.sort_unstable();
        assert_eq!(flags, [5, 3, 0]);
        assert_eq!(cyclic, [1, 2, 4, 6, 7]);
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_needs_no_stack() {
        let parents: Vec<Vec<u32>> =
            (0..100_000).map(|flag| if flag == 99_999 { vec![] } else { vec![flag + 1] }).collect();
        let order = order(parents.len(), 0..1, |flag| &parents[flag as usize]);
        assert_eq!(order.flags.first(), Some(&99_999));
        assert_eq!(order.flags.len(), 100_000);
    }
}
