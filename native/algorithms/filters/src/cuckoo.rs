//! A cuckoo filter with deletion (Fan, Andersen, Kaminsky, Mitzenmacher, "Cuckoo Filter:
//! Practically Better Than Bloom", 2014).

use borsh::io::{Read, Result as IoResult};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{keyed, malformed, number};

/// Fingerprints in a bucket.
const SLOTS: usize = 4;
/// Fingerprints moved before an insertion gives up.
const MAX_KICKS: u32 = 500;

/// The filter has no room for one more item; it is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter holds {len} items in {slots} slots and has no room for this one: make a larger one")]
pub struct Full {
    /// Items held.
    pub len: usize,
    /// Slots in the filter.
    pub slots: usize,
}

/// A set of items that can be asked and deleted from; wrong answers are "yes", at a rate of at
/// most `8 / 65535`, and never "no".
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Cuckoo {
    seed: u64,
    len: u64,
    /// [`SLOTS`] fingerprints per bucket, buckets a power of two; zero is an empty slot.
    slots: Vec<u16>,
}

impl Cuckoo {
    /// A filter with room for `n` items, at most 95 % full then.
    pub fn with_capacity(n: usize, seed: u64) -> Cuckoo {
        let buckets = (n.saturating_mul(20) / 19).div_ceil(SLOTS).max(2).next_power_of_two();
        Cuckoo { seed, len: 0, slots: vec![0; buckets * SLOTS] }
    }

    /// Items held.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no item is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an item; the same item added twice is held twice.
    ///
    /// # Errors
    /// [`Full`] if no room was found, also when one item is added more than eight times.
    pub fn insert(&mut self, item: &[u8]) -> Result<(), Full> {
        let (mark, first, second) = self.home(item);
        if !(self.put(first, mark) || self.put(second, mark)) {
            self.displace(second, mark)?;
        }
        self.len += 1;
        Ok(())
    }

    /// Whether `item` is perhaps held; `false` is certain.
    pub fn contains(&self, item: &[u8]) -> bool {
        let (mark, first, second) = self.home(item);
        [first, second].iter().any(|bucket| self.bucket(*bucket).contains(&mark))
    }

    /// Takes out one copy of `item`, and says whether there was one.
    ///
    /// Only items that were added may be removed: another item's mark may look the same.
    pub fn remove(&mut self, item: &[u8]) -> bool {
        let (mark, first, second) = self.home(item);
        let found = [first, second].into_iter().find_map(|bucket| {
            let at = self.bucket(bucket).iter().position(|held| *held == mark)?;
            Some(bucket * SLOTS + at)
        });
        if let Some(slot) = found {
            self.slots[slot] = 0;
            self.len -= 1;
        }
        found.is_some()
    }

    fn bucket(&self, bucket: usize) -> &[u16] {
        &self.slots[bucket * SLOTS..][..SLOTS]
    }

    fn mask(&self) -> usize {
        self.slots.len() / SLOTS - 1
    }

    /// An item's mark (never zero) and its two buckets.
    fn home(&self, item: &[u8]) -> (u16, usize, usize) {
        let hash = keyed(self.seed, 1, item);
        let mark = (number(&hash[8..]) % 0xffff) as u16 + 1;
        let first = number(&hash) as usize & self.mask();
        (mark, first, self.other(first, mark))
    }

    /// The other bucket of a mark: applied twice it leads back.
    fn other(&self, bucket: usize, mark: u16) -> usize {
        bucket ^ (number(&keyed(self.seed, 2, &mark.to_le_bytes())) as usize & self.mask())
    }

    fn put(&mut self, bucket: usize, mark: u16) -> bool {
        let free = self.bucket(bucket).iter().position(|held| *held == 0);
        if let Some(at) = free {
            self.slots[bucket * SLOTS + at] = mark;
        }
        free.is_some()
    }

    /// Makes room by moving marks to their other bucket; undone in full if that leads nowhere.
    fn displace(&mut self, mut bucket: usize, mut mark: u16) -> Result<(), Full> {
        let mut moved = Vec::new();
        for kick in 0..MAX_KICKS {
            // The victim is drawn by hash: the same on every replica, and not to be foreseen.
            let draw = keyed(self.seed, 3, &[kick.to_le_bytes(), u32::from(mark).to_le_bytes()].concat());
            let slot = bucket * SLOTS + usize::from(draw[0]) % SLOTS;
            std::mem::swap(&mut self.slots[slot], &mut mark);
            moved.push(slot);
            bucket = self.other(bucket, mark);
            if self.put(bucket, mark) {
                return Ok(());
            }
        }
        for slot in moved.into_iter().rev() {
            std::mem::swap(&mut self.slots[slot], &mut mark);
        }
        Err(Full { len: self.len(), slots: self.slots.len() })
    }
}

impl BorshDeserialize for Cuckoo {
    /// Takes only bytes that a filter can have.
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Cuckoo> {
        let (seed, len, slots) = <(u64, u64, Vec<u16>)>::deserialize_reader(reader)?;
        let shaped = slots.len().is_power_of_two() && slots.len() >= 2 * SLOTS;
        if !shaped || slots.iter().filter(|held| **held != 0).count() as u64 != len {
            return Err(malformed("no cuckoo filter: its slots do not match its length"));
        }
        Ok(Cuckoo { seed, len, slots })
    }
}
