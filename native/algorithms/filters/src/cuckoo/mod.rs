//! A cuckoo filter with deletion (Fan, Andersen, Kaminsky, Mitzenmacher, "Cuckoo Filter: Practically Better Than Bloom",
//! 2014) that doubles when it is full.

mod bytes;
mod mark;

pub use mark::Mark;

use crate::hash::{hash, mix, Purpose};
use crate::{FilterError, MOST_BYTES};

/// Marks in a bucket.
const SLOTS: usize = 4;
/// Marks moved before an insertion gives up.
const MOST_MOVES: u32 = 500;
/// Buckets of a segment at least, as a power of two: so that segments fill evenly.
const LEAST: u32 = 6;
/// And at most.
const MOST: u32 = 28;

/// A set of items that can be asked and deleted from; wrong answers are "yes", and never "no".
///
/// An item has a mark and two buckets; an item added twice is held twice. The filter is made of `2^grown` segments, and
/// the lowest bits of a mark are the number of its segment. So a filter doubles without the items, each bucket falls into
/// two, and a mark and its bucket always follow from the item alone: whichever of two equal marks is deleted, what is left
/// is right. Each doubling takes one bit from what tells strangers apart: see [`Cuckoo::rate`]. Segments fill unevenly, so
/// that a filter that began small doubles at 80 to 90 %.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuckoo<M: Mark = u16> {
    seed: u64,
    len: u64,
    /// Buckets of a segment, as a power of two.
    low: u32,
    grown: u32,
    buckets: Vec<[M; SLOTS]>,
}

impl<M: Mark> Cuckoo<M> {
    /// A filter with room for `items` items before it doubles, at most 95 % full then.
    ///
    /// # Errors
    /// [`FilterError::TooLarge`].
    pub fn with_capacity(items: u64, seed: u64) -> Result<Cuckoo<M>, FilterError> {
        let slots = items.checked_mul(20).ok_or(FilterError::TooLarge)?.div_ceil(19);
        let low = slots.div_ceil(SLOTS as u64).next_power_of_two().ilog2().max(LEAST);
        if low > MOST || Self::size_of(low, 0) > MOST_BYTES {
            return Err(FilterError::TooLarge);
        }
        Ok(Cuckoo { seed, len: 0, low, grown: 0, buckets: vec![[M::default(); SLOTS]; 1 << low] })
    }

    /// Bytes of a filter of this shape.
    fn size_of(low: u32, grown: u32) -> usize {
        (SLOTS * M::BITS as usize / 8) << (low + grown)
    }

    /// Adds an item; the same item added twice is held twice.
    ///
    /// # Errors
    /// [`FilterError::Copies`] if it is held eight times already, [`FilterError::Full`] or [`FilterError::TooLarge`] if the
    /// filter has to double and can not; then nothing has changed.
    pub fn insert(&mut self, item: &[u8]) -> Result<(), FilterError> {
        let (mark, low) = self.home(item);
        self.add(mark, low)
    }

    /// Whether `item` is perhaps held; `false` is certain.
    pub fn contains(&self, item: &[u8]) -> bool {
        let (mark, low) = self.home(item);
        let (first, second) = self.pair(mark, low);
        let equal = |bucket: usize| self.buckets[bucket].iter().fold(false, |found, held| found | (*held == mark));
        equal(first) | equal(second)
    }

    /// Takes out one copy of `item`, and says whether there was one.
    ///
    /// Only items that were added may be removed: another item's mark may look the same.
    pub fn remove(&mut self, item: &[u8]) -> bool {
        let (mark, low) = self.home(item);
        let (first, second) = self.pair(mark, low);
        let slots = [first, second].map(|bucket| (bucket, self.buckets[bucket].iter().position(|held| *held == mark)));
        let Some((bucket, slot)) = slots.into_iter().find_map(|(bucket, slot)| Some((bucket, slot?))) else {
            return false;
        };
        self.buckets[bucket][slot] = M::default();
        self.len -= 1;
        true
    }

    /// Items held, with their copies.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether no item is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How often the filter has doubled.
    pub fn grown(&self) -> u32 {
        self.grown
    }

    /// Items for which there is a place now.
    pub fn slots(&self) -> u64 {
        (self.buckets.len() * SLOTS) as u64
    }

    /// The probability that a stranger is found now: that one of the marks in its two buckets equals its own in the bits
    /// that no doubling has taken. At most `8 / 2^(bits - grown)`.
    pub fn rate(&self) -> f64 {
        let looked_at = 2.0 * SLOTS as f64 * self.len as f64 / self.slots() as f64;
        looked_at / (1_u64 << (M::BITS - self.grown)) as f64
    }

    /// Bytes of memory, and of the encoding without its head.
    pub fn size(&self) -> usize {
        Self::size_of(self.low, self.grown)
    }

    /// What decides every choice.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Adds all that the other filter holds; it may have doubled more often or less.
    ///
    /// # Errors
    /// [`FilterError::Different`] unless both were made for as many items, rounded to the same size, with the same seed;
    /// what [`Cuckoo::insert`] refuses. Then nothing has changed.
    pub fn merge(&mut self, other: &Cuckoo<M>) -> Result<(), FilterError> {
        if (self.seed, self.low) != (other.seed, other.low) {
            return Err(FilterError::Different);
        }
        let mut both = self.clone();
        for (bucket, marks) in other.buckets.iter().enumerate() {
            for mark in marks.iter().filter(|mark| **mark != M::default()) {
                both.add(*mark, bucket & self.mask())?;
            }
        }
        *self = both;
        Ok(())
    }

    fn mask(&self) -> usize {
        (1 << self.low) - 1
    }

    /// An item's mark, and the number of its first bucket within the segment.
    fn home(&self, item: &[u8]) -> (M, usize) {
        let hash = hash(self.seed, Purpose::Cuckoo, item);
        (M::of(hash), hash as usize & self.mask())
    }

    /// Both buckets of a mark, from the number of either within the segment.
    fn pair(&self, mark: M, low: usize) -> (usize, usize) {
        let segment = mark.value() as usize & ((1 << self.grown) - 1);
        let first = (segment << self.low) | low;
        (first, self.other(first, mark))
    }

    /// The other bucket of a mark: applied twice it leads back.
    fn other(&self, bucket: usize, mark: M) -> usize {
        bucket ^ (mix(mark.value().into()) as usize & self.mask())
    }

    /// Adds a mark of which one bucket is known, and doubles the filter until there is room.
    fn add(&mut self, mark: M, low: usize) -> Result<(), FilterError> {
        if self.len >= self.slots() / 20 * 19 && self.can_grow().is_ok() {
            self.grow();
        }
        loop {
            let (first, second) = self.pair(mark, low);
            if self.put(first, mark) || self.put(second, mark) {
                self.len += 1;
                return Ok(());
            }
            if [first, second].iter().all(|bucket| self.buckets[*bucket] == [mark; SLOTS]) {
                return Err(FilterError::Copies);
            }
            if self.displace(second, mark) {
                self.len += 1;
                return Ok(());
            }
            self.can_grow()?;
            self.grow();
        }
    }

    fn put(&mut self, bucket: usize, mark: M) -> bool {
        let free = self.buckets[bucket].iter_mut().find(|held| **held == M::default());
        free.map(|slot| *slot = mark).is_some()
    }

    /// Makes room by moving marks to their other bucket; undone in full if that leads nowhere.
    fn displace(&mut self, mut bucket: usize, mut mark: M) -> bool {
        let mut moved = Vec::new();
        // The one to move is drawn by hash: the same on every replica, and not to be foreseen without the seed.
        let mut draw = bucket as u64 ^ (u64::from(mark.value()) << 32);
        for _ in 0..MOST_MOVES {
            draw = mix(draw);
            let slot = draw as usize % SLOTS;
            std::mem::swap(&mut self.buckets[bucket][slot], &mut mark);
            moved.push((bucket, slot));
            bucket = self.other(bucket, mark);
            if self.put(bucket, mark) {
                return true;
            }
        }
        for (bucket, slot) in moved.into_iter().rev() {
            std::mem::swap(&mut self.buckets[bucket][slot], &mut mark);
        }
        false
    }

    fn can_grow(&self) -> Result<(), FilterError> {
        if self.grown == M::MOST_GROWN {
            return Err(FilterError::Full { len: self.len, grown: self.grown });
        }
        if Self::size_of(self.low, self.grown + 1) > MOST_BYTES {
            return Err(FilterError::TooLarge);
        }
        Ok(())
    }

    /// Doubles: of each bucket's marks, those with the next bit set go to the bucket as far above as the filter was long.
    fn grow(&mut self) {
        let old = self.buckets.len();
        let mut upper = vec![[M::default(); SLOTS]; old];
        for (bucket, above) in self.buckets.iter_mut().zip(&mut upper) {
            for (slot, place) in bucket.iter_mut().zip(above) {
                if (slot.value() >> self.grown) & 1 == 1 {
                    std::mem::swap(slot, place);
                }
            }
        }
        self.buckets.extend(upper);
        self.grown += 1;
    }
}
