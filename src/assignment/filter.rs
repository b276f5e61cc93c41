//! Which assignments were tracked today, by their insert ids: the latest ones, so that memory is bounded.
//!
//! An id is of one user, one result and one UTC day, so an assignment is tracked once a day. After a restart, or by another
//! process, it is tracked again under the same id, and counts once.

use std::collections::{HashMap, VecDeque};

/// How many assignments are remembered: the reference's number. They take some 7 MB.
pub const CAPACITY: usize = 65_536;

/// Half of an insert id: 128 bits do not collide.
type Key = [u8; 16];

/// The assignments of a day that were inserted last.
#[derive(Debug)]
pub struct Filter {
    capacity: usize,
    day: u64,
    /// When each was inserted last, by `clock`.
    last: HashMap<Key, u64>,
    /// The insertions in order, the oldest first. Of each key only the latest counts.
    order: VecDeque<(u64, Key)>,
    /// Counts insertions.
    clock: u64,
}

impl Filter {
    /// A filter for so many assignments; at least one.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), day: 0, last: HashMap::new(), order: VecDeque::new(), clock: 0 }
    }

    /// Inserts an id of a day; the first id of another day replaces all. Returns whether it is new.
    pub fn insert(&mut self, insert_id: &[u8], day: u64) -> bool {
        if self.day != day {
            *self = Self { day, ..Self::new(self.capacity) };
        }
        let key = key(insert_id);
        self.clock += 1;
        let is_new = self.last.insert(key, self.clock).is_none();
        self.order.push_back((self.clock, key));
        self.evict();
        is_new
    }

    /// Removes the id of an assignment that was dropped.
    pub fn remove(&mut self, insert_id: &[u8]) {
        self.last.remove(&key(insert_id));
    }

    /// How many ids it has.
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Whether it has no id.
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    fn evict(&mut self) {
        while self.last.len() > self.capacity {
            let Some((time, key)) = self.order.pop_front() else { return };
            if self.last.get(&key) == Some(&time) {
                self.last.remove(&key);
            }
        }
        if self.order.len() > 2 * self.capacity {
            self.order.retain(|(time, key)| self.last.get(key) == Some(time));
        }
    }
}

/// The id is hexadecimal.
fn key(insert_id: &[u8]) -> Key {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    let mut key = Key::default();
    for (byte, digits) in key.iter_mut().zip(insert_id.chunks(2)) {
        *byte = digits.iter().fold(0, |byte, hex| byte << 4 | digit(*hex));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest;
    use crate::json::Text;

    fn id(number: u64) -> Text {
        digest::whole(&Text::from_u64(number))
    }

    #[test]
    fn an_id_is_new_once_a_day_until_it_is_removed() {
        let mut filter = Filter::new(10);
        assert!(filter.insert(&id(1), 5));
        assert!(!filter.insert(&id(1), 5));
        assert!(filter.insert(&id(2), 5));
        filter.remove(&id(1));
        assert!(filter.insert(&id(1), 5));
        assert!(filter.insert(&id(1), 6));
        assert_eq!(filter.len(), 1, "yesterday is of no use");
    }

    #[test]
    fn the_least_recently_inserted_id_is_evicted_first() {
        let mut filter = Filter::new(3);
        for number in [1, 2, 3, 1, 4] {
            filter.insert(&id(number), 5);
        }
        // 2 is evicted: 1 was inserted again after it.
        assert!(!filter.insert(&id(1), 5));
        assert!(!filter.insert(&id(3), 5));
        assert!(!filter.insert(&id(4), 5));
        assert!(filter.insert(&id(2), 5));
    }

    #[test]
    fn neither_many_ids_nor_one_that_is_inserted_for_ever_make_it_grow() {
        let mut filter = Filter::new(100);
        for number in 0..10_000 {
            filter.insert(&id(number % 700), 5);
            filter.insert(&id(0), 5);
            assert!(filter.len() <= 100 && filter.order.len() <= 200);
        }
        assert_eq!(filter.len(), 100);
    }
}
