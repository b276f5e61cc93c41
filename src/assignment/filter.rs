//! Which assignments were told today, by their insert ids: the latest ones, so that memory is bounded.
//!
//! An id is of one user, one result and one UTC day, so nothing is told twice under it, and the next day is told anew. What
//! a restart forgot, or what another process told, is told again under the same id, and counts once.

use std::collections::{HashMap, VecDeque};

/// How many assignments are remembered: the reference's number. They take some 7 MB.
pub const CAPACITY: usize = 65_536;

/// Half of an insert id: 128 bits, which nobody makes two of.
type Key = [u8; 16];

/// Remembers the assignments of a day that were told or asked about last.
#[derive(Debug)]
pub struct Filter {
    capacity: usize,
    day: u64,
    /// When each was asked about last: a number that only grows.
    last: HashMap<Key, u64>,
    /// Who was asked about when, the oldest first. Of one key only the latest entry counts.
    order: VecDeque<(u64, Key)>,
    moment: u64,
}

impl Filter {
    /// A filter that remembers so many; at least one.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), day: 0, last: HashMap::new(), order: VecDeque::new(), moment: 0 }
    }

    /// Whether nothing is known to have been told under this id of this day. From now on something is.
    pub fn is_new(&mut self, insert_id: &[u8], day: u64) -> bool {
        if self.day != day {
            *self = Self { day, ..Self::new(self.capacity) };
        }
        let key = key(insert_id);
        self.moment += 1;
        let is_new = self.last.insert(key, self.moment).is_none();
        self.order.push_back((self.moment, key));
        self.evict();
        is_new
    }

    /// It was not told after all.
    pub fn forget(&mut self, insert_id: &[u8]) {
        self.last.remove(&key(insert_id));
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    fn evict(&mut self) {
        while self.last.len() > self.capacity {
            let Some((moment, key)) = self.order.pop_front() else { return };
            if self.last.get(&key) == Some(&moment) {
                self.last.remove(&key);
            }
        }
        if self.order.len() > 2 * self.capacity {
            self.order.retain(|(moment, key)| self.last.get(key) == Some(moment));
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
    fn an_id_is_new_once_a_day_until_it_is_forgotten() {
        let mut filter = Filter::new(10);
        assert!(filter.is_new(&id(1), 5));
        assert!(!filter.is_new(&id(1), 5));
        assert!(filter.is_new(&id(2), 5));
        filter.forget(&id(1));
        assert!(filter.is_new(&id(1), 5));
        assert!(filter.is_new(&id(1), 6));
        assert_eq!(filter.len(), 1, "yesterday is of no use");
    }

    #[test]
    fn the_one_asked_about_least_recently_goes_first() {
        let mut filter = Filter::new(3);
        for number in [1, 2, 3, 1, 4] {
            filter.is_new(&id(number), 5);
        }
        // 2 went: 1 was asked about after it.
        assert!(!filter.is_new(&id(1), 5));
        assert!(!filter.is_new(&id(3), 5));
        assert!(!filter.is_new(&id(4), 5));
        assert!(filter.is_new(&id(2), 5));
    }

    #[test]
    fn neither_many_ids_nor_one_that_is_asked_about_for_ever_make_it_grow() {
        let mut filter = Filter::new(100);
        for number in 0..10_000 {
            filter.is_new(&id(number % 700), 5);
            filter.is_new(&id(0), 5);
            assert!(filter.len() <= 100 && filter.order.len() <= 200);
        }
        assert_eq!(filter.len(), 100);
    }
}
