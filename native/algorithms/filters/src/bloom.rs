//! A blocked Bloom filter (Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom
//! Filters", 2007): all bits of one item lie in one cache line.

use borsh::io::{Read, Result as IoResult};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{keyed, malformed, number};

/// 64-bit words in a block: one cache line, 512 bits.
const WORDS: usize = 8;
/// The most bits set per item: what one hash gives positions for.
const MAX_PROBES: u8 = 12;

/// A set of items that can be added to and asked; wrong answers are "yes", never "no".
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Bloom {
    seed: u64,
    probes: u8,
    words: Vec<u64>,
}

impl Bloom {
    /// A filter for `n` items at `bits_per_key` bits each: at 10 bits about 1 % of answers are wrong.
    pub fn new(n: usize, bits_per_key: usize, seed: u64) -> Bloom {
        let blocks = n.saturating_mul(bits_per_key).div_ceil(64 * WORDS).max(1);
        // ln 2 bits set per bit of room is best; 693 / 1000 is near enough.
        let probes = (bits_per_key.min(100) * 693 / 1000).clamp(1, usize::from(MAX_PROBES)) as u8;
        Bloom { seed, probes, words: vec![0; blocks * WORDS] }
    }

    /// Adds an item.
    pub fn insert(&mut self, item: &[u8]) {
        let (start, hash) = self.block(item);
        for bit in positions(hash, self.probes) {
            self.words[start + bit / 64] |= 1 << (bit % 64);
        }
    }

    /// Whether `item` was perhaps added; `false` is certain.
    pub fn contains(&self, item: &[u8]) -> bool {
        let (start, hash) = self.block(item);
        positions(hash, self.probes).all(|bit| self.words[start + bit / 64] >> (bit % 64) & 1 == 1)
    }

    /// The first word of an item's block, and its hash.
    fn block(&self, item: &[u8]) -> (usize, [u8; 32]) {
        let hash = keyed(self.seed, 4, item);
        let blocks = (self.words.len() / WORDS) as u128;
        let block = (u128::from(number(&hash)) * blocks) >> 64;
        (block as usize * WORDS, hash)
    }
}

/// The bits of an item inside its block, from the part of its hash that did not choose the block.
fn positions(hash: [u8; 32], probes: u8) -> impl Iterator<Item = usize> {
    (0..usize::from(probes)).map(move |i| number(&hash[8 + 2 * i..][..2]) as usize % (64 * WORDS))
}

impl BorshDeserialize for Bloom {
    /// Takes only bytes that a filter can have.
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Bloom> {
        let (seed, probes, words) = <(u64, u8, Vec<u64>)>::deserialize_reader(reader)?;
        if words.is_empty() || words.len() % WORDS != 0 || probes == 0 || probes > MAX_PROBES {
            return Err(malformed("no Bloom filter: its size or its number of probes is impossible"));
        }
        Ok(Bloom { seed, probes, words })
    }
}
