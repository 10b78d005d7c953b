//! A binary fuse filter (Graf, Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters", 2022) of three places for
//! each item.

mod layout;
mod order;
mod peel;

use std::fmt::Debug;

use crate::codec::Reader;
use crate::hash::{hash, Purpose};
use crate::{FilterError, MOST_BYTES};
use layout::{at, Layout};

const LETTERS: &[u8; 4] = b"gff1";
const KIND: &str = "binary fuse";
/// Arrangements tried; each succeeds with a probability above one half.
const ATTEMPTS: u8 = 100;

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
}

/// What a fuse filter compares: `u8` (strangers are found once in 256 times) or `u16` (once in 65,536).
pub trait Fingerprint: sealed::Sealed + Copy + Debug + Default + Eq {
    /// Bits of a fingerprint.
    const BITS: u32;
    /// The fingerprint of a hash.
    fn of(hash: u64) -> Self;
    /// The sum (xor) of two.
    fn plus(self, other: Self) -> Self;
    /// The little-endian bytes, of which the first [`Fingerprint::BITS`] count.
    fn bytes(self) -> [u8; 2];
    /// The fingerprint of these bytes.
    fn from_bytes(bytes: &[u8]) -> Self;
}

impl Fingerprint for u8 {
    const BITS: u32 = 8;

    fn of(hash: u64) -> u8 {
        (hash ^ (hash >> 32)) as u8
    }

    fn plus(self, other: u8) -> u8 {
        self ^ other
    }

    fn bytes(self) -> [u8; 2] {
        [self, 0]
    }

    fn from_bytes(bytes: &[u8]) -> u8 {
        bytes.first().copied().unwrap_or_default()
    }
}

impl Fingerprint for u16 {
    const BITS: u32 = 16;

    fn of(hash: u64) -> u16 {
        (hash ^ (hash >> 32)) as u16
    }

    fn plus(self, other: u16) -> u16 {
        self ^ other
    }

    fn bytes(self) -> [u8; 2] {
        self.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> u16 {
        bytes.first_chunk().copied().map(u16::from_le_bytes).unwrap_or_default()
    }
}

/// A sealed set of items that can be asked; wrong answers are "yes", never "no".
///
/// It takes about 9 or 18 bits an item, less than the others; nothing can be added, and two can not be merged without
/// their items, as an item's three places depend on how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fuse<F: Fingerprint = u8> {
    seed: u64,
    len: u64,
    attempt: u8,
    layout: Layout,
    places: Vec<F>,
}

impl<F: Fingerprint> Fuse<F> {
    /// The filter of these items; the same item twice counts once.
    ///
    /// # Errors
    /// [`FilterError::TooLarge`]; [`FilterError::NoArrangement`], with a probability below 2^-100.
    pub fn new<T: AsRef<[u8]>>(items: &[T], seed: u64) -> Result<Fuse<F>, FilterError> {
        let hashes: Vec<u64> = items.iter().map(|item| hash(seed, Purpose::Fuse, item.as_ref())).collect();
        let mut hashes = order::sorted(&hashes);
        hashes.dedup();
        let len = hashes.len() as u64;
        for attempt in 0..ATTEMPTS {
            let layout = layout_of::<F>(len, attempt)?;
            let order = if attempt == 0 {
                peel::order(&hashes, &layout)
            } else {
                let again: Vec<u64> = hashes.iter().map(|hash| at(*hash, attempt)).collect();
                peel::order(&order::sorted(&again), &layout)
            };
            if let Some(order) = order {
                return Ok(Fuse { seed, len, attempt, layout, places: fill(&order, &layout) });
            }
        }
        Err(FilterError::NoArrangement)
    }

    /// Whether `item` is perhaps in the set; `false` is certain.
    pub fn contains(&self, item: &[u8]) -> bool {
        let hash = at(hash(self.seed, Purpose::Fuse, item), self.attempt);
        let [a, b, c] = self.layout.of(hash).map(|place| self.places[place]);
        a.plus(b).plus(c) == F::of(hash) && self.len > 0
    }

    /// Distinct items.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The probability that a stranger is found.
    pub fn rate(&self) -> f64 {
        if self.is_empty() {
            0.0
        } else {
            1.0 / (1_u64 << F::BITS) as f64
        }
    }

    /// Bytes of memory, and of the encoding without its head.
    pub fn size(&self) -> usize {
        self.places.len() * F::BITS as usize / 8
    }

    /// What decides every choice.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The only encoding: "gff1", seed and number of items as `u64` little-endian; bits of a fingerprint and the attempt as
    /// `u8`; then the fingerprints, little-endian, whose number follows from the number of items.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(22 + self.size());
        bytes.extend(LETTERS);
        bytes.extend(self.seed.to_le_bytes());
        bytes.extend(self.len.to_le_bytes());
        bytes.extend([F::BITS as u8, self.attempt]);
        self.places.iter().for_each(|place| bytes.extend(&place.bytes()[..F::BITS as usize / 8]));
        bytes
    }

    /// Reads a filter; what it gives encodes to the same bytes.
    ///
    /// # Errors
    /// [`FilterError::Malformed`], also for fingerprints of the other width; [`FilterError::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Fuse<F>, FilterError> {
        let mut reader = Reader::new(bytes, KIND, LETTERS)?;
        let (seed, len) = (reader.number()?, reader.number()?);
        let [width, attempt] = [reader.byte()?, reader.byte()?];
        reader.check(u32::from(width) == F::BITS && attempt < ATTEMPTS)?;
        let layout = layout_of::<F>(len, attempt)?;
        let width = F::BITS as usize / 8;
        let places: Vec<F> = reader.take(layout.places() * width)?.chunks_exact(width).map(F::from_bytes).collect();
        // A filter of nothing says no to everything, so its places say nothing.
        reader.end(len > 0 || (attempt == 0 && places.iter().all(|place| *place == F::default())))?;
        Ok(Fuse { seed, len, attempt, layout, places })
    }
}

fn layout_of<F: Fingerprint>(items: u64, attempt: u8) -> Result<Layout, FilterError> {
    let layout = Layout::new(items, attempt)?;
    if layout.places() * F::BITS as usize / 8 > MOST_BYTES {
        return Err(FilterError::TooLarge);
    }
    Ok(layout)
}

/// Fills the places so that an item's three sum to its fingerprint: each fills one that those before left alone.
fn fill<F: Fingerprint>(order: &[(u64, u8)], layout: &Layout) -> Vec<F> {
    let mut places = vec![F::default(); layout.places()];
    for (hash, which) in order.iter().rev() {
        let three = layout.of(*hash);
        let sum = three.iter().fold(F::of(*hash), |sum, place| sum.plus(places[*place]));
        // The place itself is still empty, so the sum is that of the other two and the fingerprint.
        places[three[usize::from(*which)]] = sum;
    }
    places
}
