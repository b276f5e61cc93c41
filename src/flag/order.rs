//! The order of evaluation: the dependencies of a flag come before it. A cycle harms only its members.
//!
//! This is Tarjan's search for strongly connected components, without recursion. It leaves a component after all components
//! that can be reached from it, so lone flags are in the order of the reference's depth-first search, and components of
//! several flags are the cycles. Invariant: `low_link` of a flag on the stack is the earliest flag on the stack known to be
//! reachable from it.

/// The index of a flag that the search has not visited.
const UNVISITED: u32 = u32::MAX;

/// The index of a flag whose component is complete.
const DONE: u32 = u32::MAX - 1;

/// The order of evaluation, and the flags that depend on themselves.
pub(super) struct Order {
    pub(super) flags: Vec<u32>,
    pub(super) cyclic: Vec<u32>,
}

/// Orders the flags that can be reached from `starts`. `dependency` returns the nth dependency of a flag, which may be no flag.
pub(super) fn order(count: usize, starts: &[u32], dependency: impl Fn(u32, usize) -> Option<u32>) -> Order {
    let order = Order { flags: Vec::new(), cyclic: Vec::new() };
    let mut search = Search { dependency, indexes: vec![UNVISITED; count], stack: Vec::new(), path: Vec::new(), order };
    for start in starts {
        search.enter(*start);
        while !search.path.is_empty() {
            search.advance();
        }
    }
    search.order
}

struct Search<F> {
    dependency: F,
    /// By flag, its index on the stack while it is there.
    indexes: Vec<u32>,
    /// Visited flags whose component is not complete.
    stack: Vec<u32>,
    path: Vec<Frame>,
    order: Order,
}

/// A flag on the search's path.
struct Frame {
    flag: u32,
    /// The dependency to visit next.
    next: usize,
    index: u32,
    low_link: u32,
    depends_on_itself: bool,
}

impl<F: Fn(u32, usize) -> Option<u32>> Search<F> {
    fn enter(&mut self, flag: u32) {
        let Some(slot) = self.indexes.get_mut(flag as usize).filter(|index| **index == UNVISITED) else { return };
        let index = self.stack.len() as u32;
        *slot = index;
        self.stack.push(flag);
        self.path.push(Frame { flag, next: 0, index, low_link: index, depends_on_itself: false });
    }

    /// Visits the next dependency of the last flag on the path, or leaves the flag.
    fn advance(&mut self) {
        let Some(frame) = self.path.last_mut() else { return };
        let Some(dependency) = (self.dependency)(frame.flag, frame.next) else { return self.leave() };
        frame.next += 1;
        frame.depends_on_itself |= dependency == frame.flag;
        // UNVISITED and DONE are larger than every index on the stack.
        frame.low_link = frame.low_link.min(self.indexes.get(dependency as usize).copied().unwrap_or(DONE));
        self.enter(dependency);
    }

    fn leave(&mut self) {
        let Some(frame) = self.path.pop() else { return };
        if frame.low_link < frame.index {
            if let Some(parent) = self.path.last_mut() {
                parent.low_link = parent.low_link.min(frame.low_link);
            }
            return;
        }
        let members = self.stack.get(frame.index as usize..).unwrap_or_default();
        let is_cycle = members.len() > 1 || frame.depends_on_itself;
        let order = if is_cycle { &mut self.order.cyclic } else { &mut self.order.flags };
        for member in members {
            order.push(*member);
            if let Some(index) = self.indexes.get_mut(*member as usize) {
                *index = DONE;
            }
        }
        self.stack.truncate(frame.index as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(dependencies: &[&[u32]]) -> (Vec<u32>, Vec<u32>) {
        let starts: Vec<u32> = (0..dependencies.len() as u32).collect();
        let order = order(dependencies.len(), &starts, |flag, nth| dependencies[flag as usize].get(nth).copied());
        (order.flags, order.cyclic)
    }

    #[test]
    fn what_a_flag_depends_on_comes_before_it() {
        assert_eq!(sorted(&[&[2, 1], &[], &[1]]), (vec![1, 2, 0], vec![]));
    }

    #[test]
    fn a_cycle_harms_its_members_only() {
        // 0 depends on the cycle 1 → 2 → 1, which depends on 3; 4 depends on itself; 5 lies between the cycles 1, 2 and 6, 7.
        let dependencies: &[&[u32]] = &[&[1], &[2, 3], &[1, 5], &[], &[4], &[6], &[7], &[6]];
        let (flags, mut cyclic) = sorted(dependencies);
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
