//! The bucket of a user: murmur3 over salt and bucketing value, and the ranges that have the hash.
//!
//! The bucketing value is the property of the bucket's selector; what a user in no range gets is decided by
//! [`evaluation`](crate::evaluation).

use std::ops::Range;

use crate::json::Text;

/// Hash values are split into this many allocation buckets; the quotient picks the variant. (Amplitude, "Consistent bucketing".)
const ALLOCATION_BUCKETS: u32 = 100;

/// How a segment distributes its users over variants.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// The bucketing value, by its index among the flags' selectors.
    pub(crate) selector: u32,
    /// The salt that is hashed before it, with a slash between them.
    pub(crate) salt: Text,
    /// The distributions of all allocations.
    pub(crate) shares: Vec<Share>,
}

/// Users of these allocation buckets with this rest of the hash get this variant; without one they get none of this segment.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) users: Range<u32>,
    pub(crate) rest: Range<u32>,
    pub(crate) variant: Option<u32>,
}

impl Bucket {
    /// The share of a user. Where ranges overlap, the first one counts.
    pub(crate) fn share(&self, value: &[u8]) -> Option<&Share> {
        let hash = murmur3(&self.salt.then(value));
        let (bucket, rest) = (hash % ALLOCATION_BUCKETS, hash / ALLOCATION_BUCKETS);
        self.shares.iter().find(|share| share.users.contains(&bucket) && share.rest.contains(&rest))
    }
}

/// The whole numbers in a half-open range of numbers.
pub(crate) fn whole_numbers(start: f64, end: f64) -> Range<u32> {
    // A whole number is at or over a bound exactly when it is at or over the bound rounded up.
    start.ceil() as u32..end.ceil() as u32
}

/// MurmurHash3 x86 32 with seed 0, over WTF-8 bytes.
pub fn murmur3(bytes: &[u8]) -> u32 {
    let (blocks, rest) = bytes.as_chunks();
    let mut hash = 0_u32;
    for block in blocks {
        hash = (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64);
    }
    hash ^= scramble(rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)));
    finish(hash ^ bytes.len() as u32)
}

fn scramble(word: u32) -> u32 {
    word.wrapping_mul(0xCC9E_2D51).rotate_left(15).wrapping_mul(0x1B87_3593)
}

fn finish(mut hash: u32) -> u32 {
    hash = (hash ^ hash >> 16).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ hash >> 13).wrapping_mul(0xC2B2_AE35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_between_two_numbers_belongs_to_the_upper_one() {
        assert_eq!(whole_numbers(0.5, 2.5), 1..3);
        assert_eq!(whole_numbers(-1.0, 1e300), 0..u32::MAX);
        assert!(whole_numbers(f64::NAN, 0.0).is_empty());
    }
}
