//! Names under small numbers, in the order they came: an open-addressing table, since a map of std costs more wasm than this.

use crate::json::Text;

/// A slot that holds no number.
const FREE: u32 = u32::MAX;

/// Names and their numbers: 0, 1, 2, …
#[derive(Debug, Default)]
pub(crate) struct Index {
    names: Vec<Text>,
    /// Numbers by the hash of their names; a power of two of them, at least half of them free.
    slots: Vec<u32>,
}

impl Index {
    /// The number of a name that is there.
    pub(crate) fn find(&self, name: &[u8]) -> Option<u32> {
        self.slots.get(self.slot(name)?).copied().filter(|number| *number != FREE)
    }

    /// The number of a name, which is added if it is new.
    pub(crate) fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        if self.names.len() * 2 > self.slots.len() {
            self.grow();
        } else {
            self.put(number, name);
        }
        number
    }

    /// The names in the order of their numbers.
    pub(crate) fn names(&self) -> &[Text] {
        &self.names
    }

    fn grow(&mut self) {
        let names = std::mem::take(&mut self.names);
        self.slots = vec![FREE; (names.len() * 4).next_power_of_two()];
        for (number, name) in (0..).zip(&names) {
            self.put(number, name);
        }
        self.names = names;
    }

    fn put(&mut self, number: u32, name: &[u8]) {
        let slot = self.slot(name).and_then(|slot| self.slots.get_mut(slot));
        if let Some(slot) = slot {
            *slot = number;
        }
    }

    /// The slot of a name, or the free one where it would be put.
    fn slot(&self, name: &[u8]) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = fnv(name) as usize & mask;
        while let Some(number) = self.slots.get(at).filter(|number| **number != FREE) {
            if self.names.get(*number as usize).is_some_and(|known| known.as_bytes() == name) {
                break;
            }
            at = (at + 1) & mask;
        }
        Some(at)
    }
}

/// FNV-1a with 32 bits.
fn fnv(name: &[u8]) -> u32 {
    name.iter().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers_while_the_table_grows() {
        let mut index = Index::default();
        assert_eq!(index.find(b"none"), None);
        for round in 0..2 {
            for number in 0..1000_u32 {
                assert_eq!(index.number(&number.to_be_bytes()), number, "round {round}");
            }
        }
        assert_eq!(index.find(b"none"), None);
        assert_eq!(index.names().len(), 1000);
    }
}
