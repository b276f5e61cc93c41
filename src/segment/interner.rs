//! Interning of names: an open-addressing table, since a map of std costs more wasm than this.

use crate::json::Text;

/// A slot without an index.
const FREE: u32 = u32::MAX;

/// Names and their indexes: 0, 1, 2, …
#[derive(Debug, Default)]
pub(crate) struct Interner {
    names: Vec<Text>,
    /// Indexes by the hash of their names; a power of two of them, at least half of them free.
    slots: Vec<u32>,
}

impl Interner {
    /// The index of a known name.
    pub(crate) fn get(&self, name: &[u8]) -> Option<u32> {
        self.slots.get(self.slot(name)?).copied().filter(|index| *index != FREE)
    }

    /// Adds a name if it is new, and returns its index.
    pub(crate) fn intern(&mut self, name: &[u8]) -> u32 {
        if let Some(index) = self.get(name) {
            return index;
        }
        let index = self.names.len() as u32;
        self.names.push(name.into());
        if self.names.len() * 2 > self.slots.len() {
            self.grow();
        } else {
            self.put(index, name);
        }
        index
    }

    /// The names in the order of their indexes.
    pub(crate) fn names(&self) -> &[Text] {
        &self.names
    }

    fn grow(&mut self) {
        let names = std::mem::take(&mut self.names);
        self.slots = vec![FREE; (names.len() * 4).next_power_of_two()];
        for (index, name) in (0..).zip(&names) {
            self.put(index, name);
        }
        self.names = names;
    }

    fn put(&mut self, index: u32, name: &[u8]) {
        let slot = self.slot(name).and_then(|slot| self.slots.get_mut(slot));
        if let Some(slot) = slot {
            *slot = index;
        }
    }

    /// The slot of a name, or the free slot for it.
    fn slot(&self, name: &[u8]) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = fnv(name) as usize & mask;
        while let Some(index) = self.slots.get(slot).filter(|index| **index != FREE) {
            if self.names.get(*index as usize).is_some_and(|known| known.as_bytes() == name) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        Some(slot)
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
    fn names_keep_their_indexes_while_the_table_grows() {
        let mut interner = Interner::default();
        assert_eq!(interner.get(b"none"), None);
        for round in 0..2 {
            for number in 0..1000_u32 {
                assert_eq!(interner.intern(&number.to_be_bytes()), number, "round {round}");
            }
        }
        assert_eq!(interner.get(b"none"), None);
        assert_eq!(interner.names().len(), 1000);
    }
}
