//! Fair turns: of what waits, the next is what would be finished first if all senders were served at the same time.
//!
//! So a small request waits for no large one of somebody else, however many of these there are, and a large one waits
//! only until as much has been served of others. (Weighted fair queueing, Demers, Keshav and Shenker 1989.)

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// What waits, by sender.
pub struct Turns<Sender, Item> {
    /// By the virtual time at which each is finished, then by arrival.
    waiting: BTreeMap<(u64, u64), (u64, Item)>,
    /// When the last item of each sender is finished, of senders who are ahead of the time.
    last: HashMap<Sender, u64>,
    /// The virtual time: the finish of what was taken last.
    now: u64,
    arrivals: u64,
}

/// Under so many senders nobody is looked for to be forgotten.
const FEW_SENDERS: usize = 1_024;

impl<Sender: Eq + Hash, Item> Turns<Sender, Item> {
    /// Nothing waits.
    pub fn new() -> Self {
        Self { waiting: BTreeMap::new(), last: HashMap::new(), now: 0, arrivals: 0 }
    }

    /// Adds an item that costs so much.
    pub fn push(&mut self, sender: Sender, cost: u64, item: Item) {
        if self.last.len() >= FEW_SENDERS.max(2 * self.waiting.len()) {
            self.last.retain(|_, finish| *finish > self.now);
        }
        let start = self.last.get(&sender).copied().unwrap_or_default().max(self.now);
        let finish = start + cost;
        self.last.insert(sender, finish);
        self.arrivals += 1;
        self.waiting.insert((finish, self.arrivals), (cost, item));
    }

    /// Takes the next item, if it costs no more than this.
    pub fn pop(&mut self, most: u64) -> Option<(u64, Item)> {
        let next = self.waiting.first_entry().filter(|next| next.get().0 <= most)?;
        self.now = next.key().0;
        Some(next.remove())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(turns: &mut Turns<&'static str, &'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| turns.pop(u64::MAX)).map(|(_, item)| item).collect()
    }

    #[test]
    fn a_small_request_waits_for_no_large_one_of_somebody_else() {
        let mut turns = Turns::new();
        turns.push("a", 2_000, "a1");
        turns.push("b", 2_000, "b1");
        turns.push("a", 1, "a2");
        turns.push("c", 1, "c1");
        turns.push("c", 1, "c2");
        assert_eq!(taken(&mut turns), ["c1", "c2", "a1", "b1", "a2"]);
    }

    #[test]
    fn a_large_request_is_served_when_as_much_was_served_of_others() {
        let mut turns = Turns::new();
        turns.push("large", 100, "large");
        let mut served = 0;
        loop {
            turns.push("small", 10, "small");
            let (_, item) = turns.pop(u64::MAX).unwrap();
            if item == "large" {
                break;
            }
            served += 10;
        }
        assert_eq!(served, 90);
    }

    #[test]
    fn one_sender_is_served_in_order_and_what_costs_too_much_waits() {
        let mut turns = Turns::new();
        turns.push("a", 5, "first");
        turns.push("a", 1, "second");
        assert_eq!(turns.pop(4), None);
        assert_eq!(taken(&mut turns), ["first", "second"]);
        assert!(turns.is_empty());
    }

    #[test]
    fn senders_who_are_served_are_forgotten() {
        let mut turns = Turns::new();
        for sender in 0..100_000 {
            turns.push(sender, 1, ());
            assert!(turns.pop(1).is_some());
        }
        assert!(turns.last.len() <= FEW_SENDERS);
    }
}
