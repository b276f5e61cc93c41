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

/// Orders the flags that can be reached from `starts`. `parent` says what a flag depends on, one after the other; a parent
/// that is no flag does no harm.
pub(super) fn order(count: usize, starts: &[u32], parent: impl Fn(u32, usize) -> Option<u32>) -> Order {
    let order = Order { flags: Vec::new(), cyclic: Vec::new() };
    let mut search = Search { parent, seen: vec![UNSEEN; count], open: Vec::new(), path: Vec::new(), order };
    for start in starts {
        search.enter(*start);
        while !search.path.is_empty() {
            search.advance();
        }
    }
    search.order
}

struct Search<F> {
    parent: F,
    /// The place among the open flags, as long as a flag is open.
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
    is_own_parent: bool,
}

impl<F: Fn(u32, usize) -> Option<u32>> Search<F> {
    fn enter(&mut self, flag: u32) {
        let Some(seen) = self.seen.get_mut(flag as usize).filter(|seen| **seen == UNSEEN) else { return };
        let met = self.open.len() as u32;
        *seen = met;
        self.open.push(flag);
        self.path.push(Step { flag, next: 0, met, low: met, is_own_parent: false });
    }

    /// Visits the next parent of the last flag on the path, or leaves the flag.
    fn advance(&mut self) {
        let Some(step) = self.path.last_mut() else { return };
        let Some(parent) = (self.parent)(step.flag, step.next) else { return self.leave() };
        step.next += 1;
        step.is_own_parent |= parent == step.flag;
        // A flag that is unseen or left is larger than every place.
        step.low = step.low.min(self.seen.get(parent as usize).copied().unwrap_or(LEFT));
        self.enter(parent);
    }

    fn leave(&mut self) {
        let Some(step) = self.path.pop() else { return };
        if step.low < step.met {
            if let Some(child) = self.path.last_mut() {
                child.low = child.low.min(step.low);
            }
            return;
        }
        let members = self.open.get(step.met as usize..).unwrap_or_default();
        let is_cycle = members.len() > 1 || step.is_own_parent;
        let order = if is_cycle { &mut self.order.cyclic } else { &mut self.order.flags };
        for member in members {
            order.push(*member);
            if let Some(seen) = self.seen.get_mut(*member as usize) {
                *seen = LEFT;
            }
        }
        self.open.truncate(step.met as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(parents: &[&[u32]]) -> (Vec<u32>, Vec<u32>) {
        let starts: Vec<u32> = (0..parents.len() as u32).collect();
        let order = order(parents.len(), &starts, |flag, nth| parents[flag as usize].get(nth).copied());
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
        let order = order(100_000, &[0], |flag, nth| (nth == 0 && flag < 99_999).then_some(flag + 1));
        assert_eq!(order.flags.first(), Some(&99_999));
        assert_eq!(order.flags.len(), 100_000);
    }
}
